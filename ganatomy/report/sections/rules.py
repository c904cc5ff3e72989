"""By which rules D decides, and which images G makes and does not make: cards, pictures first."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from ganatomy.explain.rules.answer import CAUSES, DESCRIBES, Answer
from ganatomy.explain.rules.export import as_json, as_python
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.explain.rules.units import units_of
from ganatomy.marking import GENERATED, MIXED, Mark
from ganatomy.report.figures.formula_chart import formula_chart
from ganatomy.report.figures.rule_curves import rule_curves
from ganatomy.report.figures.rule_examples import rule_examples
from ganatomy.report.sections import rules_words as words
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)

_LOOKS = {CAUSES: "out", DESCRIBES: "bad"}
_PAIRS = {
    "missed": ("real images that G hardly makes", "the generated image that is nearest to each"),
    "invented": ("generated images that the data hardly has", "the real image nearest to each"),
}
_EXAMPLES = "rules/examples.safetensors"
_OF_PAIRS = "Above and below one another: an image, and the nearest of the other kind."
_OF_EXAMPLES = "None of them was learned from, and nobody picked them."


def _facts(study: RulesStudy) -> Record:
    plain, units = _in_words(study), units_of(study.concepts)
    cards = {
        network: [_card(each, study) for each in study.answers if each.network == network]
        for network in ("D", "G")
    }
    return {
        "rules": {
            "finding_of_d": words.finding(plain, "D") if cards["D"] else "",
            "finding_of_g": words.finding(plain, "G") if cards["G"] else "",
            "cards": cards,
            "sum": words.sum_in_words(study.formula),
            "coverage": _texts(study.coverage, units),
            "shifts": _worded(study.shifts),
            "forced": [
                {**row, "where": words.where_forced(row)} for row in _texts(study.forced, units)
            ],
            "concepts": _worded(study.concepts, "name"),
            "without": words.unmeasured(study.concepts),
            "left_out": list(words.left_out(study)),
        }
    }


def _in_words(study: RulesStudy) -> RulesStudy:
    return replace(study, answers=tuple(map(words.in_words, study.answers)))


def _card(saved: Answer, study: RulesStudy) -> Record:
    answer, units = words.in_words(saved), units_of(study.concepts)
    return {
        "figure": _name_of(answer),
        "question": answer.question,
        "sentence": words.sentence(answer, units),
        "evidence": words.evidence(answer),
        "reason": words.no_rule(answer),
        "stamp": words.stamp(answer),
        "meaning": words.MARKS.get(answer.mark, ""),
        "look": _LOOKS.get(answer.mark, "in"),
        "changes": [
            {
                "condition": words.text_in_words(row["condition"], units),
                "words": words.change_in_words(row),
            }
            for _, row in answer.changes.iterrows()
        ],
        "candidates": _texts(answer.candidates, units),
        "regions": words.regions(study.coverage, answer.name, units)
        if answer.name in _PAIRS
        else [],
        "exports": _exports(saved),
    }


def _exports(answer: Answer) -> list[Record]:
    """The rule as programs read it, as in ``rules.py`` and ``rules.json``."""
    if answer.rule is None:
        return []
    name, says = answer.name, answer.says
    document = as_json(
        {name: answer.rule},
        says={name: says},
        figures={name: answer.figures},
        readings={name: answer.readings},
    )
    function = as_python(answer.rule, name=name, says=says, readings=answer.readings)
    return [
        {"words": "In Python:", "text": function},
        {"words": "As JSON:", "text": document},
    ]


def _texts(table: pd.DataFrame, units: dict[str, str]) -> list[Record]:
    """The rows of a table of rules, their texts in words."""
    return [{**row, "text": words.text_in_words(str(row["text"]), units)} for row in rows_of(table)]


def _worded(table: pd.DataFrame, column: str = "concept") -> list[Record]:
    """The rows of a table, with the concept in words beside its name."""
    return [
        {**row, "words": words.concept_in_words(str(row[column]))} if column in row else row
        for row in rows_of(table)
    ]


def _figures(saved: RulesStudy) -> dict[str, Figure]:
    study = _in_words(saved)
    figures: dict[str, Figure] = {}
    for answer in study.answers:
        if answer.rule is not None and len(answer.satisfying) + len(answer.violating):
            figures[_name_of(answer)] = _examples(answer, units_of(study.concepts))
    for network in ("D", "G"):
        curves = {
            words.short_question(each): each.candidates
            for each in study.answers
            if each.network == network and len(each.candidates)
        }
        if curves:
            figures[f"curves_{network.lower()}"] = Picture(
                partial(lambda given: png(rule_curves(given)), curves),
                words.finding_of_curves(list(curves.values())),
                "Each mark is a rule that a learner found, judged on images that it was not "
                "learned from, with its 95 % interval. Within the grey band a rule agrees no more "
                "often than who always says the same. The ring: the rule that is shown, the "
                "shortest of those within the interval of the best.",
                source="rules/candidates.csv",
                narrow=True,
            )
    if len(words.terms(study.formula)):
        figures["formula"] = Picture(
            lambda: png(formula_chart(_labelled(words.terms(study.formula)))),
            words.formula_in_words(study),
            "Each bar is a term: how far the logit moves by it from image to image, to the right "
            "where more of the concept raises it, to the left where more lowers it.",
            source="rules/formula.csv",
            narrow=True,
        )
    return figures


def _labelled(formula: pd.DataFrame) -> pd.DataFrame:
    labels = [words.concept_in_words(str(name)) for name in formula["concept"]]
    return formula.assign(label=labels)


def _name_of(answer: Answer) -> str:
    return f"examples_{answer.name.replace(':', '_')}"


def _examples(answer: Answer, units: dict[str, str]) -> Picture:
    are_pairs = answer.name in _PAIRS
    labels = _PAIRS.get(
        answer.name, (f"by the rule {answer.says}", f"by the rule {answer.otherwise}")
    )
    groups = list(zip(labels, (answer.satisfying, answer.violating)))
    return Picture(
        lambda: png(rule_examples(groups, are_pairs=are_pairs)),
        words.title_of_pairs(answer) if are_pairs else words.title_of_examples(answer),
        _OF_PAIRS if are_pairs else _OF_EXAMPLES,
        words.sentence(answer, units),
        source=_EXAMPLES,
        kind="pixels",
        key="rules",
        step=words.ORDER.get(answer.name.partition(":")[0], 0) + _number(answer),
        mark=_mark(answer),
        narrow=True,
    )


def _number(answer: Answer) -> int:
    number = answer.name.partition(":")[2]
    return int(number) if number.isdigit() else 0


def _mark(answer: Answer) -> Mark | None:
    """Mark the kind of images that an answer shows: of D's, those that were asked about."""
    if answer.name == "real_rejected":
        return None
    is_generated = answer.name == "fake_taken_for_real" or answer.name.startswith("direction:")
    return GENERATED if is_generated else MIXED


_HERE = Path(__file__)
SECTION = PageSection(
    name="rules",
    place=29,
    blocks=(
        Block(
            "rules", "By which rules does D decide?", "discriminator", _HERE.with_suffix(".html")
        ),
        Block(
            "rules-of-g",
            "What does G make, and what not?",
            "looks",
            _HERE.with_suffix(".html"),
        ),
        Block("rules-details", "Rules: details", "appendix", _HERE.with_name("rules_details.html")),
    ),
    load=RulesStudy.load,
    facts=_facts,
    figures=_figures,
    summary=lambda study: [words.finding(_in_words(study))],
    of_adopted=True,
)
