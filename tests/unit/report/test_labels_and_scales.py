"""Names that fit, and when an axis becomes logarithmic."""

import numpy as np
import pytest

from ganatomy.report.figures.labels import one_line, shortened, wrapped
from ganatomy.report.figures.scales import is_wide, ticks


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("contrast", 8, "contrast"),
        ("contrasts", 8, "cont…sts"),
        ("attribute_A-permute", 9, "attr…mute"),
    ],
)
def test_a_long_name_keeps_both_ends(text: str, most: int, expected: str) -> None:
    assert shortened(text, most) == expected
    assert len(expected) <= most


def test_titles_lose_the_network_and_whole_words() -> None:
    title = "G: Fréchet distance,\nevaluator features"
    assert one_line(title, 40) == "Fréchet distance, evaluator features"
    assert one_line(title, 30) == "Fréchet distance, evaluator …"
    assert wrapped(title, 11) == "Fréchet\ndistance,\nevaluator\nfeatures"


@pytest.mark.parametrize(
    ("magnitudes", "wide"),
    [
        ([2.0, 60.0], False),
        ([2.0, 61.0], True),
        ([0.001, 29.0], False),  # below 1 is noise, whatever its size
        ([0.001, 31.0], True),
        ([100.0, 200.0], False),
        ([1.0, np.nan, np.inf], False),
        ([np.nan], False),
        ([], False),
    ],
)
def test_an_axis_is_stretched_beyond_thirty_times(magnitudes: list[float], wide: bool) -> None:
    assert is_wide(np.array(magnitudes)) == wide


@pytest.mark.parametrize(
    ("largest", "expected"),
    [
        (0.3, [0, 1]),
        (35, [0, 1, 3, 10, 30]),
        (700, [0, 1, 3, 10, 30, 100, 300]),
        (2e4, [0, 1, 10, 100, 1000, 10_000]),
    ],
)
def test_ticks_are_round_and_few(largest: float, expected: list[float]) -> None:
    assert ticks(largest) == expected
