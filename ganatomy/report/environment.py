"""How the templates of a page write texts and numbers."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template

from ganatomy.report.words import coded, isolated, plain, shown


def template_in(path: Path) -> Template:
    """Read a template: it escapes every text, isolates it, and misses no fact."""
    return _compiled(path.read_text())


@cache
def _compiled(text: str) -> Template:
    return _environment().from_string(text)


@cache
def _environment() -> Environment:
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    made.filters["plain"] = plain
    made.filters["word"] = isolated
    made.filters["coded"] = coded
    made.filters["opened"] = lambda sentence: sentence[:1].upper() + sentence[1:]
    made.filters["number"] = number
    made.filters["percent"] = percent
    return made


def percent(share: float | None) -> str:
    """Write a share with one digit behind the point; a dash for None and NaN."""
    if share is None or share != share:
        return "\N{EN DASH}"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def number(value: float | int | None) -> str:
    """Write three significant digits, integers whole with commas; a dash for None and NaN."""
    if value is None or value != value:
        return "\N{EN DASH}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
