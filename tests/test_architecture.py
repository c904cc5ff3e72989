"""Who may import whom."""

import ast
import re
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


def test_flows_take_errors_and_files_from_the_library_and_nothing_else() -> None:
    allowed = ("ganatomy.errors", "ganatomy.files")
    offences = [
        f"{path.name} imports {name}"
        for path in _sources("flows")
        for name in _imports(path)
        if _within(name, ("ganatomy",)) and name != "ganatomy" and not _within(name, allowed)
    ]
    assert offences == []


def test_explanations_do_not_reach_the_networks_by_detours_either() -> None:
    networks = ROOT / "ganatomy" / "gan" / "networks" / "dcgan.py"
    assert networks.is_file()
    training = ROOT / "tasks" / "train" / "__main__.py"
    assert networks in _reached(training)  # the search finds what is there
    for path in _sources("ganatomy/explain"):
        assert networks not in _reached(path), path.name


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
    assert set(in_tasks) == set(stages) == set(params) - {"base", "gan"} | {"inputs"}
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


def test_stages_depend_on_the_parameters_that_they_load() -> None:
    """`Train.load()` in a stage: its section has to be among the stage's params in dvc.yaml."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    for name, stage in stages.items():
        listed = {str(entry).split(".")[0] for entry in stage["params"]}
        loaded = {
            module.removeprefix("tasks.").removeprefix("params.").removesuffix(".params")
            for module in _imports(ROOT / "tasks" / name / "__main__.py")
            if re.fullmatch(r"tasks\.params\.\w+|tasks\.\w+\.params", module)
        } - {"section"}
        assert loaded <= listed, name
