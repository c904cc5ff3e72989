"""The verdict: each clause of each rule decides where it alone changes."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.measure_tables import CURVE_COLUMNS, curve_table, measures_table
from ganatomy.explain.faithfulness.removal import Curves
from ganatomy.explain.faithfulness.verdict import (
    CONTROLS,
    FAIL,
    LARGEST_CORRELATION,
    LARGEST_SENSITIVITY,
    LEAST_SEED_CORRELATION,
    MEASURES_COLUMNS,
    MISSING,
    PASS,
    QUESTIONS,
    REMOVAL,
    RULES,
    trust,
)

NAN = float("nan")
Figures = dict[tuple[str, str], tuple[float, float, float]]


def _good() -> Figures:
    figures: Figures = {}
    for measure in REMOVAL:
        figures[measure, "random"] = (2.0, 1.0, 3.0)
        figures[measure, "edge"] = (1.0, 0.5, 1.5)
        figures[measure, "other"] = (0.8, 0.4, 1.2)
    figures["seed_stability", ""] = (0.9, NAN, NAN)
    figures["sensitivity", ""] = (0.1, NAN, NAN)
    figures["randomisation_signed", ""] = (0.05, -0.05, 0.15)
    figures["randomisation_magnitude", ""] = (-0.1, -0.2, 0.0)
    return figures


def _table(figures: Figures, method: str = "LIME") -> pd.DataFrame:
    rows = [(method, *key, *values) for key, values in figures.items()]
    return pd.DataFrame(rows, columns=MEASURES_COLUMNS)


def _judge(changes: Figures, without: list[tuple[str, str]] | None = None) -> dict[str, object]:
    figures = {key: value for key, value in _good().items() if key not in (without or [])}
    (row,) = trust(_table(figures | changes)).to_dict("records")
    return {str(key): value for key, value in row.items()}


def _in(count: int, control: str, figures: tuple[float, float, float]) -> Figures:
    """The first removal measures."""
    return {(name, control): figures for name in REMOVAL[:count]}


def test_what_passes_everything_is_trusted() -> None:
    row = _judge({})
    assert [row[question] for question in QUESTIONS] == [PASS, PASS, PASS]
    assert row["trusted"] is True
    assert row["why"] == ""
    assert row["insertion_deletion_vs_random"] == 2
    assert row["road_blur_vs_other"] == 0.8
    assert row["sensitivity"] == 0.1


@pytest.mark.parametrize(
    ("question", "changes", "words"),
    [
        ("faithful", _in(2, "random", (1, -0.1, 2)), "a random map by 2 of 4 removal measures"),
        ("faithful", _in(2, "other", (1, 0, 2)), "its map of another image by 2 of 4"),
        (
            "faithful",
            _in(1, "random", (-1, -2, -0.5)),
            "worse than a random map by insertion minus",
        ),
        ("faithful", _in(1, "other", (-1, -2, -0.5)), "worse than its map of another image by ins"),
        ("stable", {("seed_stability", ""): (0.69, NAN, NAN)}, "between seeds 0.69"),
        ("stable", {("sensitivity", ""): (0.51, NAN, NAN)}, "sensitivity 0.51"),
        ("sane", {("randomisation_signed", ""): (0.31, NAN, NAN)}, "the map still correlates"),
        ("sane", {("randomisation_signed", ""): (-0.31, NAN, NAN)}, "the map still correlates"),
        ("sane", {("randomisation_signed", ""): (0.2, 0.1, 0.31)}, "+0.10 to +0.31"),
        ("sane", {("randomisation_signed", ""): (-0.2, -0.4, 0)}, "(-0.20, interval -0.40"),
    ],
)
def test_each_clause_fails_alone(question: str, changes: Figures, words: str) -> None:
    row = _judge(changes)
    assert {name: row[name] for name in QUESTIONS} == {
        name: FAIL if name == question else PASS for name in QUESTIONS
    }
    assert row["trusted"] is False
    assert words in str(row["why"])


def test_what_lies_at_a_bound() -> None:
    at_bound: Figures = {
        ("seed_stability", ""): (LEAST_SEED_CORRELATION, NAN, NAN),
        ("sensitivity", ""): (LARGEST_SENSITIVITY, NAN, NAN),
    }
    assert _judge(at_bound)["stable"] == PASS
    assert _judge({("randomisation_signed", ""): (LARGEST_CORRELATION, NAN, NAN)})["sane"] == FAIL


def test_one_measure_may_be_undecided_and_edges_are_not_judged() -> None:
    undecided = _in(1, "random", (0.1, -0.1, 0.3)) | _in(1, "other", (0.1, -0.1, 0.3))
    assert _judge(undecided)["faithful"] == PASS
    assert _judge(_in(4, "edge", (-2, -3, -1)))["faithful"] == PASS
    assert _judge({}, [(name, "edge") for name in REMOVAL])["faithful"] == PASS


@pytest.mark.parametrize(
    ("question", "key"),
    [
        *(("faithful", (name, "random")) for name in REMOVAL),
        *(("faithful", (name, "other")) for name in REMOVAL),
        ("stable", ("sensitivity", "")),
        ("sane", ("randomisation_signed", "")),
    ],
)
def test_what_was_not_measured_is_no_pass(question: str, key: tuple[str, str]) -> None:
    for row in (_judge({key: (NAN, NAN, NAN)}), _judge({}, [key])):
        assert row[question] == MISSING
        assert row["trusted"] is False
        assert MISSING in str(row["why"])


def test_a_difference_without_an_interval_is_not_measured() -> None:
    assert _judge({(REMOVAL[0], "random"): (5.0, NAN, NAN)})["faithful"] == MISSING


def test_a_method_without_draws_has_no_seeds() -> None:
    assert _judge({}, [("seed_stability", "")])["stable"] == PASS
    assert _judge({("seed_stability", ""): (NAN, NAN, NAN)})["stable"] == MISSING


def test_the_magnitudes_correlation_is_shown_but_not_judged() -> None:
    """Integrated gradients from black are zero where the image is black, for any network."""
    row = _judge({("randomisation_magnitude", ""): (0.99, 0.98, 1.0)})
    assert row["sane"] == PASS
    assert row["randomisation_magnitude"] == 0.99


def test_a_failure_outweighs_what_is_missing() -> None:
    unknown = _in(1, "random", (NAN, NAN, NAN))
    row = _judge(unknown | {(REMOVAL[1], "random"): (-1, -2, -0.5)})
    assert row["faithful"] == FAIL
    assert "worse than a random map by ROAD (noisy linear)" in str(row["why"])
    assert MISSING in str(row["why"])


def test_methods_keep_their_order_and_other_measures_are_ignored() -> None:
    other: Figures = {("infidelity", ""): (0.5, NAN, NAN)}
    bad: Figures = {("sensitivity", ""): (9.0, NAN, NAN)}
    found = trust(
        pd.concat([_table(_good() | bad, "occlusion"), _table(_good() | other, "Grad-CAM")])
    )
    assert found["method"].tolist() == ["occlusion", "Grad-CAM"]
    assert found["trusted"].tolist() == [False, True]
    assert "infidelity" not in found
    empty = trust(pd.DataFrame(columns=MEASURES_COLUMNS))
    assert len(empty) == 0
    assert set(QUESTIONS) < set(empty.columns)


def test_rules_name_their_bounds() -> None:
    assert set(RULES) == {*QUESTIONS, "trusted"}
    for bound in (LEAST_SEED_CORRELATION, LARGEST_SENSITIVITY):
        assert str(bound) in RULES["stable"]
    assert f"±{LARGEST_CORRELATION}" in RULES["sane"]


def test_rows_that_cannot_be_judged_are_refused() -> None:
    table = _table(_good())
    with pytest.raises(
        InputError, match="insertion_deletion of LIME against random is there twice"
    ):
        trust(pd.concat([table, table]))
    with pytest.raises(InputError, match="against 'noise'"):
        trust(_table({("road_blur", "noise"): (1, 0, 2)}))
    with pytest.raises(InputError, match="sensitivity of LIME is against 'random'"):
        trust(_table({("sensitivity", "random"): (1, 0, 2)}))


def _scores(seed: int) -> dict[str, torch.Tensor]:
    """Of 12 images, with one that could not be measured."""
    draw = torch.Generator().manual_seed(seed)
    names = {"LIME": 3.0, "random": 0.0, "edge": 1.0, "other(LIME)": 2.0}
    scores = {name: mean + torch.randn(12, generator=draw) for name, mean in names.items()}
    scores["LIME"][4] = torch.nan
    return scores


def test_the_table_is_made_of_what_was_measured() -> None:
    removal = {measure: _scores(at) for at, measure in enumerate(REMOVAL)}
    controls = {
        ("LIME", control): name
        for control, name in zip(CONTROLS, ("random", "edge", "other(LIME)"))
    }
    cascade = pd.DataFrame(
        [(1, "logit", "LIME", *[0.8] * 6, 12), (2, "first", "LIME", *[0.1, 0, 0.2] * 2, 12)],
        columns=[
            *("step", "layer", "method", "correlation", "low", "high"),
            *("absolute", "absolute_low", "absolute_high", "n"),
        ],
    )
    stability = {
        "seed_stability": {"LIME": torch.tensor([0.9, 0.7, torch.nan, 0.95])},
        "sensitivity": {"LIME": torch.full((4,), torch.nan)},
    }
    table = measures_table(removal, controls, cascade, stability=stability)
    assert list(table.columns) == MEASURES_COLUMNS
    for measure, scores in removal.items():
        for (_, control), name in controls.items():
            row = table[(table["measure"] == measure) & (table["against"] == control)].iloc[0]
            there = ~scores["LIME"].isnan()
            one, two = (scores[each][there].double().numpy() for each in ("LIME", name))
            interval = stats.ttest_rel(one, two).confidence_interval(0.95)
            expected = (np.mean(one - two), *interval)
            np.testing.assert_allclose(row[["value", "low", "high"]].astype(float), expected)
    (judged,) = trust(table).to_dict("records")
    assert judged["seed_stability"] == pytest.approx(0.9)
    assert judged["randomisation_signed"] == 0.1
    assert (judged["stable"], judged["sane"]) == (MISSING, PASS)


def test_curves_are_averaged_over_images() -> None:
    shares = torch.tensor([0, 0.5, 1])
    draw = torch.Generator().manual_seed(0)
    curves = {
        name: Curves(
            shares, torch.randn(5, 3, generator=draw), torch.randn(5, 3, generator=draw) + 1
        )
        for name in ("LIME", "CAM", "random", "other(CAM)")
    }
    controls = {
        ("LIME", "random"): "random",
        ("CAM", "random"): "random",
        ("CAM", "other"): "other(CAM)",
    }
    table = curve_table(curves, controls)
    assert list(table.columns) == CURVE_COLUMNS
    assert len(table) == 3 * 2 * (2 + 3)
    points = {
        (row["method"], row["line"], row["kind"]): [row["mean"], row["low"], row["high"]]
        for row in table[table["share"] == 0.5].to_dict("records")
    }
    for key, values in (
        (("LIME", "map", "deletion"), curves["LIME"].deletion),
        (("CAM", "other", "insertion"), curves["other(CAM)"].insertion),
        (("CAM", "random", "deletion"), curves["random"].deletion),
    ):
        middle = values[:, 1].double().numpy()
        interval = stats.ttest_1samp(middle, 0).confidence_interval(0.95)
        np.testing.assert_allclose(points[key], [middle.mean(), *interval])
