"""A page's style, what it prints in its margins, and the policy that allows both and no more."""

import base64
import hashlib
from pathlib import Path

STYLE = Path(__file__).with_name("page.css")


def style_of(title: str, run: str = "") -> str:
    """Give the style of a page with this title, of this run."""
    left = f"{title} · run {run}" if run else title
    return (
        f"{STYLE.read_text()}@page {{ @bottom-left {{ content: {_text(left)}; }} "
        '@bottom-right { content: counter(page) " / " counter(pages); } }\n'
    )


def _text(words: str) -> str:
    """A text of CSS; all but plain letters and digits as their numbers, so that none ends it."""
    return f'"{"".join(map(_letter, words))}"'


def _letter(letter: str) -> str:
    is_plain = letter == " " or (letter.isascii() and letter.isalnum())
    return letter if is_plain else f"\\{ord(letter):06x}"


def policy_for(style: str) -> str:
    """Write the page's content security policy: its style and pictures within it, nothing else.

    Should a text ever get through as markup, no browser runs or loads what it asks for.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
