"""Copies of the project for tests that change it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from flows import params
from tests.harness import copy_project, flows, made_once


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed copy in which nothing has run yet; the test may do with it what it likes."""
    return copy_project(tmp_path / "project")


def _end_with_prepare(project: Path) -> Path:
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text())
    pipeline["stages"] = {name: pipeline["stages"][name] for name in ("inputs", "fetch", "prepare")}
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    params.apply(project, "smoke", [])
    reports = project / "reports"  # what a run shows at its end, and records
    (reports / "report").mkdir(parents=True)
    (reports / "report" / "summary.md").write_text("- nothing\n")
    (reports / "report.html").write_text("<html></html>\n")
    return project


@pytest.fixture
def two_stages(project: Path) -> Path:
    """A copy whose pipeline ends with `prepare`, on few images: a run of seconds."""
    return _end_with_prepare(project)


def _run_once(folder: Path) -> None:
    project = _end_with_prepare(copy_project(folder / "project"))
    done = flows(project, "run")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def _short_run(shared: Path) -> Path:
    return made_once(shared / "short", _run_once) / "project"


@pytest.fixture
def two_stages_done(_short_run: Path, tmp_path: Path) -> Path:
    """As `two_stages`, after a run; the test may do with it what it likes."""
    return shutil.copytree(_short_run, tmp_path / "project", symlinks=True)


@pytest.fixture
def with_stores(_short_run: Path) -> Callable[[Path], Path]:
    """Gives a copy in which nothing has run the databases of Prefect and MLflow.

    A first run makes them, which takes longer than its stages.
    """

    def give(project: Path) -> Path:
        shutil.copytree(_short_run / ".prefect", project / ".prefect")
        shutil.copy2(_short_run / "mlflow.db", project / "mlflow.db")
        return project

    return give


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store in which nothing was recorded; copy it: making one takes seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path
