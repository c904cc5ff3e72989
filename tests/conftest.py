"""One run of the whole pipeline, shared by every test that looks at what it leaves."""

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.harness import ROOT, copy_project, elsewhere, flows, outcomes


@pytest.fixture(scope="session")
def _smoke_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, str], dict[str, str]]:
    project = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    found = []
    outside = elsewhere(project.parent / "outside")
    for arguments in (["--profile", "smoke"], []):
        done = flows(project, "run", *arguments, **outside)
        assert done.returncode == 0, done.stderr
        found.append(outcomes(done))
    return project, found[0], found[1]


@pytest.fixture(scope="session")
def smoke(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> Path:
    """A project after two runs with the profile `smoke`. Look, do not touch: copy it first."""
    return _smoke_runs[0]


@pytest.fixture(scope="session")
def outside(smoke: Path) -> Path:
    """The home, cache and temporary folders that the two runs had, empty before."""
    return smoke.parent / "outside"


@pytest.fixture(scope="session")
def first_run(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> dict[str, str]:
    """Each stage's outcome in the first run."""
    return _smoke_runs[1]


@pytest.fixture(scope="session")
def second_run(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> dict[str, str]:
    """Each stage's outcome in the second run, in which nothing had changed."""
    return _smoke_runs[2]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is marked `gpu` where there is none."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


class _ByPlace(LoadScopeScheduling):
    """What shares the smoke runs goes to one worker, the rest by file to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        place = nodeid.partition("::")[0]
        return "pipeline" if _asks_for_the_runs(place) else place


@cache
def _asks_for_the_runs(place: str) -> bool:
    """Whether a file names one of the fixtures above, which is the only way to get at the runs."""
    return bool(re.search(r"\b(smoke|first_run|second_run)\b", (ROOT / place).read_text()))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByPlace:
    """For `-n 2`, which `make test` asks for."""
    return _ByPlace(config, log)
