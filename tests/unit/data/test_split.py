"""What becomes of pictures that are there twice."""

import dataclasses

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.duplicates import found_among
from ganatomy.data.prepare import Prepared, prepare
from ganatomy.data.reading import Limits
from ganatomy.data.sources import TEST, TRAIN, UNSPLIT, Raw
from ganatomy.data.split import draw_test
from ganatomy.errors import InputError
from ganatomy.rng import generator
from tests.unit.data.repeated import moved, saved_as_jpeg


def _spoilt(digits: Dataset) -> Raw:
    """Three hundred digits and 24 of them again: equal, saved anew, moved."""
    chosen = torch.arange(0, 240, 10)
    again = digits.images[chosen]
    planted = torch.cat([again[:8], saved_as_jpeg(again[8:16], 90), moved(again[16:], 1, 1)])
    labels = torch.cat([digits.labels, digits.labels[chosen]])
    return Raw(
        torch.cat([digits.images, planted]),
        labels,
        torch.full_like(labels, UNSPLIT),
        digits.class_names,
        (),
        "test",
    )


def _prepare(raw: Raw, choice: str, **more: int) -> Prepared:
    values = {"image_size": 28, "channels": 0, "min_images": 2, "seed": 0} | more
    return prepare(
        raw,
        test_fraction=0.2,
        limits=Limits(),
        progress=lambda done, total: None,
        duplicates=choice,
        **values,
    )


def test_no_picture_is_on_both_sides_of_a_split_that_is_drawn(digits: Dataset) -> None:
    raw = _spoilt(digits)
    kept, together = _prepare(raw, "keep"), _prepare(raw, "together")
    crossing = [int(found_among(p.test.images, p.train.images).sum()) for p in (kept, together)]
    assert crossing == [kept.repeats.num_held_out_in_training, 0]
    assert crossing[0] > 3
    assert together.repeats.num_held_out_in_training == 0
    assert (together.repeats.num_groups, together.repeats.num_equal) == (24, 8)
    assert together.repeats.num_near == 16
    assert len(together.train) + len(together.test) == 324
    counts = together.test.labels.bincount(minlength=10)
    assert (counts - 0.2 * raw.labels.bincount()).abs().max() <= 1  # still stratified
    rows = together.duplicates
    assert [row["how"] for row in rows] == ["equal"] * 8 + ["nearly equal"] * 16
    assert all(row["split"] == row["split_of_repeated"] for row in rows)
    assert rows[1] == {**rows[1], "file": "image 301", "repeats": "image 10"}


def test_dropped_ones_are_dropped_and_the_first_stays(digits: Dataset) -> None:
    found = _prepare(_spoilt(digits), "drop")
    assert found.repeats.num_dropped == 24
    assert len(found.train) + len(found.test) == 300
    assert {row["split"] for row in found.duplicates} == {"dropped"}
    clean = Raw(
        digits.images, digits.labels, torch.full((300,), UNSPLIT), digits.class_names, (), ""
    )
    again = _prepare(clean, "keep")
    assert found.test.images.equal(again.test.images)
    assert found.train.images.equal(again.train.images)
    with pytest.raises(InputError, match="only 300 usable images"):
        _prepare(_spoilt(digits), "drop", min_images=301)


@pytest.mark.parametrize("choice", ["keep", "together", "drop"])
def test_a_split_of_the_sources_own_stays_and_is_counted(digits: Dataset, choice: str) -> None:
    split = torch.full((324,), TRAIN)
    split[:100] = TEST  # ten of the planted ones are of these
    found = _prepare(dataclasses.replace(_spoilt(digits), split=split), choice)
    expected = {"keep": (224, 100), "together": (224, 100), "drop": (210, 90)}[choice]
    assert (len(found.train), len(found.test)) == expected
    assert found.repeats.num_held_out_in_training == (0 if choice == "drop" else 10)


def test_a_group_with_two_labels_is_counted(digits: Dataset) -> None:
    raw = _spoilt(digits)
    raw.labels[300:303] = (raw.labels[300:303] + 1) % 10
    assert _prepare(raw, "together").repeats.num_labelled_apart == 3


def test_without_duplicates_the_draw_is_the_first_share_of_each_class(digits: Dataset) -> None:
    """As it always was, so that results of the same data stay the same."""
    labels = digits.labels[:-13]
    order = torch.randperm(len(labels), generator=generator(4, "prepare", "split"))
    expected = torch.zeros(len(labels), dtype=torch.bool)
    for label in range(10):
        members = [k for k in order.tolist() if labels[k] == label]
        expected[members[: round(len(members) * 0.3)]] = True
    assert draw_test(labels, 0.3, 4).equal(expected)
    assert draw_test(labels, 0.3, 4, group=torch.arange(len(labels))).equal(expected)


def test_a_group_that_is_too_large_to_hold_out_is_trained_on() -> None:
    group = torch.cat([torch.zeros(70, dtype=torch.int64), torch.arange(70, 100)])
    found = draw_test(torch.zeros(100, dtype=torch.int64), 0.2, 0, group=group)
    assert found.sum() == 6  # of the 30 that can be held out
    assert not found[:70].any()


def test_images_that_are_all_one_cannot_be_divided() -> None:
    images = torch.full((6, 1, 28, 28), 9, dtype=torch.uint8)
    labels = torch.zeros(6, dtype=torch.int64)
    raw = Raw(images, labels, torch.full_like(labels, UNSPLIT), ("a",), (), "test")
    with pytest.raises(InputError, match="all 6 images are equal or nearly so"):
        _prepare(raw, "together")
    assert len(_prepare(raw, "keep").test) == 1


@pytest.mark.parametrize("num_blank", [90, 150, 180, 195])
def test_many_copies_of_one_picture_do_not_take_the_others_from_training(num_blank: int) -> None:
    labels = torch.zeros(200, dtype=torch.int64)
    group = torch.arange(200)
    group[:num_blank] = 0
    is_test = draw_test(labels, 0.2, 0, group=group)
    assert not is_test[:num_blank].any()
    assert int(is_test.sum()) == round((200 - num_blank) * 0.2)
