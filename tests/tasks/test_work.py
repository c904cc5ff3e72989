"""What stages have to do, by hand; how a step is timed, with a clock of our own."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from flows import params
from ganatomy.gan.settings import RETRAINING, Method, TrainingSettings
from ganatomy.gan.training import num_steps
from tasks.shared import speed
from tasks.shared.work import Work, num_training_images, step_settings, work
from tests.harness import ROOT


def _with(**changed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    document = params.defaults()
    for section, values in changed.items():
        assert values.keys() <= document[section].keys()
        document[section] |= values
    return document


def test_trainings_are_counted_in_steps() -> None:
    found = work(_with(), 4000)
    assert found["train"] == Work(60 * 125, "train")
    # 8 features and 4 nulls, 4 seeds, 6 epochs of 125 steps
    assert found["retrain"] == Work(12 * 4 * 6 * 125, "retrain")
    assert found["train"].units == num_steps(4000, TrainingSettings())
    assert found["retrain"].units == 48 * num_steps(4000, RETRAINING)
    assert found["screen"].units == found["autotune"].units == found["inputs"].units == 0
    two = work(_with(gan={"n_dis": 2}, train={"devices": 2}), 4000)["train"]
    assert two.units == num_steps(4000, TrainingSettings(method=Method(n_dis=2))) / 2


def test_what_is_asked_for_counts() -> None:
    usual = work(_with(), 4000)
    more = work(
        _with(
            screen={"enabled": True, "shares": [0.1, 0.5], "num_seeds": [4, 2]},
            variants={"modes": ["remove", "permute"], "interactions": ["a+b"], "num_subsets": 3},
            autotune={"backend": "auto", "pack_size": 4, "num_steps": 10},
            lime={"num_samples": 1024},
        ),
        4000,
    )
    assert more["retrain"].units == (16 + 1 + 3 + 4) * 4 * 750
    assert more["screen"].units == pytest.approx((0.1 * 4 + 0.5 * 2) * 24 * 750)
    assert more["autotune"].units == 10 * (1 + 2 * (2 + 4))
    assert more["lime"].units == 2 * usual["lime"].units
    assert more["variants"].units == 2 * usual["variants"].units
    assert more["importance"].units == 2 * usual["importance"].units
    assert more["evaluate"] == usual["evaluate"]


def test_only_stages_have_work() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert work(_with(), 100).keys() <= stages.keys()


def test_images_are_those_that_were_prepared_else_those_of_the_source(tmp_path: Path) -> None:
    assert num_training_images(tmp_path, _with()) == 4000
    assert num_training_images(tmp_path, _with(fetch={"max_images": 400})) == 320
    folder = _with(fetch={"source": "image-folder", "root": "given"})
    for name in ("a/1.png", "a/2.png", "b/c/3.png", "4.png"):
        (tmp_path / "given" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "given" / name).touch()
    assert num_training_images(tmp_path, folder) == pytest.approx(3.2)
    path = tmp_path / "reports" / "prepare" / "metrics.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"num_train": 123}))
    assert num_training_images(tmp_path, folder) == 123


def test_a_step_is_another_where_what_is_trained_is_another() -> None:
    usual = step_settings(_with())
    for same in (
        {"train": {"epochs": 1}},
        {"retrain": {"num_seeds": 9}},
        {"lime": {"num_seeds": 2}},
    ):
        assert step_settings(_with(**same)) == usual
    for other in (
        {"gan": {"loss": "hinge"}},
        {"train": {"width": 8}},
        {"retrain": {"batch_size": 16}},
        {"prepare": {"image_size": 32}},
        {"base": {"num_threads": 2}},
    ):
        assert step_settings(_with(**other)) != usual


@pytest.mark.parametrize(
    ("step_s", "penalty_every", "expected"),
    [(0.01, 3, 4), (0.5, 16, 2), (5.0, 16, 1)],  # a turn of the penalties, else what time allows
)
def test_a_step_is_timed_without_the_first(
    step_s: float, penalty_every: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([100.0 + step_s * step for step in range(99)])  # from the first step's end on
    marks: list[float] = []

    def perf_counter() -> float:
        marks.append(next(clock))
        return marks[-1]

    monkeypatch.setattr(speed.time, "perf_counter", perf_counter)
    settings = TrainingSettings(
        batch_size=4, latent_dim=4, width=4, method=Method(penalty_every=penalty_every)
    )
    found = speed.seconds_of_a_step(settings, (1, 28, 28), torch.device("cpu"))
    assert found == pytest.approx(step_s)
    assert len(marks) == 1 + expected
