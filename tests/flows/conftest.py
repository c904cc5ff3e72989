"""Copies of the project for tests that change it."""

from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from flows import params
from tests.harness import copy_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed copy in which nothing has run yet; the test may do with it what it likes."""
    return copy_project(tmp_path / "project")


@pytest.fixture
def two_stages(project: Path) -> Path:
    """A copy whose pipeline ends with `prepare`, on few images: a run of seconds."""
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text())
    pipeline["stages"] = {name: pipeline["stages"][name] for name in ("inputs", "fetch", "prepare")}
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    params.apply(project, "smoke", [])
    summary = project / "reports" / "report" / "summary.md"  # what a run shows at its end
    summary.parent.mkdir(parents=True)
    summary.write_text("- nothing\n")
    return project


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store in which nothing was recorded; copy it: making one takes seconds."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path
