"""What was planted is there, and nothing else is."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import chi2_contingency

from ganatomy.data.dataset import Dataset
from tests.planted import CORNERS, TwoCues, digits, random_patch, two_cues, without_effect

COUNT = 2000
CELLS = ("cell_0_0", "cell_0_3", "cell_3_0", "cell_3_3")


@pytest.fixture(scope="module")
def planted() -> TwoCues:
    return two_cues(COUNT, seed=3)


def _cell(images: torch.Tensor, row: int, column: int) -> torch.Tensor:
    return images[:, 0, 7 * row : 7 * row + 7, 7 * column : 7 * column + 7].double()


def _change_by_the_mean(images: torch.Tensor, row: int, column: int) -> float:
    """Mean absolute change in grey levels of a cell that is replaced by its mean image."""
    cell = _cell(images, row, column)
    return float((cell - cell.mean(0)).abs().mean())


def _outside(images: torch.Tensor, *cells: tuple[int, int]) -> torch.Tensor:
    rest = images.clone()
    for row, column in cells:
        rest[..., 7 * row : 7 * row + 7, 7 * column : 7 * column + 7] = 0
    return rest


def test_digits_are_mlxtends_but_for_their_corners(
    mnist_sample: tuple[NDArray[np.uint8], NDArray[np.int64]],
) -> None:
    pixels, labels = map(torch.from_numpy, mnist_sample)
    found = digits(5000, seed=1)
    assert all(_cell(found.images, *corner).max() == 0 for corner in CORNERS)
    expected = _as_rows(_outside(pixels.view(-1, 1, 28, 28), *CORNERS), labels)
    assert _as_rows(found.images, found.labels) == expected
    with pytest.raises(ValueError, match="5001 digits"):
        digits(5001)


def _as_rows(images: torch.Tensor, labels: torch.Tensor) -> list[tuple[bytes, int]]:
    return sorted(zip(map(bytes, images.flatten(1).numpy()), labels.tolist()))


@pytest.mark.parametrize("corner", CORNERS)
def test_a_random_patch_is_uniform_and_alone(corner: tuple[int, int]) -> None:
    images = digits(COUNT).images
    patched = random_patch(images, corner, seed=5)
    assert torch.equal(_outside(patched, corner), _outside(images, corner))
    # a uniform variable in [0, 255] is 64 from its mean on average; 98,000 pixels were drawn
    assert _change_by_the_mean(patched, *corner) == pytest.approx(64, rel=0.01)
    for other in set(CORNERS) - {corner}:
        assert _change_by_the_mean(patched, *other) == 0


def test_patches_tell_nothing_of_each_other() -> None:
    """Correlations of 49 pixels over 2,000 images: their mean square is 1 / 2,000 by chance."""
    cell = _cell(random_patch(digits(COUNT).images, seed=5), 0, 0).flatten(1)
    correlation = torch.corrcoef(cell.T)[*torch.triu_indices(49, 49, 1)]
    assert float(correlation.square().mean() * COUNT) == pytest.approx(1, abs=0.15)
    assert len(torch.unique(cell, dim=0)) == COUNT


def test_a_patch_on_colour_images_of_another_size() -> None:
    images = torch.full((50, 3, 32, 32), 7, dtype=torch.uint8)
    changed = random_patch(images, (3, 1), side=8) != images
    assert changed[..., 24:32, 8:16].float().mean() > 0.98
    assert changed.sum() == changed[..., 24:32, 8:16].sum()
    assert (images == 7).all()


def test_cues_can_be_read_from_the_pixels(planted: TwoCues) -> None:
    bar, texture = (_cell(planted.dataset.images, 0, column) for column in (0, 3))
    # an upright bar differs between columns, a lying one between rows
    upright = bar.mean(1).var(1) > bar.mean(2).var(1)
    assert torch.equal(upright.long(), planted.cues["cell_0_0"])
    assert torch.equal((texture.mean((1, 2)) > 128).long(), planted.cues["cell_0_3"])
    assert float(texture.std((1, 2)).min()) > 15  # a texture, not a flat grey


def test_cues_are_independent(planted: TwoCues) -> None:
    one, two = planted.cues.values()
    labels = planted.dataset.labels
    for first, second in ((one, two), (one, labels), (two, labels)):
        table = torch.zeros(int(first.max()) + 1, int(second.max()) + 1)
        table.index_put_((first, second), torch.ones(COUNT), accumulate=True)
        assert chi2_contingency(table.numpy()).pvalue > 0.01
    for cue in (one, two):
        assert float(cue.double().mean()) == pytest.approx(0.5, abs=3 * 0.5 / COUNT**0.5)


def test_the_mean_changes_cues_much_and_the_inert_cell_hardly(planted: TwoCues) -> None:
    images = planted.dataset.images
    changes = {name: _change_by_the_mean(images, *map(int, name[5:].split("_"))) for name in CELLS}
    # 24 of 49 pixels belong to one kind of bar only: 127.5 from their mean there
    assert changes["cell_0_0"] == pytest.approx(127.5 * 24 / 49, rel=0.01)
    assert changes["cell_0_3"] == pytest.approx(80, rel=0.01)
    assert changes[planted.inert] == pytest.approx(2 / 3, rel=0.02)
    assert changes["cell_3_3"] == 0
    assert set(planted.true) < set(CELLS)


def test_all_else_are_digits(planted: TwoCues) -> None:
    plain = digits(COUNT, seed=3)
    assert torch.equal(_outside(planted.dataset.images, *CORNERS), _outside(plain.images, *CORNERS))
    assert torch.equal(planted.dataset.labels, plain.labels)


def test_without_effect_is_another_order(planted: TwoCues) -> None:
    original = planted.dataset.take(torch.arange(200))
    variants = without_effect(original, ["contrast", "blur"])
    assert list(variants) == ["contrast", "blur"]
    orders = []
    for variant in variants.values():
        order = (variant.images[:, None] == original.images).flatten(2).all(2).long().argmax(1)
        assert sorted(order.tolist()) == list(range(200))
        assert torch.equal(variant.labels, original.labels[order])
        orders.append(order)
    assert not torch.equal(*orders)
    assert all((order != torch.arange(200)).sum() > 180 for order in orders)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: digits(30, seed),
        lambda seed: Dataset(random_patch(digits(30).images, seed=seed), torch.zeros(30).long()),
        lambda seed: two_cues(30, seed).dataset,
        lambda seed: without_effect(digits(30), ["a"], seed)["a"],
    ],
)
def test_the_seed_decides(make: Callable[[int], Dataset]) -> None:
    assert torch.equal(make(0).images, make(0).images)
    assert not torch.equal(make(0).images, make(1).images)
