"""The verdict at the head of a page."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ganatomy.report.environment import template_in
from ganatomy.report.verdict.clause import QUESTIONS
from ganatomy.report.verdict.verdict import Verdict

TEMPLATE = Path(__file__).with_name("verdict.html")
FINDINGS = Path(__file__).with_name("findings.html")
_PASSED = {True: "passed", False: "failed", None: "not measured"}
_MOST_DIGITS = 9


def head(verdict: Verdict, samples: str = "") -> Markup:
    """Render the verdict as a section of HTML.

    Parameters
    ----------
    verdict : Verdict
    samples : Markup
        The figure of the first generated images; "" without one.
    """
    return Markup(
        template_in(TEMPLATE).render(
            verdict=verdict.to_record(),
            passed=_PASSED,
            needed=[QUESTIONS[name] for name in verdict.needed],
            samples=samples,
            digits=_figure,
            margin=_margin,
            standing=_standing,
        )
    )


def head_of_findings(findings: Sequence[tuple[str, str, str]], samples: str = "") -> Markup:
    """Render what was found where nothing is judged: title, sentence and anchor of each.

    Parameters
    ----------
    findings : sequence of (str, str, str)
    samples : Markup
        As of `head`.
    """
    return Markup(template_in(FINDINGS).render(findings=findings, samples=samples))


def _figure(value: float | None, beside: float | None) -> str:
    """Three digits, and as many more as tell it from what it stands beside; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    value += 0.0  # there is one zero for whoever reads
    for digits in range(3, _MOST_DIGITS):
        text = f"{value:,.{digits}g}"
        if beside is None or value == beside or text != f"{beside:,.{digits}g}":
            return text
    return f"{value:.17g}"


def _margin(value: float | None) -> str:
    if value is None:
        return "\N{EN DASH}"
    return "0" if math.isclose(value, 0, abs_tol=1e-15) else f"{value:+,.2g}"


def _standing(check: dict[str, Any]) -> str:
    """Grey what decides nothing: a note, and what was not measured."""
    if check["passed"] is None or not check["is_blocking"]:
        return "in"
    return "out" if check["passed"] else "bad"
