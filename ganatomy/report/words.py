"""Words that people have written, in a text that they cannot turn around.

Letters that are written from right to left, and invisible characters that change the direction,
reach beyond the word that they stand in: a file name or the name of a class could put the figures
beside it in another order. <https://www.w3.org/International/articles/inline-bidi-markup/>
"""

import re
import unicodedata
from typing import Any

from markupsafe import Markup, escape

_FROM_THE_RIGHT = ("R", "AL", "AN")
_KEPT = "\t\n\u200c\u200d"  # the last two join letters, in scripts and in emoji
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
_WITHIN = " '\u2019_.-"  # between words of one name, as are digits and marks
_RUN = re.compile("R+(?:w*R+)*")
_FIRST_STRONG, _END = "\u2068", "\u2069"


def shown(value: Any) -> Any:
    """Make a value safe for the text of an HTML page; for `finalize` of a Jinja environment.

    Strings, and lists and mappings of them, go through `isolated`; markup, numbers and all else
    are left as they are.
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, list | tuple | dict):
        return isolated(str(value))
    return isolated(value) if isinstance(value, str) else value


def isolated(text: str) -> Markup | str:
    """Make a text's control characters visible, and isolate it if it needs to be.

    A text of left-to-right letters stays a plain string, which an attribute can hold, too. Others
    become a ``<bdi>``, in which the words from right to left have one of their own where there are
    letters of both directions.
    """
    text = visible(text)
    if not any(map(_is_from_the_right, text)):
        return text
    inner = escape(text)
    if any(unicodedata.bidirectional(letter) == "L" for letter in text):
        inner = _each_run_isolated(text)
    return _isolate(inner)


def _isolate(inner: str) -> Markup:
    return Markup("<bdi>{}</bdi>").format(inner)


def _each_run_isolated(text: str) -> Markup:
    marked, end = Markup(""), 0
    for run in _RUN.finditer("".join(map(_kind, text))):
        marked += escape(text[end : run.start()]) + _isolate(text[run.start() : run.end()])
        end = run.end()
    return marked + escape(text[end:])


def _kind(letter: str) -> str:
    """``R``: from the right; ``w``: may stand within such words."""
    if _is_from_the_right(letter):
        return "R"
    within = letter in _WITHIN or unicodedata.bidirectional(letter) in ("EN", "NSM")
    return "w" if within else "-"


def coded(text: str) -> Markup | str:
    """Show what stands between backticks as code; a text without pairs of them is as `isolated`.

    Examples
    --------
    >>> coded("set `a<b`: it is")
    Markup('set <code>a&lt;b</code>: it is')
    """
    pieces = text.split("`")
    if len(pieces) == 1 or len(pieces) % 2 == 0:
        return isolated(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(isolated(piece)) if place % 2 else escape(isolated(piece))
        for place, piece in enumerate(pieces)
    )


def plain(text: str) -> Markup:
    """Isolate by characters, for a place that can hold no markup, as a title.

    Escaped already, so that `shown` leaves it as it is.
    """
    text = visible(text)
    return escape(f"{_FIRST_STRONG}{text}{_END}" if any(map(_is_from_the_right, text)) else text)


def visible(text: str) -> str:
    """Write every control character, and half of a surrogate pair, as its number in brackets."""
    return "".join(
        f"[U+{ord(letter):04X}]"
        if unicodedata.category(letter) in _UNSEEN and letter not in _KEPT
        else letter
        for letter in text
    )


def _is_from_the_right(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in _FROM_THE_RIGHT
