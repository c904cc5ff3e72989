"""Pictures that were planted twice are found, and pictures that resemble each other are not."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from sklearn.datasets import load_sample_images

from ganatomy.data.dataset import Dataset
from ganatomy.data.duplicates import find_duplicates, found_among
from tests.unit.data.repeated import moved, saved_as_jpeg


@pytest.fixture(scope="module")
def photographs() -> torch.Tensor:
    """Pieces of two photographs, 64 px, all with something on them."""
    pieces = [
        torch.from_numpy(photo[y : y + 64, x : x + 64].copy()).permute(2, 0, 1)
        for photo in load_sample_images().images
        for y in range(0, 384, 64)
        for x in range(0, 640, 64)
    ]
    images = torch.stack(pieces)
    return images[images.float().std((1, 2, 3)) > 30]


def _planted(kind: str, images: torch.Tensor) -> torch.Tensor:
    if kind.startswith("jpeg"):
        return saved_as_jpeg(images, int(kind.removeprefix("jpeg")))
    if kind == "moved and saved":
        return saved_as_jpeg(moved(images, 1, 0), 90)
    return moved(images, 1, -1) if kind == "moved" else images.clone()


KINDS = ["equal", "jpeg95", "jpeg75", "moved", "moved and saved"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", ["digits", "photographs"])
def test_each_planted_one_is_found_beside_its_own(
    what: str, kind: str, digits: Dataset, photographs: torch.Tensor
) -> None:
    images = digits.images if what == "digits" else photographs
    images = images[~find_duplicates(images).in_groups]
    chosen = torch.arange(5, 25)
    found = find_duplicates(torch.cat([images, _planted(kind, images[chosen])]))
    least = 0.4 if (what, kind) == ("photographs", "jpeg75") else 0.95
    assert (found.group[len(images) :] == chosen).double().mean() >= least
    assert found.group[: len(images)].equal(torch.arange(len(images)))
    assert found.in_groups.sum() == 2 * found.is_repeated.sum()
    is_equal = found.equal != torch.arange(len(found.equal))
    assert int(is_equal.sum()) == (20 if kind == "equal" else 0)


def test_of_all_the_digits_none_is_there_twice(mnist_sample: tuple[object, object]) -> None:
    """Five hundred handwritten ones among them."""
    images = torch.as_tensor(mnist_sample[0]).reshape(-1, 1, 28, 28)
    assert not find_duplicates(images).is_repeated.any()
    for seed in range(4):  # in a small set, neighbours are farther away
        order = torch.randperm(5000, generator=torch.Generator().manual_seed(seed))
        assert not find_duplicates(images[order[:300]]).is_repeated.any()


def test_a_group_is_all_that_hangs_together(digits: Dataset) -> None:
    first = digits.images[[40]]
    middle, last = saved_as_jpeg(first, 85), moved(first, 0, 1)
    images = torch.cat([digits.images[:40], last, digits.images[80:120], first, first, middle])
    found = find_duplicates(images)
    assert torch.nonzero(found.in_groups).flatten().tolist() == [40, 81, 82, 83]
    assert found.group[found.in_groups].tolist() == [40] * 4
    assert found.equal[82] == 81


def test_found_among_others_says_which(digits: Dataset) -> None:
    train, held_out = digits.images[:200], digits.images[200:].clone()
    held_out[7], held_out[9:12] = train[3], moved(train[60:63], -1, 0)
    assert torch.nonzero(found_among(held_out, train)).flatten().tolist() == [7, 9, 10, 11]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_very_few_images(count: int) -> None:
    images = torch.arange(count, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28)
    found = find_duplicates(200 * images)
    assert found.group.tolist() == list(range(count))
    assert found_among(images, images).tolist() == [True] * count


LARGE = 128  # as people have pictures: twice as large as they are prepared
Pixels = NDArray[np.uint8]


def _pieces(start: int) -> list[Pixels]:
    """Pieces of two photographs that do not overlap, beginning so many pixels from the corner."""
    return [
        photo[y + start : y + start + LARGE, x + start : x + start + LARGE]
        for photo in load_sample_images().images
        for y in range(0, 256, LARGE)
        for x in range(0, 512, LARGE)
    ]


def _resized(image: Pixels, side: int) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC))


def _saved(image: Pixels, quality: int) -> Pixels:
    tensor = torch.from_numpy(image.copy()).permute(2, 0, 1)[None]
    pixels: Pixels = saved_as_jpeg(tensor, quality)[0].permute(1, 2, 0).numpy()
    return pixels


def _prepared(images: list[Pixels], side: int) -> torch.Tensor:
    """Each cut and resized as a file is."""
    fitted = [
        np.asarray(ImageOps.fit(Image.fromarray(image), (side, side), Image.Resampling.LANCZOS))
        for image in images
    ]
    return torch.from_numpy(np.stack(fitted)).permute(0, 3, 1, 2).contiguous()


COPIES: dict[str, tuple[Callable[[Pixels], Pixels], float]] = {
    "smaller": (lambda image: _resized(image, 96), 0.95),
    "larger": (lambda image: _resized(image, 160), 0.95),
    "saved anew": (lambda image: _saved(image, 75), 0.95),
    "saved badly": (lambda image: _saved(image, 50), 0.9),
    "smaller and saved anew": (lambda image: _saved(_resized(image, 96), 75), 0.9),
}


@pytest.mark.parametrize("side", [32, 64])
@pytest.mark.parametrize("kind", COPIES)
def test_copies_of_larger_pictures_are_found(kind: str, side: int) -> None:
    images = [image for image in _pieces(0) if image.std() > 30]
    change, least = COPIES[kind]
    both = _prepared([*images, *map(change, images)], side)
    found = find_duplicates(both).group
    assert found[: len(images)].equal(torch.arange(len(images)))
    assert (found[len(images) :] == torch.arange(len(images))).double().mean() >= least


@pytest.mark.parametrize(("side", "least"), [(32, 0.95), (64, 0.7)])
def test_larger_pictures_cut_a_pixel_beside_are_found(side: int, least: float) -> None:
    pairs = [pair for pair in zip(_pieces(0), _pieces(1)) if pair[0].std() > 30]
    both = _prepared([*(one for one, _ in pairs), *(other for _, other in pairs)], side)
    found = find_duplicates(both).group
    assert found[: len(pairs)].equal(torch.arange(len(pairs)))
    assert (found[len(pairs) :] == torch.arange(len(pairs))).double().mean() >= least
