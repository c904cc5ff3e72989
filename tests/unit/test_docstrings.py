"""What docstrings open with: a verb where something is done, else what the thing is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import ROOT

# No imperative begins so; a summary that does answers a question that nobody has asked yet.
NOT_VERBS = {
    *("A", "An", "All", "As", "At", "Between", "Both", "By", "Each", "Every", "For", "From", "How"),
    *("In", "It", "Its", "Mean", "Of", "One", "Several", "So", "Something", "That", "The", "These"),
    *("They", "This", "Those", "To", "What", "When", "Where", "Whether", "Which", "Who", "Whoever"),
    *("Whose", "Why", "With", "Within"),
}
PROPERTIES = {"property", "cached_property"}
NOT_NOUNS = {"As", "How", "It", "Of", "Those", "What", "Which", "Who", "Whoever", "Why"}
FILES = sorted(path for folder in ("ganatomy", "tasks") for path in (ROOT / folder).rglob("*.py"))


def _summaries(tree: ast.AST, within: bool = True) -> Iterator[tuple[str, set[str]]]:
    """Yield the first line of each docstring, with the words that must not open it.

    Private functions, and methods of private classes, may say what they return.
    """
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        decorators = {ast.unparse(each) for each in node.decorator_list}
        is_action = isinstance(node, ast.FunctionDef) and not decorators & PROPERTIES
        is_public = within and not node.name.startswith("_")
        if docstring := ast.get_docstring(node):
            yield docstring.partition("\n")[0], NOT_VERBS if is_action and is_public else NOT_NOUNS
        if isinstance(node, ast.ClassDef):
            yield from _summaries(node, is_public)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_summaries_say_what_is_done_or_what_it_is(path: Path) -> None:
    wrong = [
        line
        for line, openers in _summaries(ast.parse(path.read_bytes()))
        if line.split(maxsplit=1)[0].rstrip(",:;") in openers
    ]
    assert wrong == []
