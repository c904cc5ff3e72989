"""The search finds what its rule says, pair by pair, and leaves no pair out for being quick."""

import numpy as np
import pytest
import torch

from ganatomy.data.coarse import coarse, least_apart, moved
from ganatomy.data.dataset import Dataset
from ganatomy.data.duplicates import _left_over, find_duplicates, found_among
from tests.unit.data import repeated
from tests.unit.data.repeated_plainly import pairs_by_the_rule
from tests.unit.data.test_duplicates import photographs

assert photographs  # a fixture


def _with_copies(images: torch.Tensor, seed: int) -> torch.Tensor:
    """Copies of some among them: moved, saved, with so much noise that the rule has to decide."""
    draw = torch.Generator().manual_seed(seed)
    chosen = images[torch.randperm(len(images), generator=draw)[:24]]
    strength = torch.linspace(1, 30, len(chosen))[:, None, None, None]
    noisy = chosen + strength * torch.randn(chosen.shape, generator=draw)
    changed = [
        repeated.moved(chosen[:8], 1, -1),
        repeated.saved_as_jpeg(chosen[8:16], 60),
        repeated.saved_as_jpeg(repeated.moved(chosen[16:], 0, 1), 85),
        noisy.round().clamp(0, 255).to(torch.uint8),
    ]
    together = torch.cat([images, *changed])
    return together[torch.randperm(len(together), generator=draw)].unique(dim=0)


def _groups(pairs: set[tuple[int, int]], count: int) -> list[int]:
    """The first of all that hangs together, by going on until nothing changes."""
    group = list(range(count))
    while True:
        before = list(group)
        for pair in pairs:
            low = min(group[place] for place in pair)
            for place in pair:
                group[place] = low
        if group == before:
            return group


@pytest.fixture(scope="module", params=["digits", "photographs", "noise"])
def pictures(
    request: pytest.FixtureRequest, digits: Dataset, photographs: torch.Tensor
) -> torch.Tensor:
    if request.param == "digits":
        return _with_copies(digits.images[:100], 0)
    if request.param == "photographs":
        return _with_copies(photographs[::2, :, ::2, 2:50], 1)
    draw = np.random.default_rng(0)
    return _with_copies(torch.from_numpy(draw.integers(0, 256, (80, 3, 9, 14), np.uint8)), 2)


def test_groups_are_those_of_the_rule(pictures: torch.Tensor) -> None:
    pairs = pairs_by_the_rule(pictures.numpy(), pictures.numpy())
    found = find_duplicates(pictures)
    assert 30 <= len(pairs) < 144  # each of 24 has two copies: some are found, and not all
    assert found.group.tolist() == _groups(pairs, len(pictures))


def test_found_among_others_are_those_of_the_rule(pictures: torch.Tensor) -> None:
    images, others = pictures[::3], torch.cat([pictures[1::3], pictures[2::3]])
    pairs = pairs_by_the_rule(images.numpy(), others.numpy())
    wanted = {place for place, _ in pairs}
    assert wanted
    assert set(torch.nonzero(found_among(images, others)).flatten().tolist()) == wanted


def test_the_bound_is_below_what_pixels_say(pictures: torch.Tensor) -> None:
    """Of each with each: of copies, of strangers, of an image with itself."""
    count = len(pictures)
    first, second = torch.cartesian_prod(torch.arange(0, count, 3), torch.arange(count)).unbind(1)
    bound = least_apart(moved(pictures).take(first), coarse(pictures).take(second))
    left = _left_over(pictures[first], pictures[second])
    assert (bound <= left + 1e-3).all()


def test_the_bound_leaves_most_strangers_out(photographs: torch.Tensor) -> None:
    """What it is for: nearly all pairs need no look at their pixels."""
    first, second = torch.arange(len(photographs) - 1), torch.arange(1, len(photographs))
    bound = least_apart(moved(photographs).take(first), coarse(photographs).take(second))
    allowed = 0.03 * photographs.float().var((2, 3)).mean(1)[:-1] + 20
    assert (bound > allowed).double().mean() > 0.9


@pytest.mark.parametrize("kind", ["flat", "stripes", "slope"])
def test_the_bound_of_images_without_two_gradients(kind: str) -> None:
    """Least squares have no answer there, or any."""
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    plane = {"flat": 0 * x + 9, "stripes": 80 * (x % 3), "slope": 7 * (x + y)}[kind]
    images = torch.stack([plane, plane.roll(2, 1), plane + 5])[:, None].to(torch.uint8)
    first, second = torch.cartesian_prod(torch.arange(3), torch.arange(3)).unbind(1)
    bound = least_apart(moved(images).take(first), coarse(images).take(second))
    assert torch.isfinite(bound).all()
    assert (bound <= _left_over(images[first], images[second]) + 1e-3).all()
