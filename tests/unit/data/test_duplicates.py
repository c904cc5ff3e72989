"""Pictures that were planted twice are found, and pictures that resemble each other are not."""

import pytest
import torch
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
