"""Whether D is in order: before anything is explained by it."""

from pathlib import Path

import pandas as pd

from ganatomy.metrics.discriminator.changes import FEEDS, HARMLESS, Change
from ganatomy.metrics.discriminator.findings import RULES
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.unreal import UNREAL
from ganatomy.report.figures.logits_chart import logits_chart
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png, rows_of
from ganatomy.report.verdict.questions.discriminator import discriminator

_NAMES = {"train": "training reals", "held_out": "held-out reals", "fakes": "generated", **UNREAL}
_MODES = {
    "trained": "as it was trained: batches of one kind",
    "saved": "in eval mode, as it was saved",
    "explained": "as it is explained: fixed statistics",
}
LEVEL_UNKNOWN = "the higher, the more D takes the image for real"


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
    health = DiscriminatorHealth.load(folder)
    if not health.record["has_level"]:
        return f"{LEVEL_UNKNOWN}; its sign means nothing with this loss"
    wrong = {each.rule for each in health.findings}
    if "separation" in wrong:
        return "D does not rank real images above generated ones: its logit does not mean “real”"
    if wrong & {"boundary", "squashed"}:
        best = health.record["boundary"]["best"]
        return f"{LEVEL_UNKNOWN}; real and fake are told apart best at {best:+.2f}, not at 0"
    return "positive means “real”"


def _facts(health: DiscriminatorHealth) -> Record:
    record = health.record
    told = {
        "verdict": health.verdict(),
        "is_in_order": not health.findings,
        "rules": [
            {"rule": text, "findings": [each.text for each in health.findings if each.rule == name]}
            for name, text in RULES.items()
            if name in health.asked
        ],
        "forwards": [{**row, "words": _MODES[row["mode"]]} for row in rows_of(health.forwards)],
        "unreal": [{**row, "words": UNREAL[row["kind"]]} for row in rows_of(health.unreal)],
        "harmless": _worded(health.harmless, HARMLESS),
        "feeds": _worded(health.feeds, FEEDS),
        **record,
    }
    return {"health": told}


def _worded(table: pd.DataFrame, changes: dict[str, tuple[str, Change]]) -> list[Record]:
    return [{**row, "words": changes[row["change"]][0]} for row in rows_of(table)]


def _figures(health: DiscriminatorHealth) -> dict[str, Figure]:
    return {
        "logits": lambda: png(
            logits_chart(
                health.logits,
                health.examples,
                names=_NAMES,
                best=health.record["boundary"]["best"],
                boundary_at_0=health.record["has_level"],
            )
        )
    }


def _alarms(health: DiscriminatorHealth) -> list[str]:
    if not health.findings:
        return []
    if {each.rule for each in health.findings} == {"unreal"}:
        return ["D ranks some images that are no data above real ones, see “Is D in order?”"]
    count = len(health.findings)
    return [f"D is not in order ({count} finding{'s'[: count > 1]}), see “Is D in order?”"]


SECTION = PageSection(
    name="discriminator",
    place=15,
    blocks=(
        Block(
            "health",
            "Is D in order?",
            "discriminator",
            Path(__file__).with_name("discriminator.html"),
        ),
    ),
    load=DiscriminatorHealth.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=lambda health: [health.verdict()],
    clauses=lambda health, gate: [discriminator(health, gate)],
)
