"""Rules in words that a newcomer reads, and the figures that say how far they hold."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ganatomy.explain.rules.answer import CAUSES, DESCRIBES, NOT_TRIED, Answer
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.explain.rules.rule import MINUS, number
from ganatomy.explain.rules.telling import as_they_come, baseline, interval
from ganatomy.explain.rules.units import units_of, with_units
from ganatomy.report.sections.directions_words import plain_concept
from ganatomy.wording import counted, listed, of_all, opened, percent

_WHOSE = {
    "learned:": "learned direction {}",
    "direction:": "direction {} of the latents",
}
NO_UNITS: Mapping[str, str] = MappingProxyType({})
_HIGH = " is high"
_CONCEPT = re.compile(r"[\w:.-]+(?:\([^()]*\))?(?= [>≤] )")
_PROBABILITY = re.compile(r"probability\((.*)\)")
MARKS = {
    CAUSES: "The decision moves when the image is changed so that the rule flips: it causes.",
    DESCRIBES: "It describes, and does not cause: the decision does not move with every condition.",
    NOT_TRIED: "Whether it causes could not be tried.",
}
ORDER = {
    name: 10 * place
    for place, name in enumerate(
        ("real", "high_logit", "fake_taken_for_real", "real_rejected", "missed", "invented")
    )
} | {"direction": 100}
"""Where each question stands among a run's pictures of rules."""
_KINDS = {
    "missed": "The data has images with {}; G makes too few",
    "invented": "G makes images with {}; the data has hardly any",
}


def concept_in_words(name: str) -> str:
    """Name a concept by what it is; the user's own keep their name.

    Examples
    --------
    >>> concept_in_words("holes"), concept_in_words("probability(3)"), concept_in_words("learned:2")
    ('number of holes', 'probability of class 3', 'learned direction 2')
    >>> concept_in_words("cell_0_0"), concept_in_words("mine:SideLight")
    ('brightness of the upper left corner', 'mine:SideLight')
    """
    if found := _PROBABILITY.fullmatch(name):
        return f"probability of class {found[1]}"
    for start, words in _WHOSE.items():
        if name.startswith(start):
            return words.format(name.removeprefix(start))
    return plain_concept(name)


def in_words(answer: Answer) -> Answer:
    """Put the concept that an answer about latents is about into words, wherever it is said."""
    concept = answer.says.removesuffix(_HIGH)
    if concept == answer.says or not answer.name.startswith("direction:"):
        return answer
    plain = concept_in_words(concept)
    return replace(
        answer,
        question=answer.question.replace(concept, plain, 1).replace(" -", f" {MINUS}"),
        says=answer.says.replace(concept, plain, 1),
        otherwise=answer.otherwise.replace(concept, plain, 1),
    )


def text_in_words(text: str, units: Mapping[str, str] = NO_UNITS) -> str:
    """Put concepts into words, and units, in the text of a rule, or of one of its conditions.

    Examples
    --------
    >>> text_in_words("(holes > 1 and cell_0_0 ≤ 0.3) or learned:2 > 1")
    '(number of holes > 1 and brightness of the upper left corner ≤ 0.3) or learned direction 2 > 1'
    """
    return _CONCEPT.sub(lambda found: concept_in_words(found[0]), with_units(text, units))


def short_question(answer: Answer) -> str:
    """Ask without what stands in brackets, for a title in which there is little room."""
    return re.sub(r" \([^()]*\)(?=[?:.,])", "", answer.question)


def sentence(answer: Answer, units: Mapping[str, str] = NO_UNITS) -> str:
    """Say when a decision is made; "" where no rule is shown."""
    if answer.rule is None:
        return ""
    rule = text_in_words(str(answer.rule), units)
    if answer.name in _KINDS:
        return f"{_KINDS[answer.name].format(rule)}."
    return f"{opened(answer.says)} when {rule}."


def title_of_examples(answer: Answer) -> str:
    """Say how many images are shown of which the rule holds, and of which it does not."""
    held, broken = len(answer.satisfying), len(answer.violating)
    return (
        f"{counted(held, 'held-out image')} of which the rule holds, and {broken} of which it "
        "does not."
    )


def title_of_pairs(answer: Answer) -> str:
    """Say which images are shown beside the nearest of the other kind."""
    shown, nearest = ("Real", "generated") if answer.name == "missed" else ("Generated", "real")
    return f"{shown} images in these regions, and the {nearest} image that is nearest to each."


def evidence(answer: Answer) -> str:
    """Say how often the rule and the network agree, beside always saying the same."""
    row = answer.shown_row
    if row is None:
        return ""
    total = counted(answer.counts["held_out"], "held-out image")
    figures = (float(row[name]) for name in ("fidelity", "low", "high"))
    return (
        f"It agrees with {answer.network} on {interval(*figures)} of {total}; {baseline(answer)}. "
        f"It holds of {percent(float(row['coverage']))} of them.{_steady(row)} "
        f"{as_they_come(answer)}".rstrip()
    )


def _steady(row: pd.Series) -> str:
    stability = float(row["stability"])
    if stability != stability:
        return ""
    return f" Learned from other draws of the images it comes out {percent(stability)} alike."


def no_rule(answer: Answer) -> str:
    """Say why no rule is shown; "" where one is."""
    return "" if answer.rule is not None else f"{opened(answer.reason).removesuffix('.')}."


def change_in_words(change: pd.Series) -> str:
    """Say of one condition what became of the decision when images were changed."""
    if change["reason"]:
        return f"could not be tried: {change['reason']}"
    return (
        f"of {counted(int(change['num_images']), 'image')} changed so that it flips, the decision "
        f"moved as the rule says in {percent(float(change['by_rule']))}; after as large a change "
        f"that leaves the rule as it is in {percent(float(change['by_chance']))}"
    )


def stamp(answer: Answer) -> str:
    """Say in a few words what the counterfactual check found; "" where nothing was asked."""
    return answer.mark if len(answer.changes) or answer.network == "D" else ""


def finding(study: RulesStudy, network: str = "") -> str:
    """Say what the rules are, in a sentence or two.

    Parameters
    ----------
    study : RulesStudy
    network : {"", "D", "G"}
        Of one network alone.
    """
    asked = [each for each in study.answers if network in ("", each.network)]
    shown = [each for each in asked if each.rule is not None]
    if not asked:
        return "No decision could be asked about."
    counted_ = of_all(len(shown), len(asked), "question")
    answered = "has a rule" if len(shown) == 1 or len(asked) == 1 else "have a rule"
    said = f"{opened(counted_)} {answered} that is worth showing."
    return (
        f"{said} {sentence(shown[0], units_of(study.concepts))}{_agreed(shown[0])}"
        if shown
        else said
    )


def _agreed(answer: Answer) -> str:
    """Say in short how often a rule agrees: one of 60 % must not be read as a law."""
    row = answer.shown_row
    if row is None:
        return ""
    value, same = (percent(float(row[name])) for name in ("fidelity", "baseline"))
    found = answer.as_they_come
    if found is None or found.is_better:
        return f" It agrees on {value}, always saying the same on {same}."
    often = answer.says if found.natural_made > 0.5 else answer.otherwise
    return (
        f" It agrees on {value} of as many images of either decision, always saying the same on "
        f"{same}; on images as they come it is no better than always saying “{often}”."
    )


def finding_of_curves(tables: Sequence[pd.DataFrame]) -> str:
    """Say how long the rules are that are shown, of how long ones were found."""
    whole = pd.concat(tables)
    longest = int(whole["length"].max())
    shown = sorted(int(length) for length in whole.loc[whole["is_shown"].astype(bool), "length"])
    if not shown:
        return f"None of {counted(len(whole), 'rule')} that were found is shown."
    ends = f"{shown[0]}" if shown[0] == shown[-1] else f"{shown[0]} to {shown[-1]}"
    return (
        f"What is shown has {ends} {'condition' if ends == '1' else 'conditions'}; rules of up to "
        f"{longest} were found."
    )


def regions(coverage: pd.DataFrame, kind: str, units: Mapping[str, str] = NO_UNITS) -> list[str]:
    """Say how many images of each kind lie in the regions that are shown."""
    if coverage.empty:
        return []
    own = coverage[(coverage["kind"] == kind) & coverage["is_shown"].astype(bool)]
    return [
        f"{text_in_words(row['text'], units)}: {row['real_count']:,} of "
        f"{counted(int(row['real_total']), 'real image')}, {row['fake_count']:,} of "
        f"{row['fake_total']:,} generated{_ratio(row)}"
        for _, row in own.iterrows()
    ]


def _ratio(row: pd.Series) -> str:
    figures = [float(row[name]) for name in ("ratio", "low", "high")]
    if not np.isfinite(figures).all():
        return ""
    value, low, high = (f"{figure:.2g}" for figure in figures)
    return f"; generated ones beside real ones, in shares: {value} ({low} to {high})"


def where_forced(row: Mapping[str, Any]) -> str:
    """Say on which side of a direction."""
    return text_in_words(f"{row['direction']} {row['side']} {number(float(row['threshold']))}")


def unmeasured(concepts: pd.DataFrame) -> list[str]:
    """Say which concepts are in no rule, and why."""
    if concepts.empty:
        return []
    reasons: dict[str, list[str]] = {}
    for _, row in concepts[concepts["reason"] != ""].iterrows():
        reasons.setdefault(row["reason"], []).append(concept_in_words(row["name"]))
    return [f"{listed(names)} ({reason})" for reason, names in reasons.items()]


def terms(formula: pd.DataFrame) -> pd.DataFrame:
    """Give the terms of the formula that have a concept: all but the constant."""
    return formula if formula.empty else formula[formula["concept"] != ""]


def sum_in_words(formula: pd.DataFrame) -> str:
    """Write the terms of the formula one after the other; "" without any."""
    if formula.empty or "text" not in formula:
        return ""
    return " ".join(formula["text"])


def formula_in_words(study: RulesStudy) -> str:
    """Say how much of D's logit a short sum of concepts tells; "" without D."""
    figures = study.formula_figures
    if not figures:
        return ""
    return (
        f"A sum of {counted(len(terms(study.formula)), 'term')} foretells D’s logit of "
        f"{counted(int(figures['num_images']), 'held-out image')} with R² {figures['r2']:.2f} "
        f"({figures['low']:.2f} to {figures['high']:.2f}); 1 would be all of it, 0 no more than "
        "its mean."
    )


def left_out(study: RulesStudy) -> Iterator[str]:
    """Say what could not be asked, a reason each."""
    reasons: dict[str, list[str]] = {}
    for name, reason in study.left_out.items():
        reasons.setdefault(reason.removesuffix("."), []).append(name)
    for reason, names in reasons.items():
        yield f"{listed([name.replace('_', ' ') for name in names])}: {reason}"
