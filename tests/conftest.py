"""One run of the whole pipeline, shared by every test that looks at what it leaves."""

import json
import os
import re
import signal
import sys
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # `make test` has a worker for each core

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.harness import ROOT, copy_project, elsewhere, flows, living, made_once, outcomes

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # begun by `&` in a script: children inherit
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what all workers of `-n` look at, made by whoever asks first."""
    own = tmp_path_factory.getbasetemp()  # of a worker: a folder in that of the session
    return own.parent if hasattr(request.config, "workerinput") else own


def _run_twice(folder: Path) -> None:
    project = copy_project(folder / "project")
    outside = elsewhere(folder / "outside")
    found = []
    for arguments in (["--profile", "smoke"], []):
        done = flows(project, "run", *arguments, **outside)
        assert done.returncode == 0, done.stderr
        found.append(outcomes(done))
    left = [" ".join(process.cmdline()) for process in living(project)]
    (folder / "told.json").write_text(json.dumps({"outcomes": found, "left": left}))


@pytest.fixture(scope="session")
def _smoke_runs(shared: Path) -> Path:
    return made_once(shared / "smoke", _run_twice)


@pytest.fixture(scope="session")
def smoke(_smoke_runs: Path) -> Path:
    """A project after two runs with the profile `smoke`. Look, do not touch: copy it first."""
    return _smoke_runs / "project"


@pytest.fixture(scope="session")
def outside(_smoke_runs: Path) -> Path:
    """The home, cache and temporary folders that the two runs had, empty before."""
    return _smoke_runs / "outside"


@pytest.fixture(scope="session")
def first_run(_smoke_runs: Path) -> dict[str, str]:
    """Each stage's outcome in the first run."""
    found: dict[str, str] = json.loads((_smoke_runs / "told.json").read_text())["outcomes"][0]
    return found


@pytest.fixture(scope="session")
def second_run(_smoke_runs: Path) -> dict[str, str]:
    """Each stage's outcome in the second run, in which nothing had changed."""
    found: dict[str, str] = json.loads((_smoke_runs / "told.json").read_text())["outcomes"][1]
    return found


@pytest.fixture(scope="session")
def left_by_runs(_smoke_runs: Path) -> list[str]:
    """Command lines of the processes that were in the project when the second run had ended."""
    found: list[str] = json.loads((_smoke_runs / "told.json").read_text())["left"]
    return found


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin each test with one thread, whatever a stage in this process has set."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the costly first and skip what is marked `gpu` where there is none."""
    items.sort(key=_turn)
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


def _turn(item: pytest.Item) -> int:
    """One file makes the runs, meanwhile others need none; what is quick fills the end."""
    place = item.nodeid.partition("::")[0]
    if place == "tests/flows/test_run.py":
        return 0
    if place.startswith("tests/unit/"):
        return 4 if place.startswith("tests/unit/gan/ensemble/") else 5
    if _asks_for_the_runs(place):
        return 3
    return 1 if place.startswith("tests/flows/") else 2


class _ByPlace(LoadScopeScheduling):
    """A file goes to whoever is free: its tests share what its fixtures have made."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]


@cache
def _asks_for_the_runs(place: str) -> bool:
    """Whether a file names one of the fixtures above, which is the only way to get at the runs."""
    names = r"\b(smoke|first_run|second_run)\b"
    return bool(re.search(names, (ROOT / place).read_text(encoding="utf-8")))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByPlace:
    """For `-n 2`, which `make test` asks for."""
    return _ByPlace(config, log)
