"""Figures for sentences to be read against: any size, ties, no width, what was not measured."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

Test = TypeVar("Test", bound=Callable[..., Any])
NAMES = ("a", "cell_1_1", "contrast", "7", "z-axis")
SHARES = st.one_of(st.sampled_from([0.0, 0.0004, 0.5, 0.4996, 0.9996, 1.0]), st.floats(0, 1))
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 0.004, -0.004, 0.9999, 1234.5]),
    st.floats(-50, 50),
    st.floats(0.001, 3000),
)
WIDTHS = st.one_of(st.just(0.0), st.floats(0.0001, 0.05), st.floats(0.1, 20))

read: set[str] = set()
"""The makers of sentences that some test reads, by module and name."""


def reads(*makers: str) -> Callable[[Test], Test]:
    """Mark a test by the makers of sentences that it reads, each below ``ganatomy``."""
    read.update(makers)
    return lambda test: test


few = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to make a failing case smaller takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def intervals(draw: st.DrawFn, *, shares: bool = False) -> tuple[float, float, float]:
    """Draw value, low and high, in order."""
    value = round(draw(SHARES if shares else NUMBERS), 5)
    below, above = (round(draw(WIDTHS), 5) for _ in range(2))
    if shares:
        below, above = min(below / 10, value), min(above / 10, 1 - value)
    return value + 0.0, value - below + 0.0, value + above + 0.0  # no -0.0


@st.composite
def rows_of_fidelity(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Draw a row of fidelity.csv."""
    better = "lower" if name in ("fcd", "kid", "fid") else "higher"
    is_share = better == "higher"
    of_fakes, of_reals = draw(intervals(shares=is_share)), draw(intervals(shares=is_share))
    names = ("value", "low", "high", "floor", "floor_low", "floor_high")
    row = dict(zip(names, (*of_fakes, *of_reals)))
    if draw(st.integers(0, 9)) == 0:
        row |= dict.fromkeys(names, float("nan"))
    return {"name": name, **row, "count": draw(st.sampled_from([2, 1000])), "better": better}


def some(draw: st.DrawFn, names: tuple[str, ...], least: int = 0) -> list[str]:
    """Draw some of the names, in their order."""
    kept = draw(st.lists(st.sampled_from(names), min_size=least, unique=True))
    return [name for name in names if name in kept]


def normals(draw: st.DrawFn) -> np.random.Generator:
    """Draw a source of noise."""
    return np.random.default_rng(draw(st.integers(0, 10_000)))
