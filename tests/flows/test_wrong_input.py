"""What a user can get wrong: one clear message, exit code 2, nothing half written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.harness import copy_project, flows


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which nothing has run."""
    return copy_project(tmp_path_factory.mktemp("wrong") / "project")


@pytest.mark.parametrize(
    ("assignment", "words"),
    [
        ("fetch.source=mnits", ["fetch.source", "mnist-sample"]),
        ("train.epoch=3", ["train.epoch", "train.epochs"]),
        ("trian.epochs=3", ["trian.epochs", "train.epochs"]),
        ("train.epochs=-1", ["train.epochs", "-1", "greater than or equal to 1"]),
        ("evaluator.epochs=-3", ["evaluator.epochs", "-3"]),
        ("prepare.image_size=30", ["prepare.image_size", "30", "28, 32, 64 or 128"]),
        ("train.epochs=many", ["train.epochs", "'many'", "integer"]),
        ("train.epochs", ["section.key=value"]),
        ("retrain.shards=[1, 2]", ["retrain.shards", "[0, 1]"]),
        ("retrain.num_seeds=1", ["retrain.num_seeds", "greater than or equal to 2"]),
    ],
)
def test_wrong_values_are_refused_before_anything_starts(
    pristine: Path, assignment: str, words: list[str]
) -> None:
    before = (pristine / "params.yaml").read_bytes()
    done = flows(pristine, "run", "--set", assignment)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert (pristine / "params.yaml").read_bytes() == before
    assert not (pristine / "data").exists()


def test_a_wrong_number_of_slots_is_refused_before_anything_starts(pristine: Path) -> None:
    before = (pristine / "params.yaml").read_bytes()
    done = flows(pristine, "run", "--set", "train.epochs=3", GANATOMY_SLOTS="two")
    assert done.returncode == 2
    assert done.stderr == (
        "error: 'two' is no number of threads [GANATOMY_SLOTS]. Say 1 or more, or unset.\n"
    )
    assert (pristine / "params.yaml").read_bytes() == before
    assert not (pristine / ".ganatomy" / "runs").exists()


def test_unknown_profile(pristine: Path) -> None:
    done = flows(pristine, "run", "--profile", "smoek")
    assert done.returncode == 2
    assert "smoke" in done.stderr


def _folder_with_two_good_images(folder: Path) -> Path:
    folder.mkdir()
    for index in range(2):
        pixels = np.full((40, 30, 3), 60 * index, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"good{index}.png")
    (folder / "text.png").write_text("this is not an image")
    return folder


@pytest.mark.parametrize("case", ["too_few", pytest.param("missing", marks=pytest.mark.slow)])
def test_wrong_folders_stop_the_run_in_words(
    two_stages: Path, with_stores: Callable[[Path], Path], tmp_path: Path, case: str
) -> None:
    project = with_stores(two_stages)
    folder = tmp_path / "images"
    words = ["no such folder", str(folder)]
    if case == "too_few":
        _folder_with_two_good_images(folder)
        words = ["only 2 usable images", "text.png", "prepare.min_images"]
    done = flows(
        project, "run", "--set", "fetch.source=image-folder", "--set", f"fetch.root={folder}"
    )
    assert done.returncode == 2
    errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in errors[0]
    assert "Traceback" not in done.stderr
    written = {path.name for path in (project / "data").glob("*")} if case == "too_few" else set()
    assert written <= {"raw", ".gitignore"}
    assert list(project.glob("**/*.partial")) == []
