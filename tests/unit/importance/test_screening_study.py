"""The study of screening: what is trained, with which seeds, and what stays on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import recipes
from ganatomy.data.recipe import Recipe, Regions
from ganatomy.data.variants import make_variant
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.sampling import latents
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.retraining import Budget
from ganatomy.importance.screening import Rung
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.importance.screening_study import screen_features
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.metrics.random_features import RandomFeatures
from tests.unit.damaged import leaves_nothing_behind, refuses_damage
from tests.unit.gan.small import CPU, SMALL, small_settings

RUNGS = [Rung(0.5, 2)]


@pytest.fixture(scope="module")
def asked(digits: Dataset) -> list[Recipe]:
    """Cells of a grid of 7 by 7, two of them together, and random subsets."""
    return recipes(
        ["cell_3_3", "contrast", "blur", "cell_2_3", "scale"],
        digits,
        num_nulls=2,
        seed=0,
        interactions=["cell_3_3+contrast"],
        num_subsets=7,
        regions=Regions(7),
    )


@pytest.fixture(scope="module")
def study(digits: Dataset, asked: list[Recipe]) -> ScreeningStudy:
    torch.set_num_threads(1)
    train = digits.take(torch.arange(100))
    data = {one.name: make_variant(train, one) for one in asked if one.kind != "subset"}
    held_out = digits.take(torch.arange(200, 220))
    evaluator, features = Evaluator(1, 2, 10).eval(), RandomFeatures(1, 0, 1)
    z = latents(20, SMALL, 0)
    evaluation = EvaluationSet(held_out, digits.images[220:240], z, evaluator, features)
    budget = Budget(SMALL, small_settings(), 4, Packing("grouped", 8), CPU)
    given: dict[str, Any] = {"rungs": RUNGS, "keep": 3, "final_seeds": 4, "seed": 7}
    return screen_features(asked, data, budget, evaluation=evaluation, **given)


def test_short_trainings_have_seeds_of_their_own(study: ScreeningStudy) -> None:
    assert study.screening is not None
    seeds = set(study.screening.repeats["seed"])
    assert len(seeds) == 2
    assert not seeds & set(range(7, 7 + 100))
    singles = {"cell_3_3", "contrast", "blur", "cell_2_3", "scale", "cell_3_3+contrast"}
    assert set(study.screening.repeats["variant"]) == {*singles, "null_0", "null_1"}


def test_what_is_never_screened_is_kept(study: ScreeningStudy, asked: list[Recipe]) -> None:
    subsets = [f"subset_{k:03d}" for k in range(7)]
    assert study.candidates == tuple(one.name for one in asked if not one.is_null)
    assert set(subsets) <= set(study.kept)
    assert study.screening is not None
    survivors = set(study.screening.survivors)
    assert 1 <= len(survivors) <= 3
    parts = {"cell_3_3", "contrast"} if "cell_3_3+contrast" in survivors else set()
    assert set(study.kept) == survivors | parts | set(subsets)
    order = {name: place for place, name in enumerate(study.candidates)}
    assert list(study.kept) == sorted(study.kept, key=order.__getitem__)


def test_it_says_what_it_cost(study: ScreeningStudy) -> None:
    assert study.screening is not None
    in_full = 4 * (len(study.screening.survivors) + 2)
    factor = 4 * (6 + 2) / (0.5 * 2 * (6 + 2) + in_full)
    assert study.metrics() == {
        "num_variants": 13,
        "num_kept": len(study.kept),
        "cost_factor": pytest.approx(factor),
    }
    assert f"Of 13 variants {len(study.kept)} are trained in full" in study.verdict()


def test_what_is_loaded_is_what_was_saved(study: ScreeningStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    loaded = ScreeningStudy.load(tmp_path)
    assert replace(loaded, screening=None) == replace(study, screening=None)
    assert loaded.screening is not None
    assert study.screening is not None
    assert loaded.screening.survivors == study.screening.survivors
    assert loaded.screening.num_trained == study.screening.num_trained
    for name in ("history", "repeats"):
        one, other = getattr(loaded.screening, name), getattr(study.screening, name)
        pd.testing.assert_frame_equal(one, other, check_exact=True, check_dtype=False)


def test_without_screening_everything_is_kept(tmp_path: Path) -> None:
    study = ScreeningStudy.without(["contrast", "subset_000"])
    study.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["survivors.json"]
    assert ScreeningStudy.load(tmp_path) == study
    assert study.metrics() == {"num_variants": 2, "num_kept": 2}


def test_what_is_damaged_or_of_another_version_is_refused(
    study: ScreeningStudy, tmp_path: Path
) -> None:
    refused = refuses_damage(study, ScreeningStudy.load, tmp_path)
    assert {"survivors.json has nothing", "screening.json lacks cost"} < {*refused}


def test_saved_anew_nothing_of_what_was_there_is_left(
    study: ScreeningStudy, tmp_path: Path
) -> None:
    leaves_nothing_behind(study, ScreeningStudy.without(["contrast"]), tmp_path)
