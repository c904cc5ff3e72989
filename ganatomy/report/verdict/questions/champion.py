"""How it stands against the last champion, beside what another training alone would do."""

from typing import Any

from ganatomy.importance.champion import CHAMPION, THIS, BesideChampion
from ganatomy.importance.comparison import HIGHER_IS_BETTER, LOWER_IS_BETTER, Comparison
from ganatomy.importance.readouts import READOUTS
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause, Outcome
from ganatomy.wording import listed


def champion(beside: BesideChampion, *, anchor: str = "works") -> Clause:
    """Answer by the readouts that differ by more than two trainings of one kind do.

    That a champion which may have seen the held-out images is closer to them is no finding.
    """
    comparison = beside.comparison
    if comparison is None:
        words = "It is the last champion itself, to the byte: there is nothing to compare."
        return Clause("champion", "unknown", words, anchor)
    rows = [
        row
        for row in comparison.table.to_dict("records")
        if row["readout"] in (*LOWER_IS_BETTER, *HIGHER_IS_BETTER)
    ]
    found = set(comparison.found()["readout"]) if comparison.knows_noise() else set()
    by_side = {
        side: [row["readout"] for row in rows if _gain(row) * sign > 0 and row["readout"] in found]
        for side, sign in ((THIS, 1), (CHAMPION, -1))
    }
    outcome, words = _answer(comparison, by_side, beside.same_data)
    decides = outcome in ("yes", "no")
    checks = tuple(_check(row, row["readout"] in found, decides) for row in rows)
    return Clause("champion", outcome, words, anchor, checks)


def _answer(
    comparison: Comparison, by_side: dict[str, list[str]], same_data: bool
) -> tuple[Outcome, str]:
    better, worse = (_named(by_side[side]) for side in (THIS, CHAMPION))
    if not comparison.knows_noise():
        return "unknown", (
            "Against the last champion it cannot be judged: how far two trainings of one kind "
            "differ is not known."
        )
    if better and worse:
        return "unknown", (
            f"Against the last champion it is better in {better} and worse in {worse}, each by "
            "more than another training would do."
        )
    if worse and not same_data:
        return "unknown", (
            f"Against the last champion it is worse in {worse}, but the champion was trained on "
            "other data, and may have seen what both are measured on."
        )
    if better or worse:
        return ("yes", "no")[bool(worse)], (
            f"It is {'worse' if worse else 'better'} than the last champion in {worse or better}, "
            "by more than another training would do."
        )
    return "unknown", (
        "It cannot be told from the last champion: all differences lie within what another "
        "training would do."
    )


def _named(readouts: list[str]) -> str:
    return listed([_title(name) for name in readouts]) if readouts else ""


def _title(readout: str) -> str:
    return READOUTS[readout].title.replace("\n", " ").removeprefix("G: ")


def _gain(row: dict[Any, Any]) -> float:
    """Tell how much closer to the data this run is."""
    return float(-row["difference"] if row["readout"] in LOWER_IS_BETTER else row["difference"])


def _check(row: dict[Any, Any], is_found: bool, decides: bool) -> Check:
    """A gain beside what two trainings of one kind lose to each other; within that a note."""
    within = "" if is_found else ", not to be told from the noise of retraining"
    return Check.at_least(
        f"{_title(row['readout'])}: gain over the champion{within}",
        _gain(row),
        -row["band"],
        is_blocking=is_found and decides,
    )
