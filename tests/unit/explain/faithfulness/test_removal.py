"""Deletion and insertion against a linear network, where every point of the curves is known."""

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.ranks import pixel_ranks
from ganatomy.explain.faithfulness.removal import deletion_insertion
from ganatomy.explain.networks.targets import Target

COUNT, CHANNELS, HEIGHT, WIDTH = 3, 2, 5, 7
PIXELS = HEIGHT * WIDTH


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _linear(weights: torch.Tensor) -> Target:
    layer = nn.Linear(weights.numel(), 1)
    with torch.no_grad():
        layer.weight.copy_(weights.flatten()[None])
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), layer)  # dropout: train mode would show
    return Target("linear", network, lambda images: network(images)[:, 0])


def test_curves_of_a_linear_network_are_sums_of_its_contributions() -> None:
    weights = _random(CHANNELS, HEIGHT, WIDTH)
    target = _linear(weights)
    images = _random(COUNT, CHANNELS, HEIGHT, WIDTH, seed=1)
    fill = _random(COUNT, CHANNELS, HEIGHT, WIDTH, seed=2)
    maps = {name: _random(COUNT, HEIGHT, WIDTH, seed=seed) for name, seed in (("a", 3), ("b", 4))}
    found = deletion_insertion(target, images, maps, fill=fill, num_steps=4, batch_size=5)
    bias = float(target.model.get_parameter("2.bias").detach())
    contributions = (weights * (images - fill)).sum(1).flatten(1).double().numpy()
    of_fill = (weights * fill).flatten(1).sum(1).double().numpy() + bias
    numbers = [0, 9, 18, 26, 35]  # 35 * k / 4, halves to the even number
    for name, given in maps.items():
        order = np.argsort(-given.flatten(1).numpy(), axis=1)
        gained = np.take_along_axis(contributions, order, 1).cumsum(1)
        gained = np.concatenate([np.zeros((COUNT, 1)), gained], 1)[:, numbers]
        insertion = of_fill[:, None] + gained
        deletion = of_fill[:, None] + gained[:, -1:] - gained
        curves = found[name]
        np.testing.assert_allclose(curves.insertion, insertion, atol=1e-5)
        np.testing.assert_allclose(curves.deletion, deletion, atol=1e-5)
        shares = np.array(numbers) / PIXELS
        np.testing.assert_allclose(curves.shares, shares, atol=1e-7)
        expected = trapezoid(insertion, shares), trapezoid(deletion, shares)
        np.testing.assert_allclose(curves.insertion_auc, expected[0], atol=1e-5)
        np.testing.assert_allclose(curves.deletion_auc, expected[1], atol=1e-5)
        np.testing.assert_allclose(curves.faithfulness, expected[0] - expected[1], atol=2e-5)


def test_true_contributions_are_more_faithful_than_any_control_and_their_negative_less() -> None:
    weights = _random(1, 8, 8)
    images = _random(4, 1, 8, 8, seed=1)
    truth = (weights * (images + 1)).sum(1)
    maps = {"truth": truth, "against": -truth, "noise": _random(4, 8, 8, seed=5)}
    found = deletion_insertion(_linear(weights), images, maps, fill=torch.full_like(images, -1))
    assert (found["truth"].faithfulness > found["noise"].faithfulness + 0.1).all()
    assert (found["against"].faithfulness < found["noise"].faithfulness - 0.1).all()


def test_ranks_are_those_of_a_sort() -> None:
    maps = _random(3, 4, 5)
    expected = (-maps.flatten(1).numpy()).argsort(1).argsort(1).reshape(3, 4, 5)
    np.testing.assert_array_equal(pixel_ranks(maps, seed=0), expected)


def test_equal_values_come_in_random_order_and_not_from_the_top() -> None:
    flat = torch.zeros(400, 6, 6)
    ranks = pixel_ranks(flat, seed=0).float()
    # uniform on 0..35: mean 17.5, standard error of 400 draws 0.52
    assert (ranks.mean(0) - 17.5).abs().max() < 4 * 0.52
    assert torch.equal(ranks.flatten(1).sort(1).values, torch.arange(36.0).expand(400, -1))
    assert not torch.equal(ranks[0], ranks[1])


def test_equal_values_come_in_the_same_order_for_every_map() -> None:
    first, second = torch.zeros(2, 6, 6), torch.zeros(2, 6, 6)
    second[:, 0, 0] = 1
    one, two = (pixel_ranks(maps, seed=7).flatten(1) for maps in (first, second))
    assert torch.equal(one[:, 1:].argsort(1), two[:, 1:].argsort(1))
    assert not torch.equal(pixel_ranks(first, seed=7), pixel_ranks(first, seed=8))


def test_a_map_that_is_not_finite_measures_nothing_for_its_image_alone() -> None:
    images = _random(3, 1, 6, 6)
    whole = _random(3, 6, 6, seed=1)
    broken = whole.clone()
    broken[1, 2, 3] = torch.nan
    found = deletion_insertion(
        _linear(_random(1, 6, 6, seed=2)),
        images,
        {"broken": broken, "whole": whole},
        fill=images * 0,
    )
    assert found["broken"].faithfulness.isnan().tolist() == [False, True, False]
    kept = [0, 2]
    assert torch.equal(found["broken"].deletion[kept], found["whole"].deletion[kept])


def test_the_network_is_in_eval_mode_and_given_back_as_it_was() -> None:
    target = _linear(_random(1, 6, 6))
    target.model.train()
    images = _random(3, 1, 6, 6)
    maps, fill = {"m": _random(3, 6, 6, seed=1)}, torch.full((1,), -1.0)
    first, second = (deletion_insertion(target, images, maps, fill=fill)["m"] for _ in range(2))
    assert torch.equal(first.insertion, second.insertion)  # dropout would differ
    assert all(module.training for module in target.model.modules())
    assert all(parameter.requires_grad for parameter in target.model.parameters())


def test_batches_shrink_where_the_memory_does_not_hold_them() -> None:
    inner = _linear(_random(1, 6, 6))

    def score(images: torch.Tensor) -> torch.Tensor:
        if len(images) > 6:
            raise MemoryError
        return inner.score(images)

    images, maps = _random(4, 1, 6, 6), {"m": _random(4, 6, 6, seed=1)}
    warnings: list[str] = []
    progress: list[tuple[int, int]] = []
    target = Target("small", inner.model, score)
    found = deletion_insertion(
        target,
        images,
        maps,
        fill=-images,
        on_progress=lambda done, total: progress.append((done, total)),
        on_warning=warnings.append,
    )
    expected = deletion_insertion(inner, images, maps, fill=-images)
    torch.testing.assert_close(found["m"].deletion, expected["m"].deletion)
    assert warnings
    assert progress[-1] == (2 * 4 * 13, 2 * 4 * 13)


def test_a_single_step_has_both_ends_only() -> None:
    images, weights = _random(2, 1, 4, 4), _random(1, 4, 4, seed=1)
    target = _linear(weights)
    curves = deletion_insertion(target, images, {"m": images[:, 0]}, fill=images * 0, num_steps=1)[
        "m"
    ]
    assert curves.deletion.shape == (2, 2)
    torch.testing.assert_close(curves.deletion, curves.insertion.flip(1))


@pytest.mark.parametrize(
    ("maps", "num_steps", "words"),
    [
        ({}, 4, "no maps"),
        ({"m": torch.zeros(2, 7, 5)}, 4, r"m is \(2, 7, 5\)"),
        ({"m": torch.zeros(2, 5, 7)}, 0, "0 steps"),
        ({"m": torch.zeros(2, 5, 7)}, 36, "36 steps for 35 pixels"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    maps: dict[str, torch.Tensor], num_steps: int, words: str
) -> None:
    images = _random(2, 1, 5, 7)
    with pytest.raises(InputError, match=words):
        deletion_insertion(
            _linear(_random(1, 5, 7)), images, maps, fill=images, num_steps=num_steps
        )
