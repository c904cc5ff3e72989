"""Who may import whom."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tasks.shared.parent import PARENT

ROOT = Path(__file__).resolve().parents[1]
TRAINED = ("ganatomy.gan", "ganatomy.metrics", "ganatomy.importance")  # any network is explained


def _sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found, folders
    return found


@cache
def _imports(path: Path) -> set[str]:
    """Dotted names that a file imports, in functions too; of `from a import b` also a.b."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively: say the whole name"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def _offences(sources: list[Path], packages: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT).as_posix()} imports {name}"
        for path in sources
        for name in sorted(_imports(path))
        if _within(name, packages)
    ]


def _reached(path: Path) -> set[Path]:
    """The project's files that importing this one reads, itself included."""
    found: set[Path] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.add(current)
        parts = [name.split(".") for name in _imports(current)]
        parts += [part[:length] for part in parts for length in range(1, len(part))]
        for part in parts:
            base = ROOT.joinpath(*part)
            for candidate in (base.with_suffix(".py"), base / "__init__.py"):
                if candidate.is_file():
                    waiting.append(candidate)
    return found


@pytest.mark.parametrize(
    ("folder", "packages"),
    [
        ("ganatomy", ("prefect", "mlflow", "dvc", "ruamel", "flows", "tasks")),
        ("tasks", ("prefect", "mlflow", "dvc", "flows")),
        ("flows", ("torch", "torchvision", "captum", "lime", "numpy")),
        ("ganatomy/explain", ("ganatomy.report", "ganatomy.facade", *TRAINED)),
        ("ganatomy/report", ("ganatomy.facade",)),
        ("ganatomy/importance", ("ganatomy.report", "ganatomy.explain")),
        ("ganatomy/metrics", ("ganatomy.report", "ganatomy.facade")),
        ("ganatomy/gan", ("ganatomy.report", "ganatomy.facade")),
        ("ganatomy/data", ("ganatomy.report", "ganatomy.facade")),
    ],
)
def test_layer_does_not_import(folder: str, packages: tuple[str, ...]) -> None:
    assert _offences(_sources(folder), packages) == []


def test_only_the_librarys_command_may_read_yaml() -> None:
    command = ROOT / "ganatomy" / "command"
    assert command.is_dir()
    sources = [path for path in _sources("ganatomy") if command not in path.parents]
    assert _offences(sources, ("yaml",)) == []


def test_flows_take_errors_files_and_marks_from_the_library_and_nothing_else() -> None:
    allowed = ("ganatomy.errors", "ganatomy.files", "ganatomy.marking")
    offences = [
        f"{path.name} imports {name}"
        for path in _sources("flows")
        for name in _imports(path)
        if _within(name, ("ganatomy",)) and name != "ganatomy" and not _within(name, allowed)
    ]
    assert offences == []


def test_explanations_do_not_reach_what_is_trained_by_detours_either() -> None:
    """Not in functions, not for type checkers, and not by what the data or anybody imports."""
    trained = [ROOT.joinpath(*package.split(".")) for package in TRAINED]
    assert all(folder.is_dir() for folder in trained)
    training = ROOT / "tasks" / "importance" / "__main__.py"
    for folder in trained:  # the search finds what is there
        assert [path for path in _reached(training) if folder in path.parents], folder.name
    for path in _sources("ganatomy/explain"):
        if path != ROOT / "ganatomy" / "explain" / "__init__.py":  # the lazy public face
            assert "import_module" not in path.read_text(), path.name
        found = [each for each in _reached(path) if set(trained) & set(each.parents)]
        assert found == [], path.name


def test_explanations_know_no_file_formats_of_the_report() -> None:
    report = ROOT / "ganatomy" / "report"
    for path in _sources("ganatomy/explain", "ganatomy/metrics", "ganatomy/gan", "ganatomy/data"):
        assert not [found for found in _reached(path) if report in found.parents], path.name


def test_only_the_adapter_imports_dvc() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in _sources("ganatomy", "tasks", "flows")
        if any(_within(name, ("dvc",)) for name in _imports(path))
    }
    assert importers == {"flows/adapter.py"}


def _stages_in_tasks() -> dict[str, str]:
    """Module to the name that it gives to `stage.run`."""
    named = {}
    for path in (ROOT / "tasks").glob("*/__main__.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func) == "stage.run"
            ):
                name = node.args[1]
                assert isinstance(name, ast.Constant)
                named[path.parent.name] = str(name.value)
    return named


def test_stages_have_one_name_everywhere() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    in_tasks = _stages_in_tasks()
    assert all(module == name for module, name in in_tasks.items())
    assert set(in_tasks) == set(stages) == set(params) - {"base", "gan", "gate"} | {"inputs"}
    for name, stage in stages.items():
        shell, script = stage["cmd"].removesuffix("'").split(" '")
        assert shell == "exec sh -c"
        handed_on, *words = script.split()
        assert handed_on == f"{PARENT}=$PPID"
        assert words[:4] == ["exec", "python", "-m", f"tasks.{name}"]
        if name == "inputs":  # it is told nothing of its own
            continue
        assert (ROOT / "tasks" / name / "params.py").is_file()
        assert name in [str(entry).split(".")[0] for entry in stage["params"]]


def _sections_loaded(path: Path) -> set[str]:
    """The sections that a file of `tasks/` loads as a stage does: `Train.load()`, of no file."""
    sections = {
        alias.asname or alias.name: node.module.removeprefix("tasks.").removeprefix("params.")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        and re.fullmatch(r"tasks\.params\.\w+|tasks\.\w+\.params", node.module or "")
        for alias in node.names
    }
    return {
        sections[node.func.value.id].removesuffix(".params")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load"
        and not node.args
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in sections
    }


def test_stages_depend_on_the_parameters_that_they_load() -> None:
    """`Train.load()` in a stage, or in what it imports: its section is among the stage's params."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    everything: set[str] = set()
    for name, stage in stages.items():
        listed = {str(entry).split(".")[0] for entry in stage["params"]}
        reached = _reached(ROOT / "tasks" / name / "__main__.py")
        own = [path for path in reached if ROOT / "tasks" in path.parents]
        loaded = {section for path in own for section in _sections_loaded(path)}
        assert loaded <= listed, name
        everything |= loaded
    assert {"base", "gan", "retrain", "variants", "lime"} <= everything


def test_stages_are_short() -> None:
    """They read artifacts, call one study and save it; the science is the library's."""
    lengths = {
        path.parent.name: len(path.read_text().splitlines())
        for path in (ROOT / "tasks").glob("*/__main__.py")
    }
    assert {name: length for name, length in lengths.items() if length > 70} == {}
