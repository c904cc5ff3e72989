"""Does it work, and does it make every class: what `evaluate` found."""

from typing import Any

from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import apart, listed, percent

_NOT_EXAMINED = "how good the evaluator is that measures it was not examined"


def works(study: EvaluationStudy, gate: Gate, *, anchor: str = "works") -> Clause:
    """Compare precision and coverage with what real images reach in the same place."""
    if study.of_given_images:
        return Clause("works", "told", _beside_given_images(study), anchor)
    skill = Check.at_least(
        "skill of the evaluator (0: a guess, 1: always right)",
        study.skill.skill if study.skill else None,
        gate.evaluator_skill,
        is_blocking=False,  # without it the figures are none, which is what decides
    )
    rows: dict[Any, Any] = study.fidelity.set_index("name").to_dict("index")
    asked = {"precision": gate.precision_share, "coverage": gate.coverage_share}
    checks = {
        name: Check.at_least(
            f"{name}, lower end of its interval",
            rows[name]["low"] if skill.passed else None,
            share * rows[name]["floor"] if skill.passed else None,
        )
        for name, share in asked.items()
    }
    reached = [
        f"{name} {rows[name]['value']:.3g} (real images: {rows[name]['floor']:.3g}, asked: "
        f"{percent(share)} of that)"
        for name, share in asked.items()
    ]
    short = [
        _short(name, rows[name], asked[name])
        for name, check in checks.items()
        if check.passed is False
    ]
    return Clause.judged(
        "works",
        [skill, *checks.values()],
        {
            "yes": f"It works: {listed(reached)}, their intervals included.",
            "no": f"It does not work well enough: {'; '.join(short)}.",
            "unknown": f"Whether it works was not measured: {_why(study, gate)}.",
        },
        anchor,
    )


def _beside_given_images(study: EvaluationStudy) -> str:
    """The figures in random features, which no threshold is known for."""
    rows: dict[Any, Any] = study.fidelity.set_index("name").to_dict("index")
    reached = [
        f"{name} {rows[name]['value']:.2f} (real images: {rows[name]['floor']:.2f})"
        for name in ("precision", "coverage")
    ]
    return (
        f"In random features its images have {listed(reached)}; what would be good enough is not "
        "known for such features."
    )


def _short(name: str, row: dict[str, Any], share: float) -> str:
    """Say that a figure falls short, or that it may, with its interval."""
    low, high, bound = row["low"], row["high"], share * row["floor"]
    interval = f"{name} {row['value']:.2f} ({low:.2f} to {high:.2f})"
    asked = f"{apart(bound, high)}, which is {percent(share)} of what real images reach"
    if high < bound:
        return f"{interval} is below {asked}"
    return f"{interval} is not surely above {apart(bound, low)}, {asked.partition(', ')[2]}"


def _why(study: EvaluationStudy, gate: Gate) -> str:
    if study.skill is None:
        return _NOT_EXAMINED
    if study.skill.skill < gate.evaluator_skill:
        return f"{study.skill.in_words()}, which is no clear difference"
    return "its figures are no numbers"


def classes(study: EvaluationStudy, gate: Gate, *, anchor: str = "works") -> Clause:
    """Count the classes that are missing; "told" where the data have none."""
    found = study.classes
    if study.of_given_images:
        return Clause("classes", "told", "Which classes there are is not known.", anchor)
    is_known = study.skill is not None and study.skill.skill >= gate.evaluator_skill
    if not found["names"] and not study.unmeasured:
        words = "The data have no classes that could be missing."
        return Clause("classes", "told", words, anchor)
    missing, unsettled = found["missing"], found.get("unsettled", [])
    checks = [
        Check.at_most("classes missing", len(missing) if is_known else None, gate.classes_missing),
        Check.at_most(
            "classes too rare to tell", len(unsettled) if is_known else None, 0, is_blocking=False
        ),
    ]
    rare = f"; of {listed(unsettled)} there are too few to tell" if unsettled else ""
    of_all = f"{found.get('num_found')} of {found.get('num_modes')} classes are made"
    lacking = f"{of_all}; missing: {listed(missing)}" if missing else "No class is missing"
    if not missing and not unsettled:
        lacking = f"All {found.get('num_modes')} classes are made"
    elif not missing:
        lacking = f"No class is known to be missing; {of_all}"
    return Clause.judged(
        "classes",
        checks,
        {
            "yes": f"{lacking}{rare}.",
            "no": f"{lacking}{rare}.",
            "unknown": f"Whether classes are missing was not measured: {_why(study, gate)}.",
        },
        anchor,
    )
