"""Values in the text of a YAML file of sections, changed without a change to anything else."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

Document = dict[str, dict[str, Any]]

_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class _Edit:
    """What comes in place of the characters from `start` up to `end`."""

    start: int
    end: int
    new: str


def edited(text: str, document: Document) -> str | None:
    """Give the text with a document's values; comments, order and quotes of the rest stay.

    Returns
    -------
    str or None
        None where it takes more than that: the document lacks what the text has, or the text has
        aliases.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    before = yaml.safe_load(text)
    if not isinstance(root, yaml.MappingNode):
        return None
    found = {key.value: value for key, value in root.value}
    edits: list[_Edit] = []
    missing = ""
    for name, values in document.items():
        if name not in found:
            missing += "\n" + yaml.safe_dump({name: values}, sort_keys=False)
        elif isinstance(found[name], yaml.MappingNode):
            edits += _in_section(text, found[name], values, before[name])
        else:
            edits.append(_replaced(text, found[name], flow(values)))
    new = text
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        new = new[: edit.start] + edit.new + new[edit.end :]
    new = f"{new.rstrip()}\n{missing}" if missing else new
    return new if _says(new, document) else None


def quoted(text: str) -> str:
    """Quote what has a colon in a list of one line: DVC refuses ``[contrast, learned:1]``."""
    found = dict(_with_colons(yaml.compose(text, Loader=yaml.SafeLoader)))
    for start, node in sorted(found.items(), reverse=True):
        text = text[:start] + flow(node.value) + text[node.end_mark.index :]
    return text


def _with_colons(
    node: yaml.Node | None, inside: bool = False
) -> Iterator[tuple[int, yaml.ScalarNode]]:
    """Give the texts without quotes in lists of one line, each with the place it begins at."""
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _with_colons(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _with_colons(value, bool(node.flow_style))
    elif isinstance(node, yaml.ScalarNode) and inside and _is_bare(node):
        yield node.start_mark.index, node


def _is_bare(node: yaml.ScalarNode) -> bool:
    return node.style is None and ":" in node.value and node.tag == _TEXT


def flow(value: Any) -> str:
    """Write a value so that it may stand in any line, and in a list of one line."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    line = yaml.safe_dump(
        [value], default_flow_style=True, width=math.inf, allow_unicode=True, sort_keys=False
    )
    return line.strip()[1:-1]


def _says(text: str, document: Document) -> bool:
    try:
        return bool(yaml.safe_load(text) == document)
    except yaml.YAMLError:
        return False


def _in_section(
    text: str, section: yaml.MappingNode, values: dict[str, Any], before: dict[str, Any]
) -> Iterator[_Edit]:
    nodes = {key.value: (key, value) for key, value in section.value}
    missing = []
    for name, value in values.items():
        if name not in nodes:
            missing.append(f"{name}: {flow(value)}")
        elif before[name] != value:
            yield _value(text, section, *nodes[name], value, before[name])
    if missing and section.flow_style:
        at = section.end_mark.index - 1  # the brace
        yield _Edit(at, at, ("" if not nodes else ", ") + ", ".join(missing))
    elif missing:
        last = _end(text, section)
        at = _line_end(text, last)
        margin = "\n" + " " * section.value[0][0].start_mark.column
        yield _Edit(at, at, "".join(margin + line for line in missing))


def _value(
    text: str, section: yaml.MappingNode, key: yaml.Node, node: yaml.Node, value: Any, before: Any
) -> _Edit:
    """A list keeps its form: lines of their own, or one line."""
    colon = text.index(":", key.end_mark.index) + 1
    is_list = isinstance(value, list)
    was_lines = False
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        was_lines = True
        if is_list and value:
            return _items(text, node, value, before)
    if is_list and value and not section.flow_style and not getattr(node, "value", None):
        margin = key.start_mark.column  # it was empty, which can only be written in one line
        return _Edit(colon, _end(text, node), f"\n{' ' * margin}{_lines(value, margin)}")
    if was_lines:
        return _Edit(colon, _end(text, node), f" {flow(value)}")
    return _replaced(text, node, flow(value))


def _items(text: str, node: yaml.SequenceNode, values: list[Any], before: list[Any]) -> _Edit:
    """An entry that stays keeps what is said above it and beside it."""
    entries: list[tuple[Any, str]] = []
    start = at = node.start_mark.index
    for entry, value in zip(node.value, before):
        end = _line_end(text, _end(text, entry))
        entries.append((value, text[at:end].lstrip(" ")))
        at = end + 1
    lines = []
    for value in values:
        kept = next((known for known in entries if known[0] == value), None)
        if kept is not None:
            entries.remove(kept)
        lines.append(f"- {flow(value)}" if kept is None else kept[1])
    return _Edit(start, at - 1, f"\n{' ' * node.start_mark.column}".join(lines))


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _replaced(text: str, node: yaml.Node, new: str) -> _Edit:
    start, end = node.start_mark.index, _end(text, node)
    return _Edit(start, end, new if end > start else f" {new}")  # nothing, right after the colon


def _lines(values: list[Any], column: int) -> str:
    return f"\n{' ' * column}".join(f"- {flow(value)}" for value in values)


def _end(text: str, node: yaml.Node) -> int:
    """Where a node ends, without the comments and empty lines after a block."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    start = int(node.start_mark.index)
    return start + len(text[start : node.end_mark.index].rstrip())
