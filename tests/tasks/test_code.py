"""The code that a stage depends on, on a small project of its own and on this one."""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ganatomy.errors import InputError
from ganatomy.files import write_json
from tasks.inputs import files
from tasks.shared import closure as closures
from tasks.shared import code
from tasks.shared.closure import Sources
from tasks.shared.meaning import digest
from tests.harness import ROOT

FILES = {
    "ganatomy/__init__.py": "",
    "ganatomy/errors.py": "import torch\n",
    "ganatomy/net/__init__.py": "from ganatomy.errors import InputError\n",
    "ganatomy/net/layers.py": "",
    "ganatomy/net/losses.py": "import ganatomy.net.layers as layers\n",
    "ganatomy/page/__init__.py": "",
    "ganatomy/page/page.py": "TEMPLATE = 'page.html'\nOTHER = 'elsewhere.html'\n",
    "ganatomy/page/page.html": "<p>",
    "ganatomy/page/unused.html": "<p>",
    "ganatomy/unused.py": "",
    "tasks/__init__.py": "",
    "tasks/stage.py": "from ganatomy import missing, errors\n",
    "tasks/train.py": (
        "from tasks import stage\n\n\ndef main():\n    from ganatomy.net import losses\n"
    ),
    "tasks/report.py": "if True:\n    import tasks.stage, ganatomy.page.page\n",
    "flows/__init__.py": "import tasks.report\n",
}
OF_STAGE = ["ganatomy/__init__.py", "ganatomy/errors.py", "tasks/__init__.py", "tasks/stage.py"]
OF_TRAIN = [
    *OF_STAGE,
    "tasks/train.py",
    "ganatomy/net/__init__.py",
    "ganatomy/net/layers.py",
    "ganatomy/net/losses.py",
]
OF_REPORT = [
    *OF_STAGE,
    "tasks/report.py",
    "ganatomy/page/__init__.py",
    "ganatomy/page/page.py",
    "ganatomy/page/page.html",
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A library and some stages."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def closure(root: Path, module: str) -> set[str]:
    """As a stage's: of our two packages."""
    return closures.closure(root, [module], code.PACKAGES.__contains__)


def test_imports_in_functions_and_of_modules_are_followed(project: Path) -> None:
    assert closure(project, "tasks.train") == set(OF_TRAIN)


def test_template_beside_its_module_counts(project: Path) -> None:
    assert closure(project, "tasks.report") == set(OF_REPORT)


def test_every_module_of_a_package_that_is_walked_counts(project: Path) -> None:
    (project / "tasks/report.py").write_text("every_module('ganatomy.net')\n")
    assert closure(project, "tasks.report") == {
        *("tasks/__init__.py", "tasks/report.py", "ganatomy/__init__.py", "ganatomy/errors.py"),
        *("ganatomy/net/__init__.py", "ganatomy/net/layers.py", "ganatomy/net/losses.py"),
    }
    (project / "ganatomy/net/new.py").write_text("import ganatomy.unused\n")
    found = closure(project, "tasks.report")
    assert {"ganatomy/net/new.py", "ganatomy/unused.py"} <= found


def test_circles_end(project: Path) -> None:
    (project / "ganatomy/errors.py").write_text("import tasks.train\n")
    assert closure(project, "tasks.train") == set(OF_TRAIN)


def test_own_package_counts_however_deep(project: Path) -> None:
    (project / "ganatomy/net/deep").mkdir()
    (project / "ganatomy/net/deep/__init__.py").touch()
    (project / "ganatomy/net/deep/one.py").touch()
    assert closure(project, "ganatomy.net.deep.one") == {
        "ganatomy/__init__.py",
        "ganatomy/errors.py",
        "ganatomy/net/__init__.py",
        "ganatomy/net/deep/__init__.py",
        "ganatomy/net/deep/one.py",
    }


def test_others_packages_are_not_followed(project: Path) -> None:
    (project / "torch.py").touch()
    (project / "tasks/stage.py").write_text("import torch, flows\n")
    assert closure(project, "tasks.stage") == {"tasks/__init__.py", "tasks/stage.py"}


def test_a_stage_that_is_a_folder_has_the_code_of_its_run(project: Path) -> None:
    (project / "tasks/made").mkdir()
    (project / "tasks/made/__main__.py").write_text("from tasks.made import params\n")
    (project / "tasks/made/params.py").write_text("import ganatomy.errors\n")
    found = code.digests(project, "made")
    assert set(found) == {
        *("tasks/__init__.py", "tasks/made/__main__.py", "tasks/made/params.py"),
        *("ganatomy/__init__.py", "ganatomy/errors.py"),
    }
    assert found == code.digests(project, "made", Sources(project))


# ---- what a file says ----

SOURCE = '''\
"""About the file."""
import torch
from dataclasses import dataclass

LIMIT = 3.0
"""About the limit."""


@dataclass(frozen=True)
class Loss:
    """About the class."""

    scale: float = 0.5


def loss(logits: torch.Tensor, scale=2, *, sign: int = 1) -> torch.Tensor:
    """About the function."""
    # about a line
    return torch.relu(LIMIT - sign * logits).mean() * scale


async def later():
    """Nothing else stands here."""
'''


def _says(text: str) -> str:
    return digest(text.encode(), ast.parse(text))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    # about a line\n", ""),
        ("# about a line", "# about another\n\n"),
        ("\nLIMIT = 3.0", "\n# of what?\n\n\nLIMIT = 3.0  # here"),
        ('"""About the file."""', '"""Of the file, at length.\n\nMuch.\n"""'),
        ('"""About the file."""\n', ""),
        ('"""About the limit."""\n', ""),
        ('    """About the class."""\n\n', ""),
        ('    """About the function."""\n', ""),
        ("About the function", "What is minimised"),
        ("Nothing else stands here", "Nor here"),
        ("logits: torch.Tensor, scale=2", "logits: torch.Tensor,\n    scale = 2"),
        ("sign * logits", "(sign * logits)"),
    ],
)
def test_what_is_said_about_code_does_not_count(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    assert _says(SOURCE.replace(old, new)) == _says(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3.0", "LIMIT = 3.1"),
        ("LIMIT = 3.0", "LIMIT = 3"),
        ("LIMIT", "BOUND"),
        ("frozen=True", "frozen=False"),
        ("@dataclass(frozen=True)\n", ""),
        ("scale: float = 0.5", "scale: float = 0.25"),
        ("scale: float = 0.5", "scale: int = 0.5"),
        ("scale=2", "scale=3"),
        ("sign: int = 1", "sign: int = -1"),
        ("*, sign", "sign"),
        ("relu", "selu"),
        ("- sign * logits", "+ sign * logits"),
        (".mean()", ""),
        ("import torch\n", "import torch\nimport numpy\n"),
        ("    return torch", "    torch"),
        ("async def later", "def later"),
        ('    """About the function."""', '    print("About the function.")'),
        ("scale\n\n\nasync", "scale\n    'x'.upper()\n\n\nasync"),
    ],
)
def test_all_else_counts(old: str, new: str) -> None:
    assert old in SOURCE
    assert _says(SOURCE.replace(old, new)) != _says(SOURCE)


def test_what_is_no_python_counts_byte_by_byte(project: Path) -> None:
    (project / "ganatomy/errors.py").write_text("def (:\n")
    sources = Sources(project)
    for name in ("ganatomy/page/page.html", "ganatomy/errors.py"):
        before = sources.digest(name)
        assert Sources(project).digest(name) == before
        (project / name).write_text((project / name).read_text() + "<!-- # -->")
        assert Sources(project).digest(name) != before


# ---- this project ----


def _stages(root: Path) -> dict[str, dict[str, str]]:
    sources = Sources(root)
    names = [path.parent.name for path in (root / "tasks").glob("*/__main__.py")]
    return {name: code.digests(root, name, sources) for name in names if name != files.STAGE}


@pytest.fixture(scope="module")
def now() -> dict[str, dict[str, str]]:
    """The digests of every stage's code, as it is."""
    return _stages(ROOT)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """Our two packages, to be edited."""
    for package in code.PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    return tmp_path


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new))


def _stale(copy: Path, now: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, found in _stages(copy).items() if found != now[name]}


def test_comments_docstrings_and_layout_make_nothing_stale(
    copy: Path, now: dict[str, dict[str, str]]
) -> None:
    for package in code.PACKAGES:
        for path in (copy / package).rglob("*.py"):
            text = path.read_text()
            if text.startswith('"""'):
                text = text.replace('"""', '"""Edited. ', 1)
            path.write_text(f"# edited\n\n{text}\n\n# edited\n")
    assert _stale(copy, now) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "stale", "kept"),
    [
        (
            "ganatomy/gan/losses.py",
            "functional.softplus(-real_logits).mean() +",
            "functional.softplus(-real_logits).mean() -",
            {"train", "autotune", "retrain"},
            {"fetch", "prepare", "evaluator", "evaluate", "variants", "gradcam", "lime", "report"},
        ),
        (
            "ganatomy/metrics/kid.py",
            "chunk: int = 256) -> float",
            "chunk: int = 128) -> float",
            {"evaluate", "importance", "screen"},
            {"train", "retrain", "gradcam", "lime", "faithfulness", "report"},
        ),
        (
            "ganatomy/importance/measuring.py",
            "clamp(min=1e-12)",
            "clamp(min=1e-9)",
            {"importance", "screen"},
            {"train", "retrain", "evaluate", "report"},
        ),
        (
            "ganatomy/data/features/strokes.py",
            "2 * bright.sum((1, 2)) / outline",
            "3 * bright.sum((1, 2)) / outline",
            {"variants", "gradcam", "lime"},
            {"fetch", "prepare", "evaluator", "train", "evaluate", "autotune"},
        ),
        (
            "tasks/inputs/environment.py",
            '    "torchvision",\n',
            "",
            set(),
            {"fetch", "train", "report"},
        ),
    ],
)
def test_an_edit_makes_stale_whom_it_concerns(
    copy: Path,
    now: dict[str, dict[str, str]],
    name: str,
    old: str,
    new: str,
    stale: set[str],
    kept: set[str],
) -> None:
    _edit(copy / name, old, new)
    found = _stale(copy, now)
    assert stale <= found
    assert not kept & found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("figures/training_curves.py", "published_step, color=INK", "published_step, color=MUTED"),
        ("sections/importance.py", "replaced at random", "drawn at random"),
        ("sections/importance.html", "<h2>Which features matter?", "<h2>What matters?"),
        ("verdict/verdict.html", "Each figure with", "All figures with"),
        ("verdict/questions/quality.py", "It works: ", "Yes, it works: "),
        ("page.html", "<footer>", "<footer id='end'>"),
        ("page.css", "--of-g: #0b6e99", "--of-g: #996e0b"),
    ],
)
def test_what_the_page_looks_like_makes_the_page_alone_stale(
    copy: Path, now: dict[str, dict[str, str]], name: str, old: str, new: str
) -> None:
    _edit(copy / "ganatomy" / "report" / name, old, new)
    assert _stale(copy, now) == {"report"}


def test_every_stage_depends_on_its_code_in_one_line() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert next(iter(stages)) == files.STAGE
    assert stages[files.STAGE]["outs"] == ["inputs"]
    for name, stage in stages.items():
        found = [dep for dep in stage.get("deps", []) if str(dep).endswith((".py", f"{name}.json"))]
        assert found == ([] if name == files.STAGE else [code.file_of(name).as_posix()])


def test_the_pipeline_is_read_in_one_sitting() -> None:
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) < 300


# ---- a stage at its start ----


@pytest.fixture
def train(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stage that DVC has started, by the digests that `inputs` has left."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("DVC_STAGE", "train")
    write_json(code.file_of("train"), code.digests(project, "train"))
    return project


def test_code_that_was_edited_since_is_refused(train: Path) -> None:
    code.check("train")
    (train / "ganatomy/net/losses.py").write_text("# said\nimport ganatomy.net.layers as layers")
    code.check("train")
    (train / "ganatomy/net/losses.py").write_text("import ganatomy.unused\n")
    with pytest.raises(InputError) as caught:
        code.check("train")
    words = ["ganatomy/net/losses.py", "ganatomy/unused.py", "ganatomy/net/layers.py"]
    assert all(word in caught.value.where for word in words)
    assert "edited since inputs/code/train.json" in caught.value.what


def test_a_stage_that_is_started_by_hand_may_be_edited(
    train: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (train / "ganatomy/net/losses.py").write_text("edited = True\n")
    monkeypatch.delenv("DVC_STAGE")
    code.check("train")
