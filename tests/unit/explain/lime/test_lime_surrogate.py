"""The batched regressions against scikit-learn, the package lime, and loops in numpy."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.metrics import pairwise_distances, r2_score

from ganatomy.explain.lime import surrogate
from ganatomy.explain.lime.reference import package_coefficients
from ganatomy.explain.lime.surrogate import Surrogate, cosine_weights, fit

N, S, D = 3, 60, 9


def _data(paired: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(8)
    half = torch.rand(N, S // 2, D, generator=draw) < 0.5
    other = ~half if paired else torch.rand(N, S // 2, D, generator=draw) < 0.5
    masks = torch.stack([half, other], 2).flatten(1, 2)
    masks[:, 0], masks[:, 1] = True, False
    x = masks.double()
    values = (x[..., :4] @ torch.tensor([2.0, -1, 0.5, 3]).double()).tanh() + x[..., 1] * x[..., 5]
    values = values + 0.3 * torch.randn(N, S, generator=draw).double()
    return masks, values, cosine_weights(masks)


def test_weights_are_those_of_lime_image() -> None:
    masks, _, weights = _data(paired=False)
    for own, found in zip(masks, weights):
        distance = pairwise_distances(own.double(), np.ones((1, D)), metric="cosine").ravel()
        np.testing.assert_allclose(found, np.sqrt(np.exp(-(distance**2) / 0.25**2)), rtol=1e-12)
    assert float(weights[0, 0]) == 1
    assert float(weights[0, 1]) == pytest.approx(np.exp(-8))  # all hidden: a distance of 1


@pytest.mark.parametrize("ridge", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("cluster_size", [1, 2])
def test_coefficients_intercept_and_r2_are_those_of_scikit_learn(
    ridge: float, cluster_size: int
) -> None:
    masks, values, weights = _data(cluster_size == 2)
    found = fit(masks, values, weights, ridge=ridge, cluster_size=cluster_size)
    for row in range(N):
        data = (masks[row].numpy().astype(float), values[row].numpy())
        expected = Ridge(alpha=ridge).fit(*data, sample_weight=weights[row].numpy())
        np.testing.assert_allclose(found.coefficients[row], expected.coef_, rtol=0, atol=1e-8)
        assert float(found.intercept[row]) == pytest.approx(expected.intercept_, abs=1e-8)
        score = expected.score(*data, sample_weight=weights[row].numpy())
        assert float(found.r2[row]) == pytest.approx(score, abs=1e-10)


@pytest.mark.parametrize("width", [0.25, 1.0])
def test_coefficients_are_those_of_the_packages_own_model(width: float) -> None:
    masks, values, _ = _data(paired=False)
    found = fit(masks, values, cosine_weights(masks, width), ridge=1.0)
    for row in range(N):
        expected, r2 = package_coefficients(masks[row], values[row], width)
        torch.testing.assert_close(found.coefficients[row], expected, rtol=0, atol=1e-8)
        assert float(found.r2[row]) == pytest.approx(r2, abs=1e-8)


@pytest.mark.parametrize("ridge", [1e-3, 2.0])
@pytest.mark.parametrize("cluster_size", [1, 2])
def test_held_out_r2_is_that_of_refitting_without_each_cluster(
    ridge: float, cluster_size: int
) -> None:
    masks, values, weights = _data(cluster_size == 2)
    found = fit(masks, values, weights, ridge=ridge, cluster_size=cluster_size)
    for row in range(N):
        x, y, w = masks[row].double().numpy(), values[row].numpy(), weights[row].numpy()
        predicted = np.empty(S)
        for start in range(0, S, cluster_size):
            out = np.arange(start, start + cluster_size)
            kept = np.delete(np.arange(S), out)
            model = Ridge(alpha=ridge).fit(x[kept], y[kept], sample_weight=w[kept])
            predicted[out] = model.predict(x[out])
        expected = r2_score(y, predicted, sample_weight=w)
        assert float(found.held_out_r2[row]) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("cluster_size", [1, 2])
def test_standard_errors_are_the_sandwich_of_bell_and_mccaffrey(cluster_size: int) -> None:
    masks, values, weights = _data(cluster_size == 2)
    ridge = 0.5
    found = fit(masks, values, weights, ridge=ridge, cluster_size=cluster_size)
    quantile = stats.t.ppf(0.975, S // cluster_size - D - 1)
    for row in range(N):
        root = np.sqrt(weights[row].numpy())[:, None]
        x = np.hstack([np.ones((S, 1)), masks[row].double().numpy()]) * root
        y = values[row].numpy()[:, None] * root
        bread = np.linalg.inv(x.T @ x + np.diag([0.0, *[ridge] * D]))
        residual = y - x @ bread @ x.T @ y
        meat = np.zeros((D + 1, D + 1))
        for start in range(0, S, cluster_size):
            own = slice(start, start + cluster_size)
            left = np.eye(cluster_size) - x[own] @ bread @ x[own].T
            size, axes = np.linalg.eigh(left)
            score = x[own].T @ (axes / np.sqrt(size)) @ axes.T @ residual[own]
            meat += score @ score.T
        expected = np.sqrt(np.diag(bread @ meat @ bread))[1:]
        np.testing.assert_allclose(found.standard_errors[row], expected, rtol=1e-8)
        center = found.coefficients[row].numpy()
        np.testing.assert_allclose(found.low[row], center - quantile * expected, rtol=1e-8)
        np.testing.assert_allclose(found.high[row], center + quantile * expected, rtol=1e-8)


def test_a_sample_of_weight_zero_takes_no_part() -> None:
    masks, values, weights = _data(paired=True)
    weights[:, :2] = 0
    found = fit(masks, values + 100 * (torch.arange(S) < 2), weights, cluster_size=2)
    expected = fit(masks[:, 2:], values[:, 2:], weights[:, 2:], cluster_size=2)
    for name, value in vars(expected).items():
        torch.testing.assert_close(getattr(found, name), value, msg=name)


def test_explanations_solved_apart_are_those_solved_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = fit(*_data(paired=True), cluster_size=2)
    monkeypatch.setattr(surrogate, "_ELEMENTS", 1)
    apart = fit(*_data(paired=True), cluster_size=2)
    for name, value in vars(together).items():
        torch.testing.assert_close(getattr(apart, name), value, rtol=1e-9, atol=1e-12)


def test_the_default_ridge_does_not_shrink_and_that_of_lime_does() -> None:
    """A linear target of 128 samples: 1 / (1 + 128 / 8) is 6 % off."""
    draw = torch.Generator().manual_seed(0)
    masks = torch.rand(1, 128, D, generator=draw) < 0.5
    truth = torch.linspace(-2, 2, D).double()
    values, weights = masks.double() @ truth, cosine_weights(masks)

    def slope(found: Surrogate) -> float:
        return float(found.coefficients[0] @ truth / (truth @ truth))

    assert slope(fit(masks, values, weights)) == pytest.approx(1, abs=2e-4)
    assert slope(fit(masks, values, weights, ridge=1.0)) == pytest.approx(0.94, abs=0.02)


def test_a_constant_target_has_no_r2_and_few_samples_no_interval() -> None:
    masks, values, weights = _data(paired=False)
    found = fit(masks, torch.ones_like(values), weights)
    assert float(found.coefficients.abs().max()) < 1e-12
    few = fit(masks[:, : D + 1], values[:, : D + 1], weights[:, : D + 1])
    assert bool(few.coefficients.isfinite().all())
    assert bool(torch.cat([few.low, few.high, few.standard_errors]).isnan().all())
    assert bool(found.r2.isnan().all())
