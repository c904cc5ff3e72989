"""ROAD: the imputation against the reference's sparse solve, the score against a plain loop."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer  # type: ignore[import-untyped]
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.road import (
    IMPUTERS,
    blur_fill,
    hot_deck_fill,
    linear_fill,
    road,
)
from ganatomy.explain.networks.targets import Target

SIZE = 12


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _network(channels: int = 1) -> Target:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(channels, 4, 3, stride=2), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1)
        )
        network(torch.zeros(1, channels, SIZE, SIZE))
    return Target("small", network, lambda images: network(images)[:, 0])


def _block(size: int) -> torch.Tensor:
    removed = torch.zeros(size, size, dtype=torch.bool)
    removed[1 : size - 2, 2:] = True
    return removed


HOLES: dict[str, Callable[[], torch.Tensor]] = {
    "scattered": lambda: _random(28, 28, seed=3) > -0.4,
    "block": lambda: _block(28),
    "all but one pixel": lambda: torch.arange(784).view(28, 28) != 300,
    "one pixel in the corner": lambda: torch.arange(784).view(28, 28) == 0,
}


@pytest.mark.parametrize("hole", HOLES)
@pytest.mark.parametrize("channels", [1, 3])
def test_linear_imputation_is_the_reference_solution(hole: str, channels: int) -> None:
    images = _random(2, channels, 28, 28)
    removed = torch.stack([HOLES[hole](), HOLES[hole]().flip(1)])
    found = linear_fill(images, removed)
    reference = NoisyLinearImputer(noise=0)
    for image, gone, filled in zip(images, removed, found):
        expected = reference(image, (~gone).float())
        torch.testing.assert_close(filled, expected, rtol=0, atol=5e-4)
        assert torch.equal(filled[:, ~gone], image[:, ~gone])


def test_blur_imputation_is_a_weighted_mean_of_what_is_left() -> None:
    height, width = 6, 9
    images, removed = _random(2, 2, height, width), _random(2, height, width, seed=1) > 0
    found = blur_fill(images, removed)
    for n, y, x in np.argwhere(removed.numpy()):
        total, weights = np.zeros(2), 0.0
        for v, u in np.argwhere(~removed[n].numpy()):
            weight = np.exp(-((y - v) ** 2) / 2 / (height / 8) ** 2)
            weight *= np.exp(-((x - u) ** 2) / 2 / (width / 8) ** 2)
            total += weight * images[n, :, v, u].numpy()
            weights += weight
        np.testing.assert_allclose(found[n, :, y, x], total / weights, atol=1e-5)


def test_a_hot_deck_takes_from_the_donor_nearest_in_what_is_left() -> None:
    images, donors = _random(3, 2, SIZE, SIZE), _random(7, 2, SIZE, SIZE, seed=8)
    removed = _random(3, SIZE, SIZE, seed=1) > 0
    others = _random(3, 7, seed=2) > -0.5
    found = hot_deck_fill(images, removed, donors, others=others)
    for image, gone, allowed, filled in zip(images, removed, others, found):
        far = [float(((image - each)[:, ~gone] ** 2).sum()) for each in donors]
        nearest = min(np.flatnonzero(allowed), key=lambda donor: far[donor])
        assert torch.equal(filled[:, gone], donors[nearest][:, gone])
        assert torch.equal(filled[:, ~gone], image[:, ~gone])


def test_no_image_is_filled_from_itself() -> None:
    images = _random(3, 1, SIZE, SIZE)
    maps = {"m": _random(3, SIZE, SIZE, seed=1)}
    found = road(_network(), images, maps, imputer="hot_deck", pool=images, noise=0)["m"]
    for index in range(3):
        rest = torch.cat([images[:index], images[index + 1 :]])
        given = {"m": maps["m"][index : index + 1]}
        one = images[index : index + 1]
        alone = road(_network(), one, given, imputer="hot_deck", pool=rest, noise=0)["m"]
        assert float(found[index]) == pytest.approx(float(alone[0]), abs=1e-5)
    for pool in (None, images[:1], images[:0]):
        nothing = road(_network(), images[:1], {"m": maps["m"][:1]}, imputer="hot_deck", pool=pool)
        assert nothing["m"].isnan().all()


def _of_others(images: torch.Tensor, removed: torch.Tensor) -> torch.Tensor:
    return hot_deck_fill(images, removed, _random(5, 1, SIZE, SIZE, seed=4))


@pytest.mark.parametrize("fill", [linear_fill, blur_fill, _of_others])
def test_imputation_knows_nothing_of_what_was_removed(
    fill: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
) -> None:
    images, removed = _random(2, 1, SIZE, SIZE), _block(SIZE).expand(2, -1, -1)
    changed = torch.where(removed[:, None], _random(2, 1, SIZE, SIZE, seed=9), images)
    torch.testing.assert_close(fill(changed, removed), fill(images, removed), rtol=0, atol=0)


def test_score_is_that_of_a_loop_over_the_reference() -> None:
    target, images = _network(3), _random(3, 3, SIZE, SIZE)
    maps = {"a": _random(3, SIZE, SIZE, seed=1), "b": images.mean(1)}
    shares = (0.1, 0.4)
    found = road(target, images, maps, shares=shares, noise=0, batch_size=7)
    reference = NoisyLinearImputer(noise=0)
    for name, given in maps.items():
        for index in range(3):
            order = np.argsort(-given[index].flatten().numpy())
            differences = []
            for number in (14, 58):  # 144 pixels
                values = []
                for gone in (order[-number:], order[:number]):
                    kept = torch.ones(SIZE * SIZE)
                    kept[torch.from_numpy(gone.copy())] = 0
                    filled = reference(images[index], kept.view(SIZE, SIZE))
                    values.append(float(target.values(filled[None]).detach()))
                differences.append(values[0] - values[1])
            assert float(found[name][index]) == pytest.approx(np.mean(differences), abs=1e-4)


@pytest.mark.parametrize("imputer", IMPUTERS)
def test_a_true_map_scores_above_noise_and_its_negative_the_opposite(imputer: str) -> None:
    # a bright disc on black; the target is the brightness of the disc
    grid = torch.arange(SIZE) - SIZE / 2
    disc = (grid[:, None] ** 2 + grid**2) < 9
    images = torch.where(disc, 1.0, -1.0).expand(4, 1, -1, -1).clone()
    target = Target("disc", nn.Identity(), lambda batch: batch[:, 0, disc].mean(1))
    truth = disc.float().expand(4, -1, -1) + 0.01 * _random(4, SIZE, SIZE, seed=2)
    maps = {"truth": truth, "against": -truth, "noise": _random(4, SIZE, SIZE, seed=1)}
    pool = -torch.ones(1, 1, SIZE, SIZE)
    found = road(target, images, maps, imputer=imputer, pool=pool)
    assert (found["truth"] > found["noise"] + 0.3).all()
    torch.testing.assert_close(found["against"], -found["truth"], rtol=0, atol=1e-4)


def test_noise_is_on_imputed_pixels_alone_and_repeatable() -> None:
    seen: list[torch.Tensor] = []

    def score(batch: torch.Tensor) -> torch.Tensor:
        seen.append(batch)
        return batch.mean((1, 2, 3))

    images = torch.zeros(2, 1, 28, 28)  # any imputation of it is 0 again
    target = Target("mean", nn.Identity(), score)
    maps = {"m": _random(2, 28, 28)}
    first = road(target, images, maps, shares=(0.5,), noise=0.01, seed=4)
    changed = torch.cat(seen)
    assert ((changed != 0).sum((1, 2, 3)) == 392).all()
    assert float(changed[changed != 0].std()) == pytest.approx(0.01, rel=0.1)
    assert torch.equal(first["m"], road(target, images, maps, shares=(0.5,), seed=4)["m"])
    assert not torch.equal(first["m"], road(target, images, maps, shares=(0.5,), seed=5)["m"])


def test_a_map_that_is_not_finite_measures_nothing_for_its_image_alone() -> None:
    maps = {"m": _random(3, SIZE, SIZE)}
    maps["m"][2, 0, 0] = torch.inf
    found = road(_network(), _random(3, 1, SIZE, SIZE), maps, imputer="blur")
    assert found["m"].isnan().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"imputer": "magic"}, "no imputer 'magic'"),
        ({"shares": (0.5, 1.0)}, "shares"),
        ({"shares": ()}, "shares"),
    ],
)
def test_what_cannot_be_measured_is_refused(options: dict[str, object], words: str) -> None:
    images = _random(1, 1, SIZE, SIZE)
    with pytest.raises(InputError, match=words):
        road(_network(), images, {"m": images[:, 0]}, **options)  # type: ignore[arg-type]
