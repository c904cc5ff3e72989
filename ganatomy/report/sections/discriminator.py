"""Whether D means what it says: before anything is explained by it."""

from functools import partial
from pathlib import Path

import pandas as pd

from ganatomy.files import read_json
from ganatomy.marking import MIXED
from ganatomy.metrics.discriminator.changes import HARMLESS, Change
from ganatomy.metrics.discriminator.findings import RULES
from ganatomy.metrics.discriminator.given import GIVEN, called
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.unreal import UNREAL
from ganatomy.report.figures.logits_chart import logits_chart
from ganatomy.report.sections.discriminator_words import (
    LEVEL_UNKNOWN,
    finding_of_logits,
    sign_in_words,
    with_honest_interval,
)
from ganatomy.report.sections.health_readings import feed_in_words, readings
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.verdict.questions.discriminator import discriminator
from ganatomy.wording import counted

_TITLE = "Does D mean what it says?"
_NAMES = {
    "train": "training images",
    "held_out": "held-out images",
    "fakes": "generated",
    **UNREAL,
}
_IN_THE_CHART = {
    "train": "Dark: real images shown in training.",
    "held_out": "Grey: {reals} real images.",
    "fakes": "Blue: generated.",
}
_UNREAL_IN_THE_CHART = (
    "Purple: images that are no data; where these lie right of the real ones, D takes them for "
    "more real."
)
_MODES = {
    "trained": "as it was trained: batches of one kind",
    "saved": "in eval mode, as it was saved",
    "explained": "as it is explained: fixed statistics",
}


def what_the_sign_means(reports: Path) -> str:
    """Say what D's logit being positive means, as far as its health was examined.

    Parameters
    ----------
    reports : Path
        The folder of the stages' folders.
    """
    folder = reports / "discriminator"
    if not (folder / "health.json").exists():
        return LEVEL_UNKNOWN
    return sign_in_words(DiscriminatorHealth.load(folder))


def what_reals_are(reports: Path) -> str:
    """Label real images: held out, or given where nobody knows which ones D was trained on.

    Parameters
    ----------
    reports : Path
        The folder of the stages' folders.
    """
    file = reports / "discriminator" / "health.json"
    is_given = file.exists() and read_json(file).get("reals") == GIVEN
    return "real, given" if is_given else "real, held out"


def _facts(health: DiscriminatorHealth) -> Record:
    num_held_out = len(health.logits.get("held_out", ()))
    told = {
        "verdict": health.verdict(),
        "sign": sign_in_words(health),
        "is_in_order": not health.findings,
        "readings": readings(health),
        "rules": called([RULES[name] for name in health.asked], health.reals),
        "kind_of_reals": health.reals,
        "left_out": health.left_out,
        "forwards": [{**row, "words": _MODES[row["mode"]]} for row in rows_of(health.forwards)],
        "unreal": [
            {**with_honest_interval(row, num_held_out), "words": UNREAL[row["kind"]]}
            for row in rows_of(health.unreal)
        ],
        "harmless": _worded(health.harmless, HARMLESS),
        "feeds": [{**row, "words": feed_in_words(row)} for row in rows_of(health.feeds)],
        **health.record,
    }
    return {"health": told}


def _worded(table: pd.DataFrame, changes: dict[str, tuple[str, Change]]) -> list[Record]:
    return [{**row, "words": changes[row["change"]][0]} for row in rows_of(table)]


def _figures(health: DiscriminatorHealth) -> dict[str, Figure]:
    cut = health.record["boundary"]
    names = {**_NAMES, "held_out": f"{health.reals} images"}
    draw = partial(
        logits_chart,
        health.logits,
        health.examples,
        names={name: words for name, words in names.items() if name in health.logits},
        best=cut["best"] if cut else None,
        boundary_at_0=health.record["has_level"],
    )
    return {
        "logits": Picture(
            lambda: png(draw()),
            finding_of_logits(health),
            _caption(health),
            source="discriminator/logits.safetensors",
            mark=MIXED,
            narrow=True,
        )
    }


def _caption(health: DiscriminatorHealth) -> str:
    start = "D’s logits of each kind of image, beside some of these images."
    if not health.left_out:
        return (
            f"{start} Dark and grey: real images, shown in training and held out. Blue: generated. "
            f"{_UNREAL_IN_THE_CHART}"
        )
    kinds = [words for kind, words in _IN_THE_CHART.items() if kind in health.logits]
    unreal = [_UNREAL_IN_THE_CHART] if len(health.unreal) else []
    return " ".join([start, *kinds, *unreal]).format(reals=health.reals)


def _alarms(health: DiscriminatorHealth) -> list[str]:
    if not health.findings:
        return []
    if {each.rule for each in health.findings} == {"unreal"}:
        return [f"D ranks some images that are no data above real ones, see “{_TITLE}”"]
    found = counted(len(health.findings), "finding")
    return [f"There is something to know about D ({found}), see “{_TITLE}”"]


_HERE = Path(__file__)
SECTION = PageSection(
    name="discriminator",
    place=15,
    blocks=(
        Block("health", _TITLE, "discriminator", _HERE.with_name("discriminator.html")),
        Block(
            "discriminator-details",
            "The discriminator: details",
            "appendix",
            _HERE.with_name("discriminator_details.html"),
        ),
    ),
    load=DiscriminatorHealth.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=lambda health: [health.verdict()],
    clauses=lambda health, gate: [discriminator(health, gate)],
)
