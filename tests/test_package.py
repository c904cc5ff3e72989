"""`pip install .` gives the library alone, and it works where nothing else is installed."""

import ast
import email
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness import ROOT

# Does not find what it is told not to find, then reads every module of it and runs the example of
# each docstring of the public face.
_IN_A_BARE_PLACE = """
import doctest, importlib, inspect, pkgutil, sys

refused = set(sys.argv[2:])

class Bare:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, *more):
        return None if name.partition(".")[0] in refused else self.finder.find_spec(name, *more)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Bare, sys.meta_path)
import ganatomy
assert ganatomy.__file__.startswith(sys.argv[1]), ganatomy.__file__
for found in pkgutil.walk_packages(ganatomy.__path__, "ganatomy."):
    importlib.import_module(found.name)
from ganatomy import public
finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner()
for name in (None, *public.names()):
    meant = ganatomy if name is None else getattr(ganatomy, name)
    for example in finder.find(getattr(meant, "__wrapped__", meant), name or "ganatomy"):
        runner.run(example)
print(runner.summarize(verbose=False))
sys.exit(runner.failures > 0)
"""


@cache
def _project() -> dict[str, object]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert isinstance(project, dict)
    return project


def _uv() -> str:
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    assert found, "set-up installs uv"
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [_uv(), "build", "--wheel", "--offline", "--quiet", "--out-dir", str(folder), str(ROOT)],
        check=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as file:
        return {name for name in file.namelist() if not name.endswith("/")}


def _requirements(wheel: Path) -> list[Requirement]:
    with zipfile.ZipFile(wheel) as file:
        (name,) = (name for name in file.namelist() if name.endswith("dist-info/METADATA"))
        message = email.message_from_bytes(file.read(name))
    return [Requirement(line) for line in message.get_all("Requires-Dist", [])]


def test_the_wheel_holds_the_library_and_nothing_else(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "ganatomy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    ours = {name for name in listed if (ROOT / name).is_file()}
    assert {"ganatomy/report/page.css", "ganatomy/__init__.pyi", "ganatomy/py.typed"} <= ours
    found = _names(wheel)
    assert {name for name in found if not re.match(r"ganatomy-[^/]+\.dist-info/", name)} == ours
    assert any(name.endswith("LICENSE") for name in found)


def test_what_a_plain_installation_brings(wheel: Path) -> None:
    plain = {
        canonicalize_name(each.name)
        for each in _requirements(wheel)
        if each.marker is None or each.marker.evaluate({"extra": ""})
    }
    assert not plain & {"prefect", "mlflow", "dvc", "pydantic", "ruamel-yaml", "rich"}
    assert plain == {canonicalize_name(Requirement(each).name) for each in _listed("")}


def _listed(extra: str) -> list[str]:
    """The requirements of an extra, "" for the plain installation, those of extras in it too."""
    project = _project()
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    entries = extras[extra] if extra else project["dependencies"]
    assert isinstance(entries, list)
    found = []
    for entry in entries:
        requirement = Requirement(entry)
        if requirement.name == "ganatomy":
            found += [each for inner in sorted(requirement.extras) for each in _listed(inner)]
        else:
            found.append(entry)
    return found


# ---- what is imported is asked for ----


def _imports(at_once: bool) -> set[str]:
    """First parts of the names that ganatomy/ imports: when it is read, or only when it is used."""
    found: set[str] = set()
    for path in (ROOT / "ganatomy").rglob("*.py"):
        if not at_once and "parquet(" in path.read_text():
            found.add("pyarrow")  # pandas imports it
        for node, is_lazy in _walked(ast.parse(path.read_text()), False):
            if is_lazy is at_once:
                continue
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found - sys.stdlib_module_names - {"ganatomy"}


def _walked(node: ast.AST, is_lazy: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        inside = is_lazy or isinstance(child, ast.FunctionDef)
        yield child, inside
        yield from _walked(child, inside)


def _distributions(modules: set[str]) -> set[str]:
    owners = metadata.packages_distributions()
    return {canonicalize_name(name) for module in modules for name in set(owners[module])}


def _named(entries: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(entry).name) for entry in entries}


def test_what_the_library_reads_at_once_comes_with_it() -> None:
    at_once = _distributions(_imports(at_once=True))
    assert {"torch", "numpy", "jinja2"} <= at_once  # the search finds what is there
    assert at_once <= _named(_listed(""))


def test_what_it_reads_on_demand_comes_with_it_or_with_an_extra() -> None:
    on_demand = _distributions(_imports(at_once=False))
    assert {"torchvision", "mlxtend"} <= on_demand
    names = ("devices", "digits", "fid", "lime", "rules", "structure", "onnx", "topology")
    extras = [each for name in names for each in _listed(name)]
    assert on_demand <= _named(_listed("")) | _named(extras)
    assert _named(_listed("")) <= on_demand | _distributions(_imports(at_once=True))


def test_set_up_installs_all_of_it() -> None:
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.M)
    assert _named([*_listed(""), *_listed("dev"), *_listed("pipeline")]) <= {
        canonicalize_name(name) for name in locked
    }
    assert _named(_listed("pipeline")) <= _named(_listed("dev"))


# ---- it works alone ----


def _brought(entries: list[str]) -> set[str]:
    """The distributions that come with requirements, with theirs, as installed here."""
    found: set[str] = set()
    waiting = [Requirement(entry) for entry in entries]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        asked = [
            each
            for each in map(Requirement, metadata.requires(name) or [])
            if each.marker is None
            or any(each.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras))
        ]
        if name not in found:
            found.add(name)
            waiting += asked
    return found


def _modules_of(distributions: set[str]) -> set[str]:
    return {
        module
        for module, owners in metadata.packages_distributions().items()
        if distributions & {canonicalize_name(owner) for owner in owners}
    }


def test_examples_run_where_only_its_own_packages_are(wheel: Path, tmp_path: Path) -> None:
    """Everything else that is installed here is refused, as if it were not."""
    with zipfile.ZipFile(wheel) as file:
        file.extractall(tmp_path / "site")
    modules = _modules_of(_brought(_listed("")))
    assert {"torch", "numpy", "PIL"} <= modules
    refused = set(metadata.packages_distributions()) - modules
    assert {"prefect", "mlflow", "dvc", "ruamel", "pydantic", "lime", "skimage"} <= refused
    script = tmp_path / "bare.py"
    script.write_text(_IN_A_BARE_PLACE)
    done = subprocess.run(
        [sys.executable, "-P", script, tmp_path / "site", *sorted(refused)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    attempted = re.search(r"attempted=(\d+)", done.stdout)
    assert attempted is not None
    assert int(attempted[1]) > 0


@pytest.mark.slow
def test_examples_run_in_an_environment_of_its_own(wheel: Path, tmp_path: Path) -> None:
    """What `pip install` does: its packages from the registry, at the locked versions."""
    place = tmp_path / "bare"
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    lock = re.sub(r" \\\n +--hash=\S+", "", (ROOT / "requirements.lock").read_text())
    (tmp_path / "constraints.txt").write_text(lock)
    installed = subprocess.run(
        [
            *(_uv(), "pip", "install", "-q", "--python", str(python)),
            *("-c", str(tmp_path / "constraints.txt"), str(wheel)),
        ],
        capture_output=True,
        text=True,
        timeout=580,
    )
    assert installed.returncode == 0, installed.stderr
    script = tmp_path / "bare.py"
    script.write_text(_IN_A_BARE_PLACE)
    done = subprocess.run(
        [python, "-P", script, place], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("prefect", "mlflow", "dvc", "pydantic"):
        assert subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 1
    version = subprocess.run(
        [place / "bin" / "ganatomy", "--version"], capture_output=True, text=True, check=True
    )
    assert version.stdout.startswith("ganatomy ")
