"""Whether directions are found again: matching by brute force, angles by scipy, and planted Gs."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from torch import nn

from ganatomy.explain.directions.candidates import random_directions
from ganatomy.explain.directions.found_again import (
    AGAIN_COLUMNS,
    DRAW,
    METHOD,
    STEP,
    matched,
    matched_by_chance,
    shared,
)
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from tests.unit.explain.directions.planted import Alike, Blob, Linear, factors, patterns
from tests.unit.explain.directions.test_methods import latents

QUICK = DirectionsSettings(num_random=6, num_held_out=24, num_images=700, num_draws=2)


def test_directions_are_paired_so_that_cosines_add_up_to_the_most() -> None:
    ours, theirs = random_directions(4, 6, 0), random_directions(4, 6, 1)
    cosines = (ours @ theirs.T).abs()
    best = max(
        permutations(range(4)), key=lambda order: sum(cosines[n, order[n]] for n in range(4))
    )
    assert matched(ours, theirs).tolist() == pytest.approx(
        [float(cosines[n, best[n]]) for n in range(4)]
    )
    assert matched(ours, -ours.flip(0)).tolist() == pytest.approx([1.0] * 4)
    assert int((matched(ours, theirs[:2]) == 0).sum()) == 2


def test_what_two_sets_share_is_that_of_their_principal_angles() -> None:
    ours = torch.randn(3, 8, generator=torch.Generator().manual_seed(0)).double()
    theirs = torch.randn(3, 8, generator=torch.Generator().manual_seed(1)).double()
    angles = subspace_angles(ours.T.numpy(), theirs.T.numpy())
    assert shared(ours, theirs) == pytest.approx(float((np.cos(angles) ** 2).mean()))
    # of random ones of k in d dimensions it is k / d
    drawn = [shared(ours, random_directions(3, 8, seed)) for seed in range(200)]
    assert np.mean(drawn) == pytest.approx(3 / 8, abs=0.03)


def test_planted_factors_come_from_every_draw_and_noise_does_not() -> None:
    study = find_directions(Blob(layered=False), latents(), settings=QUICK)
    assert study.method == "jacobian"
    drawn = study.again(DRAW)
    assert study.found_again.columns.tolist() == AGAIN_COLUMNS
    assert drawn["place"].tolist() == [1] * 5 + [2] * 5
    of_planted = drawn[drawn["direction"] <= 3]
    assert of_planted["cosine"].min() > 0.95
    assert all(study.is_found_again(number) for number in (1, 2, 3))
    assert drawn["by_chance"].max() < 0.6

    noise = find_directions(Alike(), latents(), settings=QUICK)
    of_noise = noise.again(DRAW)
    if noise.method == "sefa":  # which reads weights, and no latents
        of_noise = noise.again(METHOD)
    assert of_noise["cosine"].mean() < 0.8
    assert study.metrics()["num_directions_found_again"] == 3
    assert "3 directions that stand out come again from each of 2 other draws" in study.verdict()
    assert "again" not in noise.verdict()


def test_other_methods_agree_on_planted_factors() -> None:
    study = find_directions(Blob(), latents(), settings=QUICK)
    others = study.again(METHOD)
    assert len(others)
    strong = others[others["direction"] <= 3]
    assert strong["cosine"].min() > 0.95


class Turned(Linear):
    """The patterns of `Linear`, driven by other directions of the latents."""

    def __init__(self) -> None:
        super().__init__()
        own = torch.tensor([[3.0], [2.2], [1.8]]) * factors(8)[5:8]
        self.layer.weight.data = patterns((1, 8, 8), 3).flatten(1).T @ own


def test_a_training_in_which_the_factors_came_late_says_when() -> None:
    history = [(0, Turned()), (10, Linear()), (20, Linear())]
    settings = replace(QUICK, num_directions=3)
    study = find_directions(Linear(), latents(), history=iter(history), settings=settings)
    steps = study.again(STEP)
    assert steps["place"].unique().tolist() == [0, 10, 20]
    first, late = steps[steps["place"] == 0], steps[steps["place"] > 0]
    assert late["cosine"].min() > 0.999
    assert late["change_cosine"].min() > 0.999
    assert first["cosine"].max() < 0.01  # orthogonal ones
    assert "found at step 0 of the training" in study.verdict()
    by_chance = matched_by_chance(study.directions, 0)
    assert steps["by_chance"].iloc[:3].tolist() == pytest.approx(by_chance.tolist())
    assert steps["change_by_chance"].between(0, 1).all()


def test_a_snapshot_of_other_images_has_no_change_to_compare() -> None:
    class Larger(Linear):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return nn.functional.interpolate(super().forward(z), scale_factor=2)

    study = find_directions(Linear(), latents(), history=[(0, Larger())], settings=QUICK)
    steps = study.again(STEP)
    assert steps["cosine"].notna().all()
    assert steps["change_cosine"].isna().all()


def test_without_draws_and_history_nothing_is_said_of_either() -> None:
    settings = DirectionsSettings(num_random=6, num_held_out=24, num_images=300, num_draws=0)
    study = find_directions(Linear(), latents(), settings=settings)
    assert study.again(DRAW).empty
    assert study.again(STEP).empty
    assert study.is_found_again(1) is None
    assert not {"cosine_from_other_latents", "cosine_at_first_step"} & {*study.metrics()}
    assert "draw" not in study.verdict()
