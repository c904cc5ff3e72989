"""Sentences on quality and copies, read against the figures that they are made from."""

import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ganatomy.metrics.fidelity import INCEPTION_NAMES, NAMES
from ganatomy.report.glossary import term
from ganatomy.report.sections import quality_words as words

Row = dict[str, Any]
SHARES = ("precision", "recall", "coverage")


def _row(name: str, fakes: tuple[float, ...], reals: tuple[float, ...]) -> Row:
    columns = ("low", "value", "high", "floor_low", "floor", "floor_high")
    lower = name in ("fcd", "kid", "fid", "kid_inception")
    figures = dict(zip(columns, (*sorted(fakes), *sorted(reals))))
    return {"name": name, **figures, "better": "lower" if lower else "higher"}


def _rows(names: tuple[str, ...]) -> st.SearchStrategy[list[Row]]:
    three = st.tuples(*[st.floats(0, 1)] * 3)
    each = [st.builds(_row, st.just(name), three, three) for name in names]
    return st.tuples(*each).map(list)


def _name(row: Row) -> str:
    known = term(row["name"])
    assert known is not None
    return known.name


def _parts(sentence: str) -> dict[str, str]:
    """The clauses of a finding, by what they say."""
    signs = {
        "short": "falls short of",
        "short too": "where real images have",
        "beyond": "beyond what real images reach",
        "alike": "cannot be told from",
    }
    clauses = sentence.rstrip(".").split("; ")
    return {
        kind: " | ".join(clause for clause in clauses if sign in clause).lower()
        for kind, sign in signs.items()
    }


@pytest.mark.parametrize("names", [NAMES, INCEPTION_NAMES])
@given(data=st.data())
def test_each_figure_is_told_once_and_on_its_side(names: tuple[str, ...], data: Any) -> None:
    """By the definition: intervals that touch are alike; else what is better is beyond."""
    rows = data.draw(_rows(names))
    said = words.finding_of_fidelity(rows, 1000)
    parts = _parts(said)
    overlapping = [
        row for row in rows if row["low"] <= row["floor_high"] and row["floor_low"] <= row["high"]
    ]
    if len(overlapping) == len(rows):
        assert said == "At 1,000 images no figure can be told from real images’."
        return
    for row in rows:
        is_better = (row["value"] < row["floor"]) == (row["better"] == "lower")
        short = "short" if row["name"].removesuffix("_inception") in SHARES else "short too"
        kind = "alike" if row in overlapping else "beyond" if is_better else short
        holding = [each for each, text in parts.items() if _is_named(_name(row), text)]
        assert holding == [kind], said


def _is_named(name: str, text: str) -> bool:
    """By itself: *distance to real images* is within *distance to real images by Inception*."""
    longer = [each for each in (f"{name} by inception", f"kernel {name}") if each in text]
    bare = re.sub("|".join(map(re.escape, longer)), "", text) if longer else text
    return re.search(rf"\b{re.escape(name.lower())}\b", bare) is not None


@given(value=st.floats(0, 0.9), gap=st.floats(0.001, 0.1))
def test_gaps_of_shares_are_in_points(value: float, gap: float) -> None:
    row = _row("coverage", (value,) * 3, (value + gap,) * 3)
    assume(row["high"] < row["floor_low"])
    said = words.finding_of_fidelity([row], 10)
    points = re.search(r"by ([\d.e-]+) points?\.", said)
    assert points
    assert abs(float(points[1]) - 100 * gap) <= max(0.5, 0.06 * 100 * gap)
    assert float(points[1]) > 0


@given(rows=_rows(NAMES))
def test_in_short_the_counts_are_those_of_the_sentence(rows: list[Row]) -> None:
    said = words.in_short(rows, {"names": []})
    alike = sum(not words.is_told_apart(row) for row in rows)
    short = re.match(r"In (\d) of 6 figures the images fall short", said)
    assert short
    beyond = sum(
        words.is_told_apart(row) and (row["value"] < row["floor"]) == (row["better"] == "lower")
        for row in rows
    )
    assert int(short[1]) == 6 - alike - beyond
    assert (f"in {alike} no difference can be told" in said) == (alike > 0)


def _classes(found: int, missing: int, unsettled: int, value: float, high: float) -> Row:
    return {
        "names": [f"class {k}" for k in range(found + missing + unsettled)],
        "num_found": found,
        "num_modes": found + missing + unsettled,
        "missing": [f"missing {k}" for k in range(missing)],
        "unsettled": [f"unsettled {k}" for k in range(unsettled)],
        "jensen_shannon": {"value": value, "floor_high": high},
    }


@given(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.floats(0, 1), st.floats(0, 1))
def test_all_classes_are_made_only_where_none_is_missing_or_unsettled(
    found: int, missing: int, unsettled: int, value: float, high: float
) -> None:
    assume(found + missing + unsettled > 0)
    record = _classes(found, missing, unsettled, value, high)
    said = words.finding_of_classes(record)
    is_whole = missing == unsettled == 0
    assert said.startswith(("All ", "The one class")) == is_whole
    assert all(name in said for name in (*record["missing"], *record["unsettled"]))
    if record["num_modes"] > 1:
        assert ("by more than chance" in said) == (value > high)


def _evidence(c_t: tuple[float, float], authentic: tuple[float, float, float, float]) -> Row:
    low, high, floor_low, floor_high = authentic
    return {
        "copies": {"value": 0.001, "expected": 0.01},
        "c_t": {"low": min(c_t), "high": max(c_t)},
        "authenticity": {
            "low": min(low, high),
            "high": max(low, high),
            "floor_low": min(floor_low, floor_high),
            "floor_high": max(floor_low, floor_high),
        },
    }


@given(
    st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    st.tuples(*[st.floats(0, 1)] * 4),
)
def test_off_the_data_is_said_only_where_both_measures_say_so(
    c_t: tuple[float, float], authentic: tuple[float, float, float, float]
) -> None:
    evidence = _evidence(c_t, authentic)
    said = words.where_they_lie({"spaces": {"pixels": evidence}})
    nearer = evidence["c_t"]["low"] <= 0
    honest = evidence["authenticity"]["low"] <= evidence["authenticity"]["floor_high"]
    assert (said == "") == (nearer or honest)
    assert ("farther" in said) == (said != "")


@given(auc=st.floats(0.01, 0.99), half=st.floats(0.0001, 0.3))
def test_d_knows_its_training_images_only_beyond_chance(auc: float, half: float) -> None:
    gap = {
        "auc": auc,
        "auc_low": max(0.0, auc - half),
        "auc_high": min(1.0, auc + half),
        "gap_sd": 0.4,
    }
    said = words.d_and_its_training_images(gap)
    assert said.startswith("D knows") == (gap["auc_low"] > 0.5)
    assert said.startswith("D ranks its training images below") == (gap["auc_high"] < 0.5)
    low, high = map(float, re.findall(r"\(([\d.]+) to ([\d.]+) %", said)[0])
    assert (low > 50) == (gap["auc_low"] > 0.5)
    assert (high < 50) == (gap["auc_high"] < 0.5)


def test_the_share_that_comes_near_is_told_by_space() -> None:
    spaces = {
        "features": {"copies": {"value": 0.02, "expected": 0.01}},
        "pixels": {"copies": {"value": 0.0001, "expected": 0.01}},
    }
    assert words.finding_of_copies({"spaces": spaces}) == (
        "2.0 % (by features) and less than 0.1 % (by pixels) of the generated images come as near "
        "to a training image as 1.0 % of held-out images do."
    )


def test_in_short_all_classes_are_made_only_where_they_are() -> None:
    row = _row("coverage", (0.5,) * 3, (0.5,) * 3)
    assert words.in_short([row], _classes(10, 0, 0, 0, 0)).endswith("; all 10 classes are made.")
    assert words.in_short([row], _classes(2, 1, 0, 0, 0)).endswith("; 2 of 3 classes are made.")
    assert words.in_short([row], _classes(0, 1, 0, 0, 0)).endswith("; 0 of 1 class is made.")
