"""One run of the whole pipeline, shared by every test that looks at what it leaves."""

from pathlib import Path

import pytest

from tests.harness import ROOT, copy_project, flows, outcomes


@pytest.fixture(scope="session")
def _smoke_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, dict[str, str], dict[str, str]]:
    project = copy_project(tmp_path_factory.mktemp("smoke") / "project")
    found = []
    for arguments in (["--profile", "smoke"], []):
        done = flows(project, "run", *arguments)
        assert done.returncode == 0, done.stderr
        found.append(outcomes(done))
    return project, found[0], found[1]


@pytest.fixture(scope="session")
def smoke(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> Path:
    """A project after two runs with the profile `smoke`. Look, do not touch: copy it first."""
    return _smoke_runs[0]


@pytest.fixture(scope="session")
def first_run(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> dict[str, str]:
    """Each stage's outcome in the first run."""
    return _smoke_runs[1]


@pytest.fixture(scope="session")
def second_run(_smoke_runs: tuple[Path, dict[str, str], dict[str, str]]) -> dict[str, str]:
    """Each stage's outcome in the second run, in which nothing had changed."""
    return _smoke_runs[2]


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two workers: one has all that shares the smoke runs, the others take the rest by file."""
    for item in items:
        place = item.path.relative_to(ROOT / "tests")
        shares = place.parts[0] in ("flows", "tasks", "browser")
        item.add_marker(pytest.mark.xdist_group("pipeline" if shares else str(place)))
