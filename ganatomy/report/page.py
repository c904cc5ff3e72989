"""Facts and figures to one self-contained HTML page: no network, no script, everything escaped."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from ganatomy.report.words import isolated, plain, shown

TEMPLATE = Path(__file__).with_name("page.html")
STYLE = Path(__file__).with_name("page.css")
MAX_BYTES = 10_000_000


def render_page(facts: dict[str, Any], figures: dict[str, bytes]) -> str:
    """Fill the template.

    Parameters
    ----------
    facts : dict
        Plain values; strings are escaped, and cannot reorder what stands around them.
    figures : dict of str to bytes
        PNG or GIF files by name; the template asks for them with ``figure(name)``.

    Raises
    ------
    ValueError
        The page would be larger than `MAX_BYTES`.
    jinja2.UndefinedError
        The template uses a fact that is not given.
    """
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=shown,
    )
    environment.filters["plain"] = plain
    environment.filters["word"] = isolated
    environment.filters["opened"] = lambda sentence: sentence[:1].upper() + sentence[1:]
    environment.filters["number"] = _number
    environment.filters["percent"] = _percent
    template = environment.from_string(TEMPLATE.read_text())

    def figure(name: str) -> Markup:  # nobody's words: not to be looked through
        kind = "gif" if figures[name].startswith(b"GIF8") else "png"
        return Markup(f"data:image/{kind};base64," + base64.b64encode(figures[name]).decode())

    style = STYLE.read_text()
    page = template.render(
        facts, figure=figure, figures=set(figures), style=style, policy=policy_for(style)
    )
    if len(page.encode()) > MAX_BYTES:
        raise ValueError(
            f"the page has {len(page.encode())} bytes, at most {MAX_BYTES} are allowed"
        )
    return page


def policy_for(style: str) -> str:
    """The page's content security policy: its own style and pictures within it, nothing else.

    Should a text ever get through as markup, no browser runs or loads what it asks for.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _percent(share: float | None) -> str:
    """One digit behind the point; a dash for None and NaN."""
    if share is None or share != share:
        return "\N{EN DASH}"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _number(value: float | int | None) -> str:
    """Three significant digits, integers with thousands separators; a dash for None and NaN."""
    if value is None or value != value:
        return "\N{EN DASH}"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
