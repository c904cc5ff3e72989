"""Section prepare: what may be said in more than one way, and what is answered to anything else."""

import pytest

from ganatomy.errors import InputError
from tasks.prepare.params import Prepare


def test_a_window_is_a_rule_or_two_levels() -> None:
    assert Prepare.check({"window": "seen"}, "x").levels() == "seen"
    assert Prepare.check({"window": [0, 4095.5]}, "x").levels() == (0, 4095.5)


@pytest.mark.parametrize("wrong", ["sen", [3, 3], [9, 3], [1, 2, 3], [True, 3], {"a": 1}, 7])
def test_another_window_is_refused_in_one_sentence(wrong: object) -> None:
    with pytest.raises(InputError, match=r"prepare\.window = .* is not allowed") as caught:
        Prepare.check({"window": wrong}, "x")
    assert "use auto, full, seen, or two levels" in caught.value.remedy


@pytest.mark.parametrize("right", ["auto", 0, 255])
def test_a_background_is_a_rule_or_a_grey(right: object) -> None:
    assert Prepare.check({"background": right}, "x").background == right


@pytest.mark.parametrize("wrong", ["white", 256, -1, True, 0.5, [1]])
def test_another_background_is_refused_in_one_sentence(wrong: object) -> None:
    with pytest.raises(InputError, match=r"prepare\.background = .* is not allowed") as caught:
        Prepare.check({"background": wrong}, "x")
    assert "a grey from 0 (black) to 255 (white)" in caught.value.remedy


def test_a_size_is_a_side_or_two() -> None:
    assert Prepare.check({"image_size": 36}, "x").size() == (36, 36)
    assert Prepare.check({"image_size": [40, 64]}, "x").size() == (40, 64)


@pytest.mark.parametrize("wrong", [7, 2049, 28.0, "28", [28], [28, 4], [28, 28, 28], True, []])
def test_another_size_is_refused_in_one_sentence(wrong: object) -> None:
    with pytest.raises(InputError, match=r"prepare\.image_size = .* is not allowed") as caught:
        Prepare.check({"image_size": wrong}, "x")
    assert "[height, width]" in caught.value.remedy
