"""What the figures of feature importance show, in one sentence each."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ganatomy.importance.power import agreement_in_words
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.sizes import in_words
from ganatomy.report.glossary import label
from ganatomy.wording import counted, listed, of_all, percent

Names = Mapping[str, str]


def of_ranking(study: ImportanceStudy, names: Names) -> str:
    """Name what matters most to each network."""
    first = {letter: _first(study.ranking, letter) for letter in ("g", "d")}
    found = {letter: row for letter, row in first.items() if row is not None}
    if not found:
        return "No change was found to matter to G or D"
    said = [
        f"with {names.get(row['variant'], row['variant'])} changed "
        f"{in_words(row[f'{letter}_readout'], row[f'{letter}_size'])}"
        for letter, row in found.items()
    ]
    if len({row["variant"] for row in found.values()}) == 1 and len(found) > 1:
        name = first["g"]["variant"] if first["g"] is not None else ""
        said[1] = said[1].removeprefix(f"with {names.get(name, name)} changed ")
        return _capital(f"{said[0]}, and {said[1]}")
    return _capital("; ".join(said))


def of_images(study: ImportanceStudy, names: Names) -> str:
    """Say with which feature changed G's images moved most."""
    first = _first(study.ranking, "g")
    if first is None:
        return "For no change was it found that G's images move away from real ones"
    said = in_words(first["g_readout"], first["g_size"])
    return f"With {names.get(first['variant'], first['variant'])} changed {said}"


def of_regions(study: ImportanceStudy, names: Names) -> str:
    """Say which region matters most to each network."""
    asked = study.ranking["features"].isin(list(study.regions.inside))
    rows = study.ranking[asked & (study.ranking["mode"] == "remove")]
    first = {letter.upper(): _first(rows, letter) for letter in ("g", "d")}
    to: dict[str, list[str]] = {}
    for network, row in first.items():
        if row is not None:
            to.setdefault(names.get(row["variant"], row["variant"]), []).append(network)
    regions = counted(len(rows), "region")
    if not to:
        return f"Of {regions} none was found to matter"
    said = [f"{name} matters most to {listed(networks)}" for name, networks in to.items()]
    return f"Of {regions} {listed(said)}"


def of_effects(study: ImportanceStudy, names: Names) -> str:
    """Count what stands out, and name the surest."""
    judged = study.summary[study.summary["judged"].astype(bool)]
    found = int(judged["stands_out"].sum())
    if judged.empty:
        return "Nothing can be judged: GANs retrained on unchanged data do not differ"
    row = judged.iloc[int(judged["t"].abs().to_numpy().argmax())]
    surest = f"{names.get(row['variant'], row['variant'])} in {label(row['readout'])}"
    number, of = found, counted(len(judged), "effect")
    return f"{number} of {of} {'stands' if found == 1 else 'stand'} out; the surest is {surest}"


def of_power(study: ImportanceStudy) -> str:
    """Say how alike rankings from halves of the seeds are."""
    halves = _halves(study.power)
    if halves is None:
        return "How alike two halves of the seeds rank them is not known"
    return agreement_in_words(float(halves["rank_correlation"]))


def of_interactions(study: ImportanceStudy) -> str:
    """Count the pairs that act together."""
    pairs = study.interactions.groupby("features")["stands_out"].any()
    found = pairs.index[pairs.to_numpy(dtype=bool)].tolist()
    said = of_all(len(found), len(pairs), "pair")
    named = f": {listed(found)}" if found else ""
    return _capital(f"{said} shown to do more or less together than the sum of each alone{named}")


def of_retrained(study: ImportanceStudy, published: float | None) -> str:
    """Say of which GANs the order is, and how far these are from the published one.

    Parameters
    ----------
    study : ImportanceStudy
    published : float or None
        The published GAN's distance to real images (FCD); None where it is not known.
    """
    last = study.read.repeats.query("is_null and share == 1 and readout == 'g_fcd'")
    level = last["value"].mean()
    said = (
        "All this is of GANs retrained for it, as a rule smaller or shorter trained than the "
        "published one"
    )
    if np.isfinite(level):
        said += f": on unchanged data their images lie {level:.3g} from real ones (FCD)"
        if published is not None:
            said += f", the published one's {published:.3g}"
    return f"{said}. That the order holds for the published one was not tested."


def trust(study: ImportanceStudy) -> str:
    """Say in one sentence how far the order can be trusted."""
    halves = _halves(study.power)
    if halves is None:
        return "How firm this order is is not known: too few seeds or features to split in halves."
    said = [of_power(study)]
    said.append(f"the same three are first in {percent(float(halves['same_top3']))} of the splits")
    early = study.power[(study.power["kind"] == "share")].dropna(subset="rank_correlation")
    if len(early):
        row = early.sort_values("value").iloc[-1]
        said.append(
            f"after {percent(float(row['value']))} of the steps the order agreed with the final "
            f"one to {row['rank_correlation']:.2f}"
        )
    return f"{'; '.join(said)}."


def judgement(row: Mapping[str, object]) -> str:
    """Say of a row of the ranking to whom it matters, or why it is not said to."""
    to = [letter.upper() for letter in ("g", "d") if row[f"{letter}_matters"]]
    if to:
        return f"matters to {' and '.join(to)}"
    if row["stands_out"]:
        return "sure, but small"
    return "not found" if row["max_abs_t"] is not None else "not judged"


def _first(rows: pd.DataFrame, letter: str) -> pd.Series | None:
    own = rows[rows[f"{letter}_matters"].astype(bool)]
    if own.empty:
        return None
    return own.iloc[int(np.abs(own[f"{letter}_size"].to_numpy(dtype=float)).argmax())]


def _halves(power: pd.DataFrame) -> pd.Series | None:
    rows = power[power["kind"] == "split_half"].dropna(subset="rank_correlation")
    return None if rows.empty else rows.iloc[0]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
