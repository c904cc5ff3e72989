"""Below which difference two trainings are told apart by noise alone: a part of a section."""

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.noise import NoiseStudy, noise_of_nulls
from ganatomy.importance.readouts import READOUTS
from ganatomy.report.figures.noise_bars import noise_bars
from ganatomy.report.plain_words import in_plain_words
from ganatomy.report.sections.page_section import Figure, Picture, Record, png, rows_of

_TITLES = {name: readout.title for name, readout in READOUTS.items()}


def noise_part(repeats: pd.DataFrame) -> tuple[Record | None, dict[str, Figure]]:
    """Tell and draw where the noise of the nulls comes from; nothing where it cannot be told.

    Parameters
    ----------
    repeats : DataFrame
        As `ImportanceStudy.read.repeats`.

    Returns
    -------
    facts, figures
        None and no figure where too few nulls are left.
    """
    try:
        study = noise_of_nulls(repeats)
    except InputError:
        return None, {}
    picture = Picture(
        lambda: png(noise_bars(study.parts, _TITLES)),
        title=in_plain_words(next(iter(study.sentences()))).removesuffix("."),
        caption="What the differences between GANs retrained on unchanged data come from: between "
        "seeds, and within a seed where the order of the data alone differs. With few of them the "
        "shares are rough: which part is larger is said only where the 95 % intervals of the "
        "variances are apart.",
        source="importance/repeats.parquet",
    )
    return noise_facts(study), {"noise": picture}


def noise_facts(study: NoiseStudy) -> Record:
    """Give the sentences, and a row for each readout: mean, band, and its parts."""
    parts: dict[str, list[Record]] = {}
    for row in rows_of(study.parts):
        parts.setdefault(str(row["readout"]), []).append(row)
    rows = [
        {**row, "parts": parts[str(row["readout"])]}
        for row in rows_of(study.bands)
        if row["band"] is not None
    ]
    return {"words": [in_plain_words(words) for words in study.sentences()], "rows": rows}
