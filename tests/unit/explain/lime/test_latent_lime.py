"""LIME over latents against closed forms and captum's gradients."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import Saliency
from scipy import stats
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.latents import LatentExplanations, latent_importance, latent_lime
from ganatomy.explain.lime.settings import LimeSampling
from ganatomy.explain.networks.targets import Chain, Target, d_logit_of_g

DIM = 6
Score = Callable[[torch.Tensor], torch.Tensor]


def _explain(target: Target, z: torch.Tensor, seed: int = 0, **options: Any) -> LatentExplanations:
    of_sampling = {field.name for field in fields(LimeSampling)} & set(options)
    sampling = LimeSampling(**{name: options.pop(name) for name in of_sampling})
    return latent_lime(target, z, seed, sampling=sampling, **options)


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=draw, dtype=torch.float64)


def _target(score: Score) -> Target:
    return Target("t", nn.Identity(), score)


def _bent(z: torch.Tensor) -> torch.Tensor:
    """No surrogate is right about it: odd and even products of several coordinates."""
    return z.prod(1) + z[:, 0] * z[:, 1] * z[:, 2] + z[:, 3]


@pytest.mark.parametrize("design", ["iid", "paired", "orthogonal"])
def test_a_linear_target_is_found_exactly(design: str) -> None:
    weights, z = _draw(DIM), _draw(3, DIM, seed=1)
    found = _explain(
        _target(lambda z: z @ weights + 2), z, 0, design=design, num_samples=128, ridge=1e-9
    )
    torch.testing.assert_close(found.coefficients, weights.expand(3, -1), rtol=0, atol=1e-8)
    torch.testing.assert_close(found.r2, torch.ones(3).double(), rtol=0, atol=1e-9)
    torch.testing.assert_close(found.target_values, z @ weights + 2, rtol=0, atol=1e-12)
    assert float((found.high - found.low).max()) < 1e-6
    assert found.refusals == ["", "", ""]


@pytest.mark.parametrize("design", ["paired", "orthogonal"])
@pytest.mark.parametrize("radius", [0.1, 0.5, 2.0])
def test_of_a_quadratic_target_the_gradient_is_left(design: str, radius: float) -> None:
    half = _draw(DIM, DIM)
    matrix, z = half + half.T, _draw(2, DIM, seed=1)
    target = _target(lambda z: torch.einsum("ni,ij,nj->n", z, matrix, z))
    found = _explain(target, z, 0, radius=radius, design=design, num_samples=128, ridge=1e-9)
    torch.testing.assert_close(found.coefficients, 2 * z @ matrix, rtol=0, atol=1e-7)
    assert (found.held_out_r2 < found.r2).all()
    assert (found.r2 < 1 - 1e-5).all()


def test_of_a_cubic_target_the_secant_is_left() -> None:
    z, radius = _draw(2, DIM), 0.7
    found = _explain(
        _target(lambda z: (z**3).sum(1)), z, 0, radius=radius, num_samples=128, ridge=1e-9
    )
    secant = ((z + radius) ** 3 - (z - radius) ** 3) / (2 * radius)
    torch.testing.assert_close(found.coefficients, secant, rtol=0, atol=1e-7)


def test_a_small_radius_gives_captums_gradient() -> None:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(DIM, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh())
    discriminator = nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))
    target = d_logit_of_g(generator.double(), discriminator.double())
    z = _draw(4, DIM)
    found = _explain(target, z, 0, radius=1e-3, num_samples=64, ridge=1e-9)
    gradient = Saliency(Chain(g=generator, d=discriminator)).attribute(
        z.clone().requires_grad_(), abs=False
    )
    torch.testing.assert_close(found.coefficients, gradient.detach(), rtol=1e-4, atol=1e-6)
    assert (found.r2 > 0.999).all()
    assert generator.training
    assert all(parameter.requires_grad for parameter in target.model.parameters())


def test_along_directions_the_slope_is_the_inner_product() -> None:
    weights, directions, z = _draw(DIM), _draw(9, DIM, seed=1), _draw(2, DIM, seed=2)
    found = _explain(
        _target(lambda z: z @ weights), z, 0, directions=directions, num_samples=256, ridge=1e-9
    )
    expected = (directions @ weights).expand(2, -1)
    torch.testing.assert_close(found.coefficients, expected, rtol=0, atol=1e-7)


def test_each_coordinate_moves_by_the_radius_and_the_class_stays() -> None:
    seen: list[torch.Tensor] = []

    def score(z: torch.Tensor) -> torch.Tensor:
        seen.append(z.clone())
        return z.sum(1)

    z = torch.cat([torch.zeros(1, DIM), torch.tensor([[0.0, 1.0, 0.0]])], 1)
    found = _explain(_target(score), z, 0, radius=0.25, num_classes=3, num_samples=64)
    everything = torch.cat(seen)[1:]  # the first is z itself
    assert found.coefficients.shape == (1, DIM)
    assert everything[:, :DIM].abs().unique().tolist() == [0.25]
    assert (everything[:, DIM:] == z[0, DIM:]).all()
    assert len(everything) == int(found.num_samples[0]) == 64


@pytest.mark.parametrize("design", ["iid", "paired", "orthogonal"])
def test_a_latent_has_its_own_samples_whoever_comes_with_it(design: str) -> None:
    z = _draw(5, DIM)

    def explain(which: torch.Tensor, seed: int, batch_size: int = 1024) -> torch.Tensor:
        return _explain(
            _target(_bent), which, seed, design=design, num_samples=96, batch_size=batch_size
        ).coefficients

    together = explain(z, 0)
    torch.testing.assert_close(explain(z[3:4], 0)[0], together[3], rtol=0, atol=1e-12)
    torch.testing.assert_close(explain(z.flip(0), 0, 7).flip(0), together, rtol=0, atol=1e-12)
    assert float((explain(z, 1) - together).abs().max()) > 1e-4
    twice = explain(torch.stack([z[0], z[0] + 1e-9]), 0)
    assert float((twice[0] - twice[1]).abs().max()) > 1e-4  # another latent, other samples


def test_the_tolerance_is_in_units_of_the_coefficients() -> None:
    def explain(tolerance: float) -> LatentExplanations:
        z = _draw(4, DIM)
        target = _target(_bent)
        return _explain(target, z, 0, num_samples=64, design="paired", tolerance=tolerance)

    def widest(explanations: LatentExplanations) -> torch.Tensor:
        return (explanations.high - explanations.low).amax(1) / 2

    few = explain(0.0)
    tolerance = float(widest(few).median())
    found = explain(tolerance)
    enough = widest(few) <= tolerance
    assert 0 < int(enough.sum()) < 4
    assert (widest(found) <= tolerance).all()
    assert (found.num_samples[enough] == 64).all()
    assert (found.num_samples[~enough] > 64).all()


def test_what_does_not_vary_or_is_not_finite_is_refused() -> None:
    def score(z: torch.Tensor) -> torch.Tensor:
        usual = z.sum(1)
        rounded = 1 + 1e-7 * usual / usual.abs()
        flat = torch.where(z[:, 0] > 50, rounded, usual)
        return torch.where(z[:, 0] < -50, torch.nan, flat)

    z = torch.zeros(3, DIM)
    z[1, 0], z[2, 0] = 100, -100
    found = _explain(_target(score), z, 0, num_samples=64)
    assert found.refusals[0] == ""
    assert "constant" in found.refusals[1]
    assert "not finite" in found.refusals[2]
    assert found.coefficients[0].isfinite().all()
    assert found.coefficients[1:].isnan().all()
    importance = latent_importance(found)
    np.testing.assert_allclose(importance["mean_abs"], found.coefficients[0].abs())
    assert importance[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"radius": 0.0}, "radius"),
        ({"directions": torch.zeros(2, DIM + 1)}, "directions"),
        ({"directions": torch.zeros(DIM)}, "directions"),
        ({"num_classes": DIM}, "classes"),
        ({"num_samples": 8}, "samples"),
        ({"design": "sobol"}, "sobol"),
    ],
)
def test_what_cannot_be_done_is_said(given: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        _explain(_target(_bent), _draw(1, DIM), 0, **given)


@pytest.mark.parametrize("shape", [(0, DIM), (DIM,), (1, DIM, 1, 1)])
def test_what_is_no_latents_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="latent_dim"):
        _explain(_target(_bent), torch.zeros(shape), 0)


def test_a_target_of_the_wrong_shape_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="target t"):
        _explain(_target(lambda z: z), _draw(1, DIM), 0)


def test_importance_is_the_mean_over_latents_with_its_interval() -> None:
    z = _draw(12, DIM)
    found = _explain(_target(lambda z: (z**2).sum(1) / 2 + 3 * z[:, 1]), z, 0, ridge=1e-9)
    importance = latent_importance(found, [f"coordinate {k}" for k in range(DIM)])
    gradient = z.clone()
    gradient[:, 1] += 3
    sizes = gradient.abs().numpy()
    np.testing.assert_allclose(importance["mean"], gradient.mean(0), atol=1e-7)
    np.testing.assert_allclose(importance["mean_abs"], sizes.mean(0), atol=1e-7)
    low, high = stats.t.interval(0.95, 11, sizes.mean(0), stats.sem(sizes, axis=0))
    np.testing.assert_allclose(importance["low"], low.clip(0), atol=1e-7)
    np.testing.assert_allclose(importance["high"], high, atol=1e-7)
    assert importance["name"].tolist()[-1] == "coordinate 5"


def test_a_coordinate_without_effect_shows_just_the_noise() -> None:
    z = 2 * _draw(150, DIM)

    def score(z: torch.Tensor) -> torch.Tensor:
        return z[:, 0] * z[:, 1] * z[:, 2] + z[:, 3]  # 4 and 5 are not in it

    found = _explain(_target(score), z, 0, radius=1.0, design="iid", num_samples=64)
    importance = latent_importance(found)
    idle, busy = importance.iloc[4:], importance.iloc[[0, 1, 2]]
    np.testing.assert_allclose(idle["mean_abs"], idle["noise"], rtol=0.2)
    assert (busy["mean_abs"] > 3 * busy["noise"]).all()


def test_the_noise_of_a_refused_latent_does_not_count() -> None:
    found = _explain(_target(_bent), _draw(3, DIM), 0, num_samples=64, design="iid")
    gone = found.standard_errors.clone()
    coefficients = found.coefficients.clone()
    gone[1], coefficients[1] = torch.nan, torch.nan
    refused = replace(found, standard_errors=gone, coefficients=coefficients)
    expected = found.standard_errors[[0, 2]].mean(0) * (2 / np.pi) ** 0.5
    np.testing.assert_allclose(latent_importance(refused)["noise"], expected)
