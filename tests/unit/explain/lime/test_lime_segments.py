"""Segmentations, and the guard against too few segments."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.lime.segments import (
    check,
    default_side,
    from_masks,
    grid,
    quickshift,
    slic,
)


@pytest.fixture(scope="module")
def images(digits: Dataset) -> torch.Tensor:
    return digits.images[::100].float() / 127.5 - 1


@pytest.mark.parametrize(("size", "side"), [(28, 4), (28, 7), (32, 5), (64, 16)])
def test_squares_are_numbered_row_by_row(size: int, side: int) -> None:
    per_row = -(-size // side)
    expected = [[y // side * per_row + x // side for x in range(size)] for y in range(size)]
    assert grid(size, size, side).tolist() == expected


def test_squares_of_an_oblong_image() -> None:
    assert grid(3, 5, 2).tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]
    with pytest.raises(InputError, match="0 px"):
        grid(3, 5, 0)


@pytest.mark.parametrize("size", [28, 32, 48, 64, 100, 128, 256])
def test_default_squares(size: int) -> None:
    side = default_side(size)
    assert 49 <= int(check(grid(size, size, side))) <= 64
    if size in (28, 32):
        assert side == 4


@pytest.mark.parametrize("channels", [1, 3])
def test_slic_follows_the_colours_of_each_image(channels: int) -> None:
    """Three bands of equal colour each: no superpixel reaches into two of them."""
    image = torch.full((2, channels, 24, 24), -1.0)
    image[0, :, 9:15] = 1
    image[1, :, :, 7:16] = 1
    found = slic(image, 16)
    for own, segments in zip(image, found):
        for number in segments.unique():
            assert len(own[0][segments == number].unique()) == 1
    assert not torch.equal(found[0], found[1])
    assert bool((check(found) >= 8).all())


def test_slic_of_digits_finds_about_as_many_as_asked(images: torch.Tensor) -> None:
    counts = check(slic(images, 50))
    assert 25 <= int(counts.min()) <= int(counts.max()) <= 75


def test_quickshift_as_lime_has_it_finds_too_little_in_a_digit(images: torch.Tensor) -> None:
    found = quickshift(images)
    counts = found.flatten(1).amax(1) + 1
    assert int(counts.max()) < 8
    with pytest.raises(InputError, match=f"only {int(counts.max())} segments") as refused:
        check(found)
    assert refused.value.where == "segments"
    assert int(check(quickshift(images, kernel_size=1, max_dist=4)).min()) >= 8


def test_masks_of_the_user_and_the_rest() -> None:
    masks = torch.zeros(2, 2, 3, dtype=torch.bool)
    masks[0, 0, :2] = True
    masks[1, 1, 1:] = True
    assert from_masks(masks).tolist() == [[0, 0, 2], [2, 1, 1]]
    masks[1] = ~masks[0]
    assert from_masks(masks).tolist() == [[0, 0, 1], [1, 1, 1]]


def test_masks_that_overlap_or_are_empty() -> None:
    masks = torch.zeros(3, 4, 4, dtype=torch.bool)
    masks[0, 1:3, 1:3] = True
    masks[2, 3:, 3:] = True
    with pytest.raises(InputError, match="mask 1 is empty"):
        from_masks(masks)
    masks[1, 0, 0] = masks[2, 2, 2] = True
    with pytest.raises(InputError, match="masks 0 and 2 overlap at row 2, column 2"):
        from_masks(masks)


def test_check_counts_and_wants_no_gaps() -> None:
    one = grid(12, 12, 4)
    assert int(check(one)) == 9
    two = torch.stack([one, grid(12, 12, 3)])
    assert check(two).tolist() == [9, 16]
    few = torch.stack([one, grid(12, 12, 6)])
    assert check(few).tolist() == [9, 4]  # the second image alone is left unexplained
    with pytest.raises(InputError, match="only 4 segments"):
        check(few[1:])
    for gap in (one + 1, one * 2):
        with pytest.raises(InputError, match="without gaps"):
            check(gap)
