"""Infidelity and sensitivity against captum's, and on a linear network."""

from typing import Any

import pytest
import torch
from captum.metrics import infidelity as captum_infidelity
from captum.metrics import sensitivity_max
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.infidelity import infidelity, rectangles, sensitivity
from ganatomy.explain.networks.targets import Target

SIZE = 10


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _network() -> Target:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1)
        )
        network(torch.zeros(1, 1, SIZE, SIZE))
    return Target("small", network, lambda images: network(images)[:, 0])


def test_infidelity_is_captums_where_the_best_factor_is_positive() -> None:
    target, images = _network(), _random(5, 1, SIZE, SIZE)
    fill = torch.full_like(images, -1)
    gradient = torch.autograd.grad(
        target.values(leaf := images.clone().requires_grad_()).sum(), leaf
    )[0]
    maps = {"gradient x input": (gradient * (images - fill))[:, 0], "noise": images[:, 0]}
    found = infidelity(
        target, images, maps, fill=fill, seed=3, num_samples=20, relative=False, batch_size=7
    )
    masks = rectangles(5, 20, SIZE, SIZE, seed=3).flatten(0, 1)[:, None].float()

    def perturb(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return masks, inputs * (1 - masks) - masks

    compared = 0
    for name, given in maps.items():
        expected, unscaled = (
            captum_infidelity(
                target.score,
                perturb,
                images,
                scale * given[:, None],
                n_perturb_samples=20,
                normalize=normalize,
            )
            for scale, normalize in ((1, True), (1e-4, False))
        )
        nothing = captum_infidelity(target.score, perturb, images, 0 * images, n_perturb_samples=20)
        helps = unscaled < nothing  # a little of the map is better than none: positive factor
        compared += int(helps.sum())
        torch.testing.assert_close(found[name][helps], expected[helps].detach(), rtol=1e-4, atol=0)
        torch.testing.assert_close(found[name][~helps], nothing[~helps], rtol=1e-4, atol=0)
    assert 5 <= compared < 10  # both kinds are there


def test_true_contributions_foretell_a_linear_network_in_any_unit_but_not_upside_down() -> None:
    weights, images = _random(2, SIZE, SIZE), _random(3, 2, SIZE, SIZE, seed=1)
    fill = _random(3, 2, SIZE, SIZE, seed=2)
    target = Target("linear", nn.Identity(), lambda batch: (batch * weights).sum((1, 2, 3)))
    truth = (weights * (images - fill)).sum(1)
    maps = {"truth": truth, "large": 1000 * truth, "against": -truth, "none": 0 * truth}
    found = infidelity(target, images, maps, fill=fill, seed=0)
    torch.testing.assert_close(found["truth"], torch.zeros(3), rtol=0, atol=1e-6)
    torch.testing.assert_close(found["large"], torch.zeros(3), rtol=0, atol=1e-6)
    assert torch.equal(found["against"], torch.ones(3))
    assert torch.equal(found["none"], torch.ones(3))


def test_half_of_the_truth_is_half_infidelity() -> None:
    # independent falls of two halves of the image: a map that knows one explains half of the square
    images = torch.ones(200, 1, SIZE, SIZE)
    signs = torch.randint(0, 2, (200, 1, SIZE, SIZE), generator=torch.Generator().manual_seed(1))
    weights = (2 * signs - 1).float()
    calls = iter([200, 200 * 40])

    def score(batch: torch.Tensor) -> torch.Tensor:
        return (batch * weights.repeat_interleave(next(calls) // 200, 0)).sum((1, 2, 3))

    half = weights[:, 0].clone()
    half[torch.rand(half.shape, generator=torch.Generator().manual_seed(2)) < 0.5] = 0
    target = Target("signs", nn.Identity(), score)
    found = infidelity(
        target, images, {"half": half}, fill=images * 0, seed=0, num_samples=40, batch_size=8000
    )
    assert float(found["half"].median()) == pytest.approx(0.5, abs=0.1)


def test_rectangles_are_whole_and_their_sides_uniform() -> None:
    found = rectangles(50, 40, 8, 12, seed=0)
    assert found.shape == (50, 40, 8, 12)
    rows, columns = found.any(3), found.any(2)
    assert torch.equal(found, rows[..., None] & columns[..., None, :])
    for part, longest in ((rows, 4), (columns, 6)):
        number = part.sum(2)
        assert sorted(number.unique().tolist()) == list(range(1, longest + 1))
        assert float(number.float().mean()) == pytest.approx((1 + longest) / 2, rel=0.05)
        starts = part.diff(dim=2, prepend=torch.zeros_like(part[..., :1])).int()
        assert (part[..., :-1] & ~part[..., 1:]).sum(2).max() == 1 >= starts.min()
    assert not torch.equal(found, rectangles(50, 40, 8, 12, seed=1))
    assert not torch.equal(found[0], found[1])


def test_an_image_that_cannot_fall_and_a_broken_map_measure_nothing() -> None:
    images = _random(3, 1, SIZE, SIZE)
    fill = _random(3, 1, SIZE, SIZE, seed=1)
    fill[0] = images[0]
    maps = {"m": _random(3, SIZE, SIZE, seed=2)}
    maps["m"][1, 3, 3] = torch.nan
    found = infidelity(_network(), images, maps, fill=fill, seed=0)
    assert found["m"].isnan().tolist() == [True, True, False]


def test_one_sample_is_refused() -> None:
    images = _random(1, 1, SIZE, SIZE)
    with pytest.raises(InputError, match="1 samples"):
        infidelity(_network(), images, {"m": images[:, 0]}, fill=-images, seed=0, num_samples=1)


def test_sensitivity_is_captums_for_the_same_noise() -> None:
    target, images = _network(), _random(4, 1, SIZE, SIZE)
    seen: list[torch.Tensor] = []

    def explain(batch: torch.Tensor) -> dict[str, torch.Tensor]:
        seen.append(batch)
        leaf = batch.clone().requires_grad_()
        with torch.enable_grad():
            gradient = torch.autograd.grad(target.values(leaf).sum(), leaf)[0]
        return {"gradient": gradient[:, 0], "input": batch[:, 0]}

    found = sensitivity(explain, images, seed=2, radius=0.3, num_samples=6)
    noisy = torch.stack(seen[1:], 1)  # (n, samples, c, h, w), as captum repeats its inputs
    largest = float((noisy - images[:, None]).abs().max())
    assert 0.29 < largest < 0.3 + 1e-6
    for name in found:

        def of_method(batch: Any, name: str = name) -> tuple[torch.Tensor]:
            return (explain(batch[0] if isinstance(batch, tuple) else batch)[name],)

        expected = sensitivity_max(
            of_method, images, lambda inputs: noisy.flatten(0, 1), n_perturb_samples=6
        )
        torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=0)


def test_what_ignores_the_image_is_not_sensitive_and_a_zero_map_measures_nothing() -> None:
    images = _random(2, 1, SIZE, SIZE)
    constant = _random(2, SIZE, SIZE, seed=4)
    found = sensitivity(
        lambda batch: {"constant": constant, "zero": 0 * constant, "input": batch[:, 0]},
        images,
        seed=0,
    )
    assert torch.equal(found["constant"], torch.zeros(2))
    assert found["zero"].isnan().all()
    # noise uniform in +-r has norm r * sqrt(100 / 3); the image's own is in the denominator
    size = 0.04 * (SIZE * SIZE / 3) ** 0.5
    expected = size / images.flatten(1).norm(dim=1)
    torch.testing.assert_close(found["input"], expected, rtol=0.25, atol=0)
    assert (found["input"] > expected).all()  # the largest of ten
