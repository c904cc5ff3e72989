"""Sentences on data and training, read against the figures that they are made from."""

import math
import re

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.report.sections.data_words import finding_of_classes, finding_of_data, is_drawn
from ganatomy.report.sections.training_words import finding_of_curves, finding_of_training


def _points(values: list[float]) -> pd.DataFrame:
    rows = [(100 * k, "train/fcd@500", value) for k, value in enumerate(values)]
    other = [(100 * k, "train/diversity", 0.0) for k in range(len(values))]
    return pd.DataFrame([*rows, *other], columns=["step", "name", "value"])


@given(st.lists(st.floats(0.01, 1000), min_size=2, max_size=8), st.integers(0, 7))
def test_the_way_and_the_best_probe_are_those_of_the_curve(values: list[float], place: int) -> None:
    place = min(place, len(values) - 1)
    said = finding_of_curves(_points(values), 100 * place)
    first, last = values[0], values[-1]
    assert (" fell " not in said) or last < first
    assert (" rose " not in said) or last > first
    if abs(last - first) > 0.06 * first:
        assert " fell " in said or " rose " in said
    assert ("the best of" in said) == (values[place] == min(values)) or "while the best" in said
    if values[place] > min(values):
        best = re.search(r"while the best of \d+ probes was \S+ at step ([\d,]+)\.", said)
        assert best
        assert values[int(best[1].replace(",", "")) // 100] == min(values)


def test_what_was_not_measured_is_not_told() -> None:
    points = _points([3.0, 2.0])
    assert "No probe measured" in finding_of_curves(points[points["name"] != "train/fcd@500"], 100)
    assert "No probe measured" in finding_of_curves(_points([math.nan, math.nan]), 100)
    guessing = finding_of_curves(points, 100, "it guesses")
    assert "not measured: it guesses" in guessing
    assert not re.search(r"\d", guessing)
    assert "which was not measured" in finding_of_curves(points, 50)


@given(st.lists(st.sampled_from(["it stood still", "it collapsed"]), max_size=3))
def test_the_training_held_only_where_nothing_was_found(broken: list[str]) -> None:
    said = finding_of_training(5, broken)
    assert said.startswith("The training held") == (not broken)
    assert all(each in said for each in broken)


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 50)))
def test_classes_are_shared_out_as_counted(counts: dict[str, int]) -> None:
    said = finding_of_classes(counts)
    assert (said == "") == (not counts)
    equal = len(set(counts.values())) == 1
    assert said.startswith(("Each of", "The one class")) == equal
    if counts and not equal:
        most, fewest = max(counts.values()), min(counts.values())
        assert f"has {most} training image" in said
        times = re.search(r"([\d.]+) times fewer", said)
        assert (times is not None) == (fewest > 0 and most >= 2 * fewest)
        if times:
            assert abs(float(times[1]) - most / fewest) < 0.01 * most / fewest
    assert is_drawn(counts) == (len(counts) > 6 and not equal)


@given(st.integers(0, 3), st.integers(0, 3))
def test_what_is_wrong_with_data_is_said_first(refused: int, shared: int) -> None:
    card = {
        "train": {"num_images": 4000, "image_size": 28},
        "test": {"num_images": 1},
        "num_quarantined": refused,
        "duplicates": {"num_held_out_in_training": shared},
    }
    said = finding_of_data(card)
    assert said.startswith("4,000 training images of 28 × 28 px, and 1 image held out")
    assert ("none was refused" in said) == (refused == shared == 0)
    assert ("also in training" in said) == (shared > 0)
