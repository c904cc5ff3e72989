"""The notebooks of the documentation run from top to bottom, and show what they say."""

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.harness import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def _cells(notebook: Path) -> list[str]:
    document = json.loads(notebook.read_text(encoding="utf-8"))
    assert document["nbformat"] == 4
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in cells)
    return ["".join(cell["source"]) for cell in cells]


def _run(cell: str, names: dict[str, Any]) -> Any:
    """Run a cell; what its last line is worth, as a notebook shows it."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@dataclass(frozen=True)
class Ran:
    """What a notebook showed, and where it left files."""

    stem: str
    shown: list[Any]
    folder: Path


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("notebook")
    threads, names = torch.get_num_threads(), {"__name__": "__main__"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            shown = [_run(cell, names) for cell in _cells(request.param)]
        finally:
            torch.set_num_threads(threads)
    return Ran(request.param.stem, [each for each in shown if each is not None], folder)


def test_there_are_two() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["explain", "train-and-explain"]


def test_a_notebook_shows_maps_and_the_trust_table(ran: Ran) -> None:
    (found,) = [each for each in ran.shown if hasattr(each, "of_d")]
    (trust,) = [each for each in ran.shown if hasattr(each, "examination")]
    assert 'src="data:image/png;base64,' in found._repr_html_()
    assert "<td>lime</td>" in trust._repr_html_()
    (page,) = ran.folder.glob("*.html")
    assert '<section id="trust">' in page.read_text()


def test_a_discriminator_that_tells_digits_apart_is_explained_truly(ran: Ran) -> None:
    """Reals come before fakes; gradients name what it answers to."""
    if ran.stem != "explain":
        pytest.skip("it has no images of known kinds")
    (found,) = [each for each in ran.shown if hasattr(each, "of_d")]
    (trust,) = [each for each in ran.shown if hasattr(each, "examination")]
    assert float(found.of_d.scores[:4].min()) > float(found.of_d.scores[4:].max())
    assert not found.findings
    assert trust.table.set_index("method").loc["integrated gradients", "faithful"] == "pass"
