"""The verdict follows its rule, and says what it rests on."""

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.metrics.memorisation import COPIES, NO_SIGN, judge_memorisation
from ganatomy.metrics.nearness import ThreeSamples, three_samples


def _samples(copies: int = 0, shrink: float = 1.0, seed: int = 0) -> ThreeSamples:
    """Normal points; some of the fakes are copies, or all are drawn towards the middle."""
    draw = torch.Generator().manual_seed(seed)
    train, held_out, fakes = (
        torch.randn(count, 6, generator=draw, dtype=torch.float64) for count in (400, 300, 300)
    )
    fakes *= shrink
    fakes[:copies] = train[:copies]
    return three_samples(train, held_out, fakes)


@pytest.mark.parametrize("copies", [0, 3, 30, 300])
def test_verdict_follows_the_share_of_copies(copies: int) -> None:
    found = judge_memorisation({"features": _samples(copies)}, 0)
    evidence = found.spaces["features"]
    assert evidence.copies.share == pytest.approx(0.01 + 0.99 * copies / 300, abs=0.015)
    assert found.verdict == (COPIES if copies >= 30 else NO_SIGN)
    assert f"{100 * evidence.copies.share:.1f} % of fakes" in found.reason
    assert "3 times the expected" in found.rule


def test_one_guilty_space_is_enough() -> None:
    spaces = {"pixels": _samples(), "features": _samples(60)}
    found = judge_memorisation(spaces, 0)
    assert found.verdict == COPIES
    assert [evidence.has_copies for evidence in found.spaces.values()] == [False, True]
    assert "0.001 / 2" in found.rule


def test_fakes_near_the_middle_are_nearer_but_no_copies() -> None:
    """Every fake of a timid generator is close to something; none repeats an image."""
    found = judge_memorisation({"features": _samples(shrink=0.3)}, 0)
    evidence = found.spaces["features"]
    assert evidence.data_copying.c_t < -3
    assert evidence.authenticity.share < evidence.authenticity.floor - 0.1
    assert evidence.is_nearer
    assert found.verdict == NO_SIGN
    assert "nearer to the training images than held-out images are" in found.reason
    assert "nearer" not in judge_memorisation({"features": _samples()}, 0).reason


def test_a_significant_trifle_is_no_verdict() -> None:
    """Many points make twice the expected share certain: it takes three times as much."""
    draw = torch.Generator().manual_seed(0)
    train, held_out, fakes = (torch.randn(n, 3, generator=draw) for n in (400, 4000, 4000))
    fakes[:60] = train[:60]
    found = judge_memorisation({"features": three_samples(train, held_out, fakes)}, 0)
    copies = found.spaces["features"].copies
    assert 1.5 < copies.share / copies.expected < 3
    assert copies.p_value < 0.001
    assert found.verdict == NO_SIGN


def test_false_alarms_are_rare() -> None:
    verdicts = [judge_memorisation({"f": _samples(seed=seed)}, 0).verdict for seed in range(20)]
    assert verdicts.count(COPIES) <= 1


def test_no_space() -> None:
    with pytest.raises(InputError, match="no space"):
        judge_memorisation({}, 0)
