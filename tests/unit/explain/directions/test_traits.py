"""How steady and how pure directions are: against scipy, a closed form and planted mixtures."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from ganatomy.explain.directions.traits import TRAIT_COLUMNS, monotony, purity, shrunk_correlations
from tests.unit.explain.directions.planted import DIM, factors, patterns
from tests.unit.explain.directions.test_methods import latents

QUICK = DirectionsSettings(num_random=6, num_held_out=24, num_images=300, num_draws=0)
PATTERNS = patterns((1, 8, 8), 3)


class Mixed(nn.Module):
    """One factor drives the first pattern, a second one the other two alike."""

    def __init__(self) -> None:
        super().__init__()
        own = factors(2)
        first = torch.outer(PATTERNS[0].flatten(), own[0])
        others = torch.outer((PATTERNS[1] + PATTERNS[2]).flatten(), own[1]) / 2**0.5
        # what all latents do a little keeps the three patterns apart in images that nobody moved
        rest = factors(DIM)[2:5]
        spread = torch.einsum("pv,pd->vd", PATTERNS.flatten(1), rest)
        self.layer = nn.Linear(DIM, 64, bias=False)
        self.layer.weight.data = 3.0 * first + 2.0 * others + spread

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return 0.2 * self.layer(z).unflatten(1, (1, 8, 8))


READERS = {
    name: lambda images, own=own: (images * own).sum((1, 2, 3))
    for name, own in zip("abc", PATTERNS)
}


def test_a_direction_of_one_concept_is_pure_and_one_of_two_is_half() -> None:
    study = find_directions(Mixed(), latents(3000), readers=READERS, settings=QUICK)
    traits = study.traits
    assert traits.columns.tolist() == TRAIT_COLUMNS
    assert traits["concept"].iloc[0] == "a"
    assert traits["purity"].iloc[0] > 0.97
    # b and c correlate by r = 2 / (2 + 1): of (1, 1) either tells (1 + r) / 2
    assert traits["purity"].iloc[1] == pytest.approx((1 + 2 / 3) / 2, abs=0.04)
    assert traits["purity_of_random"].iloc[0] < 0.9
    assert traits["monotony"].iloc[:2].min() == pytest.approx(1.0)
    assert ((traits["purity_low"] <= traits["purity"]) | traits["purity"].isna()).all()


def test_monotony_is_spearmans_correlation() -> None:
    readings = torch.randn(5, 30, generator=torch.Generator().manual_seed(0)).double()
    readings[:, 4] = 1.0  # never moves: no part in it
    by_scipy = [0.0 if n == 4 else spearmanr(range(5), readings[:, n]).statistic for n in range(30)]
    found = monotony(readings, True)
    assert found.value == pytest.approx(np.mean(by_scipy))
    half = 2.0452 * np.std(by_scipy, ddof=1) / 30**0.5  # Student's t, 29 degrees of freedom
    assert found.high - found.value == pytest.approx(half, rel=1e-3)
    assert monotony(readings, False).value == pytest.approx(-found.value)


def test_purity_is_a_squared_cosine_in_the_metric_of_the_correlations() -> None:
    draw = torch.Generator().manual_seed(1)
    own = torch.randn(4, 4, generator=draw).double()
    covariance = own @ own.T + torch.eye(4)
    scale = covariance.diagonal().rsqrt()
    correlations = covariance * scale[:, None] * scale
    effect = torch.randn(4, generator=draw).double()
    root = torch.linalg.cholesky(torch.linalg.inv(correlations)).T
    for concept in range(4):
        cosine = torch.cosine_similarity(root @ effect, root @ correlations[:, concept], dim=0)
        found = purity(effect[:, None].expand(4, 10), correlations, concept)
        assert found.value == pytest.approx(float(cosine) ** 2)
        assert found.high - found.low == pytest.approx(0.0, abs=1e-9)


def test_purity_is_not_lowered_by_latents_that_differ() -> None:
    """Noise of 30 more concepts adds to each square, and not to products of two latents."""
    draw = torch.Generator().manual_seed(2)
    found = []
    for _ in range(60):
        effects = torch.randn(31, 24, generator=draw).double()
        effects[0] += 1.0
        whole = effects.mean(1)
        found.append(
            (purity(effects, torch.eye(31), 0).value, whole[0] ** 2 / whole.square().sum())
        )
    fair, plain = np.nanmedian(np.array(found, dtype=float), 0)
    assert plain < 0.55
    assert fair > 0.85


def test_correlations_are_those_of_numpy_shrunk_towards_none() -> None:
    values = torch.randn(3, 400, generator=torch.Generator().manual_seed(3)).double()
    values[1] += 2 * values[0]
    found, plain = shrunk_correlations(values).numpy(), np.corrcoef(values.numpy())
    assert np.allclose(found.diagonal(), 1.0)
    assert 0.8 < found[0, 1] / plain[0, 1] <= 0.95 + 1e-9


def test_overlap_is_the_cosine_of_mean_changes() -> None:
    class Overlapping(nn.Module):
        """Two factors whose patterns have a cosine of 0.6, behind a bend that leaves them alone."""

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            own = z @ factors(2).T
            second = 0.6 * PATTERNS[0] + 0.8 * PATTERNS[1]
            parts = 2.0 * own[:, 0, None, None, None] * PATTERNS[0]
            return parts + own[:, 1, None, None, None] * second

    study = find_directions(Overlapping(), latents(), readers=READERS, settings=QUICK)
    changes = study.mean_changes.flatten(1)
    for number in (1, 2):
        row = study.traits.iloc[number - 1]
        others = torch.cosine_similarity(changes[number - 1], changes, dim=1).abs()
        others[number - 1] = 0
        assert row["overlap"] == pytest.approx(float(others.max()), abs=1e-5)
        assert row["overlaps_with"] == int(others.argmax()) + 1
