"""Rules in sentences that somebody understands who has never seen one."""

from collections.abc import Iterator, Mapping

import pandas as pd

from ganatomy.explain.rules.answer import DESCRIBES, Answer
from ganatomy.explain.rules.as_they_come import NATURAL_COLUMNS
from ganatomy.explain.rules.units import with_units
from ganatomy.wording import counted, listed, opened, percent

_KINDS = {
    "missed": "The data has images with {text} that G makes too rarely",
    "invented": "G makes images with {text} that the data hardly has",
}


def answered(answer: Answer, units: Mapping[str, str]) -> Iterator[str]:
    """Say when a decision is made, how well the rule agrees, and whether it causes.

    Nothing is said of regions that one set of images has and the other has not: see `of_coverage`.
    """
    if answer.rule is None:
        yield f"{answer.question} {opened(answer.reason).removesuffix('.')}."
        return
    row = answer.shown_row
    if row is None:
        return
    total = counted(answer.counts["held_out"], "held-out image")
    figures = (float(row[name]) for name in ("fidelity", "low", "high"))
    yield (
        f"{opened(answer.says)} when {with_units(str(answer.rule), units)}: "
        f"this agrees with {answer.network} on "
        f"{interval(*figures)} of {total}; {baseline(answer)}."
    )
    if common := as_they_come(answer):
        yield common
    yield from caused(answer, units)


def baseline(answer: Answer) -> str:
    """Say how often one agrees who always says the same, and that images were drawn for that.

    "" where no rule is shown.
    """
    row = answer.shown_row
    if row is None:
        return ""
    total, made = answer.counts["held_out"], answer.counts["made"]
    share = percent(float(row["baseline"]))
    if 2 * made == total:
        return (
            "as many of them were drawn of either decision, however rare it is, so that always "
            f"saying the same agrees on {share}"
        )
    often = answer.says if 2 * made > total else answer.otherwise
    return f"always saying “{often}” agrees on {share}"


def as_they_come(answer: Answer) -> str:
    """Say how often the rule agrees on images as they come; "" where it was not judged on them."""
    found = answer.as_they_come
    if found is None:
        return ""
    often = answer.says if found.natural_made > 0.5 else answer.otherwise
    agrees = interval(*(getattr(found, name) for name in NATURAL_COLUMNS[:3]))
    same = percent(found.natural_baseline)
    if found.is_better:
        return f"On images as they come it agrees on {agrees}, always saying “{often}” on {same}."
    kind = "worse" if found.is_worse else "no better"
    return (
        f"On images as they come it is {kind} than always saying “{often}”: it agrees on {agrees}, "
        f"that on {same}."
    )


def caused(answer: Answer, units: Mapping[str, str]) -> Iterator[str]:
    """Say of each condition whether the decision moves when images are changed."""
    for _, change in answer.tried.iterrows():
        yield (
            f"Changing an image so that {with_units(change['condition'], units)} turns, "
            "and the rule with it, moves "
            f"the decision in {percent(change['by_rule'])} of "
            f"{counted(int(change['num_images']), 'image')}; as large a change that leaves the "
            f"rule as it is does in {percent(change['by_chance'])}."
        )
    left = answer.changes[answer.changes["reason"] != ""] if len(answer.changes) else answer.changes
    for reason, own in left.groupby("reason", sort=False):
        conditions = [with_units(text, units) for text in own["condition"]]
        yield f"{opened(listed(conditions))} could not be turned: {reason}."
    if answer.causes is None:
        yield "Whether the rule causes or only describes is not known."
        return
    so_far = ", as far as it could be tried" if len(left) else ""
    yield f"The rule {'causes' if answer.causes else DESCRIBES}{so_far}."


def of_coverage(coverage: pd.DataFrame, units: Mapping[str, str]) -> Iterator[str]:
    """Say which regions one set of images has and the other has not."""
    if coverage.empty:
        return
    for _, row in coverage[coverage["is_shown"].astype(bool)].iterrows():
        text = with_units(row["text"], units)
        yield (
            f"{_KINDS[row['kind']].format(text=text)}: {row['real_count']} of "
            f"{row['real_total']:,} real ones, {row['fake_count']} of {row['fake_total']:,} "
            "generated ones."
        )


def of_formula(formula: pd.DataFrame, figures: Mapping[str, float]) -> Iterator[str]:
    """Say how much of D's logit a sum of concepts tells."""
    if len(formula):
        yield (
            f"A short sum of concepts foretells D's logit with R² {figures['r2']:.2f} "
            f"({figures['low']:.2f} to {figures['high']:.2f})."
        )


def interval(value: float, low: float, high: float) -> str:
    """Write a share with its interval.

    Examples
    --------
    >>> interval(0.93, 0.91, 0.95)
    '93 % (91 to 95 %)'
    """
    ends = f"{percent(low)} to {percent(high)}".replace(" % to", " to")
    return f"{percent(value)} ({ends})"
