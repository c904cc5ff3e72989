"""Bars whose parts are as long as their shares, and what the page says of the nulls' noise."""

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ganatomy.importance.noise import NoiseStudy, noise_of_nulls
from ganatomy.report.figures.canvas import ACCENT, WARM
from ganatomy.report.figures.noise_bars import noise_bars
from ganatomy.report.sections.noise_part import noise_facts, noise_part
from tests.unit.importance.retrained import repeats
from tests.unit.report.looking import is_colour, margin_is_white, runs


def _picture(*seed_shares: float) -> NDArray[np.uint8]:
    rows = []
    for number, share in enumerate(seed_shares):
        rows += [(f"g_{number}", "seed", share), (f"g_{number}", "order", 1 - share)]
    return noise_bars(pd.DataFrame(rows, columns=["readout", "part", "share"]), {})


def _lengths(picture: NDArray[np.uint8], colour: str) -> list[int]:
    longest = [
        max((end - start for start, end in runs(row)), default=0)
        for row in is_colour(picture, colour)
    ]
    found = runs(np.array(longest) > 4)
    return [longest[(start + end) // 2] for start, end in found if end - start > 16]


def test_parts_are_as_long_as_their_shares() -> None:
    picture = _picture(0.25, 0.5, 0.75)
    seed, order = np.array(_lengths(picture, ACCENT)), np.array(_lengths(picture, WARM))
    np.testing.assert_allclose(seed / (seed + order), [0.25, 0.5, 0.75], atol=0.01)
    assert margin_is_white(picture)


@pytest.mark.parametrize("shares", [(), (float("nan"),)])
def test_no_spread_is_said(shares: tuple[float, ...]) -> None:
    picture = _picture(*shares)
    assert _lengths(picture, ACCENT) == []
    assert (picture < 200).any()


def _study() -> NoiseStudy:
    draw = np.random.default_rng(0)
    values = {f"null_{k}": 4 + draw.normal(size=(2, 3)) for k in range(3)}
    return noise_of_nulls(repeats(values, ["g_fcd", "g_recall"]))


def test_the_page_is_told_each_readout_with_its_parts() -> None:
    study = _study()
    told = noise_facts(study)
    assert [row["readout"] for row in told["rows"]] == ["g_fcd", "g_recall"]
    assert [part["part"] for part in told["rows"][0]["parts"]] == ["seed", "order"]
    assert told["rows"][0]["band"] == pytest.approx(study.bands["band"][0])
    assert told["words"][0].startswith("A difference below ")


def test_one_seed_leaves_the_part_out() -> None:
    facts, figures = noise_part(
        repeats({f"null_{k}": np.ones((1, 1)) for k in range(3)}, ["g_fcd"])
    )
    assert facts is None
    assert figures == {}
    facts, figures = noise_part(_study_repeats())
    assert facts is not None
    assert set(figures) == {"noise"}


def _study_repeats() -> pd.DataFrame:
    draw = np.random.default_rng(1)
    return repeats({f"null_{k}": draw.normal(size=(1, 3)) for k in range(3)}, ["g_fcd"])
