"""Held-out images that are in training too set no threshold and no floor."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.metrics.independence import Independence, by_pixels, check_independence
from ganatomy.metrics.memorisation import CANNOT_TELL, COPIES, NO_SIGN, judge_memorisation
from ganatomy.metrics.nearness import three_samples
from tests.unit.data.repeated import moved, saved_as_jpeg


def _by_distance(train: torch.Tensor, held_out: torch.Tensor) -> Independence:
    flat = (part.flatten(1).double() for part in (train, held_out, held_out[:2]))
    return check_independence({"pixels": three_samples(*flat)})


@pytest.mark.parametrize("seed", range(5))
def test_digits_are_independent_of_each_other(digits: Dataset, seed: int) -> None:
    """Handwritten ones resemble each other, and are different ones."""
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    held_out, train = digits.images[order].tensor_split([80])
    assert not by_pixels(train, held_out).any()
    assert _by_distance(train, held_out).num_in_training == 0


@pytest.mark.parametrize("quality", [90, 75])
def test_digits_saved_anew_are_found_by_pixels_and_by_distance(
    digits: Dataset, quality: int
) -> None:
    train, held_out = digits.images[:220], digits.images[220:].clone()
    held_out[3:13] = saved_as_jpeg(train[50:60], quality)
    planted = torch.zeros(80, dtype=torch.bool)
    planted[3:13] = True
    assert by_pixels(train, held_out).equal(planted)
    found = _by_distance(train, held_out).in_training
    assert not found[~planted].any()
    assert found.sum() >= 8


def test_distances_see_no_digit_that_was_moved_and_pixels_do(digits: Dataset) -> None:
    train, held_out = digits.images[:220], digits.images[220:].clone()
    held_out[3:13] = moved(train[50:60], 1, -1)
    assert by_pixels(train, held_out).nonzero().flatten().tolist() == list(range(3, 13))
    assert _by_distance(train, held_out).num_in_training == 0


def test_points_on_a_line_are_no_copies_of_each_other() -> None:
    """In one dimension, a point in a thousand is a thousand times nearer than the others are."""
    draw = torch.Generator().manual_seed(0)
    found = 0
    for _ in range(20):
        train, held_out = (torch.rand(n, 1, generator=draw).double() for n in (2000, 500))
        found += _by_distance(train, held_out).num_in_training
    assert found <= 50  # of 10,000: well below the hundredth that sets the threshold


@pytest.mark.parametrize(("lost", "left"), [(0, 30), (20, 10), (21, 30), (30, 30)])
def test_what_is_left_out_unless_too_little_is_left(lost: int, left: int) -> None:
    found = Independence(torch.arange(30) < lost)
    assert found.num_in_training == lost
    assert found.of(torch.arange(30)).tolist() == list(range(30 - left, 30))


@pytest.mark.parametrize("share_twice", [0.0, 0.01, 0.02, 0.04, 0.08])
def test_a_generator_of_training_images_copies_whatever_was_saved_twice(
    mnist_sample: tuple[object, object], share_twice: float
) -> None:
    pixels = torch.as_tensor(mnist_sample[0]).flatten(1).double()
    draw = torch.Generator().manual_seed(5)
    pool = pixels[torch.randperm(5000, generator=draw)[:2000]]
    folder = torch.cat([pool, pool[: int(share_twice * 2000)]])
    held_out, train = folder[torch.randperm(len(folder), generator=draw)].tensor_split([400])
    both = {row.numpy().tobytes() for row in train} & {row.numpy().tobytes() for row in held_out}
    found = judge_memorisation({"pixels": three_samples(train, held_out, train[:400])}, 0)
    assert found.verdict == COPIES
    assert found.independence.num_in_training == len(both)
    assert ("also among the training images" in found.reason) == (share_twice > 0)
    honest = judge_memorisation({"pixels": three_samples(train, held_out, pixels[-400:])}, 0)
    evidence = honest.spaces["pixels"]
    assert evidence.copies.threshold > 0
    # some of the last digits are in the pool: the threshold counts as many as there are
    there = {row.numpy().tobytes() for row in train}
    copied = sum(row.numpy().tobytes() in there for row in pixels[-400:]) / 400
    assert evidence.copies.share == pytest.approx(copied + (1 - copied) * 0.01, abs=0.02)


def test_nothing_is_told_by_held_out_images_that_are_all_in_training(digits: Dataset) -> None:
    rows = digits.images.flatten(1).double()
    for fakes in (rows[:100], rows[200:]):
        found = judge_memorisation({"pixels": three_samples(rows[:200], rows[:50], fakes)}, 0)
        assert found.verdict == CANNOT_TELL
        assert found.reason.startswith("50 of 50 held-out images are also among the training")


@pytest.mark.parametrize(("num_held_out", "verdict"), [(6, CANNOT_TELL), (60, NO_SIGN)])
def test_a_verdict_that_would_not_see_half_of_copies_is_none(
    digits: Dataset, num_held_out: int, verdict: str
) -> None:
    rows = digits.images.flatten(1).double()
    held_out, fakes = rows[150 : 150 + num_held_out], rows[220:].clone()
    samples = three_samples(rows[:150], held_out, fakes)
    found = judge_memorisation({"pixels": samples}, 0)
    assert found.verdict == verdict
    assert (found.spaces["pixels"].detectable > 0.5) == (verdict == CANNOT_TELL)
    if verdict == CANNOT_TELL:
        assert found.reason.startswith("6 held-out images")
        fakes[:] = rows[:80]  # all of them copies is seen all the same
        certain = three_samples(rows[:150], held_out, fakes)
        assert judge_memorisation({"pixels": certain}, 0).verdict == COPIES


def test_distances_accuse_nobody_whom_pixels_have_cleared() -> None:
    """Of simple pictures among others the nearest are nearer than the others' law would have it."""
    draw = torch.Generator().manual_seed(7)
    points = torch.randn(1000, 32, generator=draw, dtype=torch.float64)
    held_out = points[800:].clone()
    held_out[:40] = points[:40] * 1.001  # as near as a picture that was saved anew
    held_out[40:50] = points[40:50]
    samples = {"points": three_samples(points[:800], held_out, held_out)}
    cleared = torch.zeros(200, dtype=torch.bool)
    assert check_independence(samples).num_in_training >= 50
    assert check_independence(samples, cleared).num_in_training == 10
