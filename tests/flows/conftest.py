"""A copy of the project for each test that changes it."""

from pathlib import Path

import pytest

from tests.harness import copy_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A committed copy in which nothing has run yet; the test may do with it what it likes."""
    return copy_project(tmp_path / "project")
