"""Concepts against scikit-learn's ridge regression, and what is no concept."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ganatomy.errors import InputError
from ganatomy.explain.networks import concepts
from ganatomy.explain.networks.concepts import Concept, fit_concept


def _features(count: int = 200, num: int = 6) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    scales = torch.logspace(-2, 2, num)
    return (torch.randn(count, num, generator=draw) + 3) * scales


def _thickness(features: torch.Tensor, noise: float) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    standard = features / features.std(0)
    weights = torch.linspace(-1, 2, features.shape[1])
    return 40 + 5 * (standard @ weights + noise * torch.randn(len(features), generator=draw))


@pytest.mark.parametrize("noise", [0.0, 1.0, 20.0])
def test_it_is_a_ridge_regression_judged_on_images_it_has_not_seen(
    noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = _features()
    values = _thickness(features, noise)
    split: list[torch.Tensor] = []
    ridge = concepts._ridge

    def watched(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        split.append(x)
        return ridge(x, y)

    monkeypatch.setattr(concepts, "_ridge", watched)
    found = fit_concept("thickness", features, values)
    (first,) = split
    seen = np.array([(row == first.float()).all(1).any() for row in features])
    assert seen.sum() == 100
    x = features.double().numpy()
    y = values.double().numpy()
    y = (y - y.mean()) / y.std(ddof=1)
    # StandardScaler divides by n, torch's std by n - 1
    penalty = 0.01 * 100 * 100 / 99
    model = make_pipeline(StandardScaler(), Ridge(alpha=penalty)).fit(x[seen], y[seen])
    assert found.r2 == pytest.approx(r2_score(y[~seen], model.predict(x[~seen])), abs=1e-6)
    np.testing.assert_allclose(found.read(features), model.predict(x), atol=1e-4)
    assert found.is_readable == (noise < 5)
    assert found.weights.dtype == torch.float32


def test_unknown_values_are_left_out() -> None:
    features = _features()
    values = _thickness(features, 1.0)
    known = torch.arange(200) % 3 > 0
    found = fit_concept("t", features, values.where(known, torch.tensor(torch.nan)))
    expected = fit_concept("t", features[known], values[known])
    assert torch.equal(found.weights, expected.weights)
    assert found.r2 == expected.r2


def test_images_that_come_in_turn_are_not_split_by_it() -> None:
    """Every other image is of class 1, in which the feature says nothing."""
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(400, 1, generator=draw)
    values = features[:, 0] * (torch.arange(400) % 2 == 0)
    found = fit_concept("t", features, values)
    # half of the variance of y is x's: slope 1/2 explains half of it
    assert 0.3 < found.r2 < 0.65


@pytest.mark.parametrize("silent", [0.0, 7.3])
def test_a_unit_that_is_silent_in_what_is_seen_counts_for_nothing(silent: float) -> None:
    """However large it gets elsewhere; in 20 draws it is at least once loud in the unseen half."""
    features = _features()
    values = _thickness(features, 0.1)
    expected = fit_concept("t", features, values)
    num_loud = 0
    for loud in range(20):
        extra = torch.full((200, 1), silent)
        extra[loud] = 1e4
        found = fit_concept("t", torch.cat([features, extra], 1), values)
        if float(found.weights[-1]) == 0:
            num_loud += 1
            torch.testing.assert_close(found.weights[:-1], expected.weights)
            assert found.r2 == pytest.approx(expected.r2, abs=1e-6)
    assert 3 < num_loud < 17


def test_reading_is_a_linear_function_in_the_features_precision() -> None:
    what = Concept("t", torch.tensor([1.0, -2.0]), 0.5, 0.9)
    features = torch.tensor([[3.0, 1.0], [0.0, 1.0]], dtype=torch.float64)
    assert what.read(features).tolist() == [1.5, -1.5]
    assert what.read(features).dtype == torch.float64


def test_unreadable_below_half_of_the_variance() -> None:
    for r2, readable in ((0.5, True), (0.49, False), (float("nan"), False)):
        assert Concept("t", torch.zeros(1), 0.0, r2).is_readable == readable


def test_what_does_not_vary_is_refused() -> None:
    features = _features(60)
    values = _thickness(features, 0.1)
    few = values.clone()
    few[19:] = torch.nan
    with pytest.raises(InputError, match="concept t has 19 known values, 19 of them different"):
        fit_concept("t", features, few)
    for same in (torch.full((60,), 0.1), torch.eye(60)[5]):
        with pytest.raises(InputError, match=r"concept t has 60 known values, [12] of them"):
            fit_concept("t", features, same)


def test_features_that_are_not_finite_are_refused() -> None:
    features = _features()
    values = _thickness(features, 0.1)
    features[3, 2] = torch.inf
    with pytest.raises(InputError, match="features for concept t are not finite"):
        fit_concept("t", features, values)
    values[3] = torch.nan  # where the value is not known they do not matter
    assert fit_concept("t", features, values).is_readable
