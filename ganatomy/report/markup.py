"""What every section's markup is given: heads and labels of tables, words explained at first use.

All texts of a page are escaped, so that each ``<`` in it begins a tag of a template, and what lies
between tags and outside of entities is text.
"""

import re
from collections.abc import Iterator

from markupsafe import escape

from ganatomy.report.glossary import first_uses

_TABLE = re.compile(r"(<table[^>]*>\s*)((?:<tr[^>]*>(?:(?!</tr>|<td).)*</tr>\s*)+)", re.S)
_HEAD = re.compile(r"<thead>.*?</thead>", re.S)
_BARE_HEADING = re.compile(r"<th(?=[\s>])(?![^>]*\sscope=)")
_WHOLE = re.compile(r"<table[^>]*>.*?</table>", re.S)
_HEADING = re.compile(r"<th[\s>][^>]*>?(.*?)</th>", re.S)
_ROW = re.compile(r"<tr[^>]*>.*?</tr>", re.S)
_CELL = re.compile(r"<(td|th)(?=[\s>])")
_TAG = re.compile(r"<[^>]*>")
_STACKED = 6  # columns: with more than these a table is to be pushed sideways
_PIECE = re.compile(r"(<[^>]*>|&[^\s;]*;)")  # a tag or an entity: never touched
_OPENED = re.compile(r"<(/?)([a-z0-9]+)")
_UNEXPLAINED = {"a", "abbr", "bdi", "code", "h1", "h2", "h3", "small", "style", "summary"}
_UNEXPLAINED |= {"text", "title"}  # of drawings


def with_heads(html: str) -> str:
    """Make a table's first rows of headings its head, and say of every ``<th>`` what it stands for.

    A head is printed again where a table goes on on the next page. Where a row has other cells
    than ``<th>``, each of those names it.
    """
    headed = _TABLE.sub(r"\1<thead>\2</thead>", html)
    columns = _HEAD.sub(lambda head: _scoped(head.group(), "col"), headed)
    return _scoped(columns, "row")


def with_labels(html: str) -> str:
    """Write its heading at each cell of a table of few columns, for where it becomes a list.

    On a narrow screen such a table has no columns: the style writes each cell below the other,
    behind its label; names and values, which have no head, need none. Tables of more columns, or
    with headings over several, stay as they are.
    """
    return _WHOLE.sub(lambda table: _labelled(table.group()), html)


def _labelled(table: str) -> str:
    head, end, body = table.partition("</thead>")
    if "span=" in table or " class=" in table.partition(">")[0]:
        return table
    if not end:
        pairs = all(len(_CELL.findall(row)) == 2 for row in _ROW.findall(table))
        return _stacked(table) if pairs else table
    if head.count("<tr") > 1 or len(labels := _HEADING.findall(head)) > _STACKED:
        return table
    plain = [_attribute(label) for label in labels]
    rows = _ROW.sub(lambda row: _row_of(row.group(), plain), body)
    return _stacked(head) + end + rows


def _attribute(html: str) -> str:
    """The text of markup, for an attribute; what a user has named turns nothing beside it round."""
    isolated = html.replace("<bdi>", "\u2068").replace("</bdi>", "\u2069")
    return " ".join(_TAG.sub(" ", isolated).split()).replace('"', "&quot;")


def _stacked(table: str) -> str:
    return table.replace("<table", '<table class="stacks"', 1)


def _row_of(row: str, labels: list[str]) -> str:
    left = iter(labels)

    def cell(opened: re.Match[str]) -> str:
        label = next(left, "")
        named = label and opened.group(1) == "td"
        return f'{opened.group()} data-label="{label}"' if named else opened.group()

    return _CELL.sub(cell, row)


def _scoped(html: str, scope: str) -> str:
    return _BARE_HEADING.sub(f'<th scope="{scope}"', html)


def with_terms(html: str, seen: set[str]) -> str:
    """Explain each term of the glossary where running text uses it for the first time.

    A link leads to its entry, for who has no pointer to rest on the word.

    Parameters
    ----------
    html : str
        Tags, attributes and entities stay as they are; so does text in links, headings, code, and
        whatever a user has named (``<bdi>``).
    seen : set of str
        Keys of the terms that were explained further up; new ones are added.
    """
    return "".join(_explained(html, seen))


def _explained(html: str, seen: set[str]) -> Iterator[str]:
    within: list[str] = []
    for piece in _PIECE.split(html):
        if piece.startswith("<"):
            _follow(within, piece)
            yield piece
        else:
            yield piece if within or piece.startswith("&") else _with_abbreviations(piece, seen)


def _follow(within: list[str], tag: str) -> None:
    """Remember inside of which elements the text is that stay without explanations."""
    found = _OPENED.match(tag)
    if found and found.group(2) in _UNEXPLAINED:
        if not found.group(1):
            within.append(found.group(2))
        elif found.group(2) in within:
            within.remove(found.group(2))


def _with_abbreviations(text: str, seen: set[str]) -> str:
    written, end = "", 0
    for start, stop, term in first_uses(text, tuple(seen)):
        seen.add(term.key)
        abbreviation = f'<abbr title="{escape(term.meaning)}">{text[start:stop]}</abbr>'
        written += f'{text[end:start]}<a class="term" href="#{term.anchor}">{abbreviation}</a>'
        end = stop
    return written + text[end:]
