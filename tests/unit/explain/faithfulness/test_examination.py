"""All tests of a map together: on a network whose truth is known, and against plain statistics."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from ganatomy.explain.faithfulness.examination import Examination, examine
from ganatomy.explain.faithfulness.planted import PlantedDiscriminator
from ganatomy.explain.faithfulness.randomisation import COLUMNS as CASCADE_COLUMNS
from ganatomy.explain.faithfulness.verdict import CONTROLS, REMOVAL, trust
from ganatomy.explain.networks.targets import Target, d_logit

SIZE, COUNT, STEPS = 12, 6, 4
TRUE, FALSE, FLAT = "the truth", "its opposite", "flat"
METHODS = (TRUE, FALSE, FLAT)
MEASURES = (*REMOVAL, "infidelity")
CASCADE = pd.DataFrame(
    [
        (
            step,
            "layer",
            method,
            value / step,
            value / step - 0.05,
            value / step + 0.05,
            0.5,
            0,
            1,
            6,
        )
        for step in (1, 2)
        for method, value in zip(METHODS, (0.1, 1.6, 0.2))
    ],
    columns=CASCADE_COLUMNS,
)
STABILITY = {
    "sensitivity": {
        TRUE: torch.tensor([0.1, 0.2, 0.6]),
        FALSE: torch.tensor([0.4, 0.9, 0.7]),
        FLAT: torch.full((3,), torch.nan),
    },
    "seed_stability": {FALSE: torch.tensor([0.9, 0.8, 0.1])},
}


def _planted() -> tuple[Target, torch.Tensor, torch.Tensor]:
    """The target, images bright in its region and in one that is not, and each pixel's share."""
    region = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    region[3:8, 5:9] = True
    network = PlantedDiscriminator(SIZE, 1, region).eval()
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(COUNT, 1, SIZE, SIZE, generator=draw) * 0.6 - 0.9
    images[..., region] += 1.1
    images[..., 8:12, 0:4] += 1.1
    return d_logit(network), images, network.contributions(images)


def _pool(images: torch.Tensor) -> torch.Tensor:
    """Other images: dark ones."""
    draw = torch.Generator().manual_seed(5)
    return torch.rand(9, *images.shape[1:], generator=draw) * 0.6 - 0.9


def _examined(broken: bool = False, told: list[str] | None = None) -> Examination:
    target, images, truth = _planted()
    maps = {TRUE: truth.clone(), FALSE: -truth, FLAT: torch.ones_like(truth)}
    if broken:
        maps[TRUE][2, 0, 0] = torch.nan
    fill = torch.full_like(images, -1)
    on_progress = (told if told is not None else []).append
    return examine(
        target,
        images,
        maps,
        fill=fill,
        pool=_pool(images),
        stability=STABILITY,
        cascade=CASCADE,
        seed=0,
        num_steps=STEPS,
        on_progress=on_progress,
    )


@pytest.fixture(scope="module")
def found() -> Examination:
    return _examined()


def _value(found: Examination, method: str, measure: str, against: str = "") -> pd.Series:
    of = found.measures
    own = of[(of["method"] == method) & (of["measure"] == measure) & (of["against"] == against)]
    assert len(own) == 1
    return own.iloc[0]


def _scores(found: Examination, measure: str) -> pd.DataFrame:
    """Image x (method, control)."""
    own = found.scores[found.scores["measure"] == measure]
    return own.pivot(index="image", columns=["method", "control"], values="value")


def test_every_measure_of_every_map_and_control_is_kept(found: Examination) -> None:
    expected = {
        (image, method, control, measure)
        for image in range(COUNT)
        for method in METHODS
        for control in ("", *CONTROLS)
        for measure in MEASURES
    }
    rows = list(found.scores[["image", "method", "control", "measure"]].itertuples(index=False))
    assert len(rows) == len(expected)
    assert {tuple(row) for row in rows} == expected


@pytest.mark.parametrize("measure", REMOVAL)
@pytest.mark.parametrize("control", CONTROLS)
def test_comparisons_are_paired_t_intervals_of_the_scores(
    measure: str, control: str, found: Examination
) -> None:
    scores = _scores(found, measure)
    for method in METHODS:
        differences = scores[method, ""] - scores[method, control]
        row = _value(found, method, measure, control)
        assert row["value"] == pytest.approx(differences.mean(), rel=1e-6, abs=1e-9)
        if differences.std() > 0:
            interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
            np.testing.assert_allclose(row[["low", "high"]].astype(float), interval, rtol=1e-6)


@pytest.mark.parametrize("measure", REMOVAL)
def test_the_truth_is_better_than_chance_and_its_opposite_worse(
    measure: str, found: Examination
) -> None:
    assert _value(found, TRUE, measure, "random")["low"] > 0
    assert _value(found, FALSE, measure, "random")["high"] < 0
    flat = _value(found, FLAT, measure, "random")
    assert flat["low"] < 0 < flat["high"]


def test_random_and_edge_maps_are_the_same_for_all(found: Examination) -> None:
    for measure in MEASURES:
        scores = _scores(found, measure)
        for control in ("random", "edge"):
            for method in METHODS[1:]:
                np.testing.assert_array_equal(scores[method, control], scores[TRUE, control])
    own = _scores(found, "insertion_deletion")
    assert not np.array_equal(own[TRUE, "other"], own[FALSE, "other"])


def test_the_truth_foretells_every_removal(found: Examination) -> None:
    """Hiding by black takes away exactly what the pixels gave; the opposite counts as no map."""
    scores = _scores(found, "infidelity")
    np.testing.assert_allclose(scores[TRUE, ""], 0, atol=1e-8)
    np.testing.assert_allclose(scores[FALSE, ""], 1, rtol=1e-6)
    assert scores[TRUE, "random"].between(0.05, 1).all()


def test_curves_begin_and_end_at_image_and_fill(found: Examination) -> None:
    target, images, _ = _planted()
    with torch.no_grad():
        whole = float(target.values(images).mean())
        empty = float(target.values(torch.full_like(images, -1)).mean())
    for method in METHODS:
        for line in ("map", *CONTROLS):
            for kind, ends in (("deletion", (whole, empty)), ("insertion", (empty, whole))):
                own = found.curves[
                    (found.curves["method"] == method)
                    & (found.curves["line"] == line)
                    & (found.curves["kind"] == kind)
                ].sort_values("share")
                assert own["share"].tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1])
                first, last = own["mean"].iloc[0], own["mean"].iloc[-1]
                assert (first, last) == pytest.approx(ends, abs=1e-5)


def test_deletion_of_the_truth_is_over_when_the_region_is_hidden(found: Examination) -> None:
    """20 of 144 pixels carry everything: a quarter of the pixels is more than these."""
    keys = ["method", "line", "kind", "share"]
    own = found.curves.set_index(keys)["mean"].to_dict()
    black = -4.0
    assert own[TRUE, "map", "deletion", 0.25] == pytest.approx(black, abs=1e-5)
    assert own[FALSE, "map", "deletion", 0.25] > black + 1
    whole = own[TRUE, "map", "insertion", 1.0]
    assert own[TRUE, "map", "insertion", 0.25] == pytest.approx(whole, abs=1e-5)


def test_what_was_measured_before_is_handed_on(found: Examination) -> None:
    assert _value(found, TRUE, "sensitivity")["value"] == pytest.approx(0.2)
    assert _value(found, FALSE, "seed_stability")["value"] == pytest.approx(0.8)
    assert np.isnan(_value(found, FLAT, "sensitivity")["value"])
    rows = found.measures.set_index(["method", "measure"]).index
    assert (TRUE, "seed_stability") not in rows
    last = _value(found, FALSE, "randomisation_signed")
    np.testing.assert_allclose(
        last[["value", "low", "high"]].astype(float), [0.8, 0.75, 0.85], rtol=1e-9
    )


def test_the_verdict_is_the_truths(found: Examination) -> None:
    verdict = trust(found.measures).set_index("method")
    assert verdict["faithful"].tolist() == ["pass", "fail", "fail"]
    assert verdict["stable"].tolist() == ["pass", "fail", "not measured"]
    assert verdict["sane"].tolist() == ["pass", "fail", "pass"]
    assert verdict["trusted"].tolist() == [True, False, False]


def test_a_refused_image_is_left_out_and_no_other(found: Examination) -> None:
    broken = _examined(broken=True)
    for measure in MEASURES:
        before, after = _scores(found, measure), _scores(broken, measure)
        assert after[TRUE, ""].isna().tolist() == [k == 2 for k in range(COUNT)]
        for method in METHODS[1:]:
            np.testing.assert_allclose(after[method, ""], before[method, ""], rtol=1e-6, atol=1e-9)
        if measure != "infidelity":
            differences = (before[TRUE, ""] - before[TRUE, "random"]).drop(2)
            row = _value(broken, TRUE, measure, "random")
            assert row["value"] == pytest.approx(differences.mean(), rel=1e-6)


def test_a_method_that_is_refused_everywhere_is_not_judged() -> None:
    target, images, truth = _planted()
    maps = {TRUE: truth, FALSE: torch.full_like(truth, torch.nan)}
    fill = torch.full_like(images, -1)
    found = examine(
        target,
        images,
        maps,
        fill=fill,
        pool=_pool(images),
        stability=STABILITY,
        cascade=CASCADE,
        seed=0,
        num_steps=STEPS,
    )
    verdict = trust(found.measures).set_index("method")
    assert verdict.loc[FALSE, "faithful"] == "not measured"
    assert verdict.loc[TRUE, "faithful"] == "pass"


def test_each_test_is_told_when_it_is_done() -> None:
    told: list[str] = []
    _examined(told=told)
    assert len(told) == len(set(told)) == 5


def test_the_same_seed_gives_the_same_figures(found: Examination) -> None:
    again = _examined()
    for name in ("measures", "curves", "scores"):
        pd.testing.assert_frame_equal(getattr(found, name), getattr(again, name))
