"""Random subsets: balanced, none of them trivial or there twice."""

import numpy as np
import pytest
import torch

from ganatomy.data.features import subsets
from ganatomy.data.features.subsets import draw_subsets
from ganatomy.errors import InputError


@pytest.mark.parametrize(
    ("num_features", "num_subsets", "share"),
    [(8, 20, 0.5), (40, 64, 0.3), (3, 6, 0.5), (5, 30, 0.5), (4, 10, 0.5)],
)
def test_balanced_and_different(num_features: int, num_subsets: int, share: float) -> None:
    members = draw_subsets(num_features, num_subsets, share, seed=0).numpy()
    assert members.shape == (num_subsets, num_features)
    assert set(members.sum(0)) == {round(num_subsets * share)}
    assert 0 < members.sum(1).min() <= members.sum(1).max() < num_features
    assert len({row.tobytes() for row in members}) == num_subsets


def test_seed() -> None:
    first = draw_subsets(8, 20, 0.5, seed=3)
    assert torch.equal(draw_subsets(8, 20, 0.5, seed=3), first)
    assert not torch.equal(draw_subsets(8, 20, 0.5, seed=4), first)


def test_features_are_independent() -> None:
    """Over many draws two columns agree as chance has it: k of n fixed, (k - 1) / (n - 1)."""
    draws = torch.stack([draw_subsets(6, 20, 0.5, seed=seed) for seed in range(60)]).numpy()
    together = np.mean(draws[..., 0] & draws[..., 1])
    assert together == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(("num_features", "num_subsets"), [(1, 1), (2, 3), (3, 7), (4, 15)])
def test_more_than_there_are(num_features: int, num_subsets: int) -> None:
    message = f"cannot draw {num_subsets} different subsets of {num_features} features"
    with pytest.raises(InputError, match=message):
        draw_subsets(num_features, num_subsets, 0.5, seed=0)


@pytest.mark.parametrize(
    ("num_features", "num_subsets", "remedy"),
    [(8, 9, "At least 10 are needed, and twice"), (3, 4, "At least 5"), (2, 2, "name more feat")],
)
def test_too_few_for_a_regression(num_features: int, num_subsets: int, remedy: str) -> None:
    with pytest.raises(InputError, match=rf"^{num_subsets} subsets of {num_features} ") as caught:
        draw_subsets(num_features, num_subsets, 0.5, seed=0)
    assert caught.value.where == "num_subsets"
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(("num_features", "num_subsets"), [(4, 6), (6, 8), (8, 10)])
def test_contributions_can_be_told_apart(num_features: int, num_subsets: int) -> None:
    """Least squares finds planted ones; on almost half of all balanced designs it could not."""
    planted = np.arange(1.0, num_features + 2)
    for seed in range(30):
        members = draw_subsets(num_features, num_subsets, 0.5, seed=seed).numpy()
        design = np.c_[np.ones(num_subsets), members]
        found = np.linalg.lstsq(design, design @ planted)[0]
        np.testing.assert_allclose(found, planted, rtol=1e-8)


def test_features_that_mirror_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """In what seed 0 draws first, one feature is in wherever another is not."""
    monkeypatch.setattr(subsets, "_DRAWS", 1)
    with pytest.raises(InputError, match="no 6 subsets that tell 4 features apart"):
        draw_subsets(4, 6, 0.5, seed=0)
