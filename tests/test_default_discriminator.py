"""The default discriminator is the one that the written rule chooses from what was measured."""

import json
import math
from typing import Any

import pytest
import torch
from scipy import stats

from benchmarks import discriminator_rule as rule
from benchmarks.discriminator_rule import CANDIDATES, DATA, SEEDS
from benchmarks.discriminators import (
    balanced_accuracy,
    best_threshold,
    courses,
    epochs_of,
    eval_train_difference,
)
from ganatomy.gan.networks import dcgan
from ganatomy.gan.settings import RETRAINING, Method
from tests.harness import ROOT

GOOD = {
    "eval_train_difference": 0.0,
    "auc_low": 0.7,
    "balanced_at_0": 0.80,
    "balanced_at_best": 0.82,
    "reals": 0.5,
    "noise": -2.0,
    "blurred": -1.0,
}
STEP_S = {"dcgan": 4.0, "dcgan-plain": 3.0, "dcgan-layernorm": 3.5, "resnet": 9.0}


def _rows(fcd: dict[str, tuple[float, float, float]]) -> list[dict[str, Any]]:
    """A run of every course that has its figures by seed; on either data set the same."""
    return [
        {**GOOD, "data": data, "candidate": name, "seed": seed, "fcd@1000": fcd[name][seed]}
        for name in CANDIDATES
        for data in DATA
        for seed in SEEDS
    ]


EQUAL = dict.fromkeys(CANDIDATES, (2.0, 2.1, 1.9))


def test_the_default_is_the_winner() -> None:
    found = json.loads((ROOT / "benchmarks" / "results" / "discriminators.json").read_text())
    rows = [row for row in found["rows"] if row["candidate"] in CANDIDATES]
    chosen = rule.winner(rows, found["step_s"])
    assert Method().discriminator == RETRAINING.method.discriminator == chosen


def test_of_equals_the_quickest() -> None:
    assert rule.winner(_rows(EQUAL), STEP_S) == "dcgan-plain"


def test_one_that_is_better_for_certain_wins_though_it_is_slow() -> None:
    rows = _rows(EQUAL | {"resnet": (1.0, 1.05, 0.95)})
    assert rule.winner(rows, STEP_S) == "resnet"


def test_one_that_may_be_better_by_chance_does_not() -> None:
    rows = _rows(EQUAL | {"resnet": (1.0, 2.5, 2.0)})
    assert rule.winner(rows, STEP_S) == "dcgan-plain"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"eval_train_difference": 1e-7}, "depends on its batch"),
        ({"auc_low": 0.5}, "AUC not above 0.5"),
        ({"balanced_at_0": 0.76}, "0 is no boundary"),
        ({"noise": 0.6}, "noise or blur above reals"),
        ({"blurred": 0.6}, "noise or blur above reals"),
    ],
)
def test_one_bad_run_refuses_a_candidate(change: dict[str, float], words: str) -> None:
    rows = _rows(EQUAL)
    bad = next(row for row in rows if row["candidate"] == "dcgan-plain" and row["seed"] == 1)
    bad.update(change)
    assert rule.faults(rows, "dcgan-plain") == [f"{words} ({bad['data']}, seed 1)"]
    assert rule.winner(rows, STEP_S) == "dcgan-layernorm"


def test_one_that_is_worse_than_the_reference_is_refused() -> None:
    rows = _rows(EQUAL | {"dcgan-plain": (3.0, 3.1, 2.9)})
    assert len(rule.faults(rows, "dcgan-plain")) == len(DATA)
    assert rule.winner(rows, STEP_S) == "dcgan-layernorm"


def test_a_candidate_without_all_runs_is_not_judged() -> None:
    rows = [row for row in _rows(EQUAL) if (row["candidate"], row["seed"]) != ("dcgan-plain", 2)]
    assert not rule.is_complete(rows, "dcgan-plain")
    assert rule.winner(rows, STEP_S) == "dcgan-layernorm"


def test_a_slow_candidate_that_is_behind_once_on_either_data_set_cannot_win() -> None:
    rows = [
        row
        for row in _rows(EQUAL | {"resnet": (2.01, 0.1, 0.1)})
        if row["candidate"] != "resnet" or row["seed"] == 0
    ]
    assert "behind the quicker dcgan, dcgan-plain" in rule.cannot_win(rows, "resnet", STEP_S)
    # and indeed: the best that its other runs could be does not make it the winner
    assert rule.winner(_rows(EQUAL | {"resnet": (2.01, 0.1, 0.1)}), STEP_S) == "dcgan-plain"
    ahead = [row | {"fcd@1000": 1.0} if row["candidate"] == "resnet" else row for row in rows]
    assert rule.cannot_win(ahead, "resnet", STEP_S) == ""


def test_a_slow_candidate_may_win_while_a_quicker_one_that_it_beats_may_be_eligible() -> None:
    fcd = EQUAL | {"resnet": (2.01, 0.1, 0.1), "dcgan-plain": (3.0, 2.1, 1.9)}
    first = [row for row in _rows(fcd) if row["seed"] == 0 or row["candidate"] == "dcgan"]
    assert rule.cannot_win(first, "resnet", STEP_S) == ""


def test_one_that_is_worse_on_one_data_set_cannot_win_whatever_it_is_on_the_other() -> None:
    rows = [
        row
        for row in _rows(EQUAL | {"dcgan-plain": (3.0, 3.1, 2.9)})
        if (row["candidate"], row["data"]) != ("dcgan-plain", DATA[1])
    ]
    assert rule.cannot_win(rows, "dcgan-plain", STEP_S) == rule.faults(rows, "dcgan-plain")[0]
    assert DATA[0] in rule.faults(rows, "dcgan-plain")[0]


def test_if_none_is_eligible_the_fewest_bad_runs_win() -> None:
    rows = _rows(EQUAL)
    for row in rows:
        if row["candidate"] != "resnet" or row["seed"] == 0:
            row["auc_low"] = 0.4
    assert rule.winner(rows, STEP_S) == "resnet"


def test_the_interval_is_students_over_the_seeds() -> None:
    one, other = (1.0, 1.5, 1.2), (2.0, 2.2, 1.7)
    rows = _rows(EQUAL | {"resnet": one, "dcgan": other})
    mean, half = rule.log_ratio(rows, "resnet", "dcgan", "digits")
    logs = [math.log(a / b) for a, b in zip(one, other)]
    low, high = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_the_best_threshold_is_that_of_every_possible_one() -> None:
    draw = torch.Generator().manual_seed(1)
    reals, fakes = torch.randn(40, generator=draw) + 2, torch.randn(50, generator=draw)
    best, at = best_threshold(reals, fakes)
    tried = [balanced_accuracy(reals, fakes, float(t)) for t in torch.linspace(-5, 6, 5001)]
    assert best == pytest.approx(max(tried)) == balanced_accuracy(reals, fakes, at)
    assert balanced_accuracy(reals, fakes, 0.0) < best  # it is no figure that is always the best


@pytest.mark.parametrize(("norm", "depends"), [("batch", True), ("none", False), ("layer", False)])
def test_what_depends_on_the_batch_is_seen(norm: dcgan.Norm, depends: bool) -> None:
    torch.manual_seed(0)
    d = dcgan.Discriminator(28, 1, 4, norm=norm).eval()
    before = {name: value.clone() for name, value in d.state_dict().items()}
    images = torch.randint(0, 256, (600, 1, 28, 28), dtype=torch.uint8)
    assert (eval_train_difference(d, images, 255 - images) > 0) == depends
    assert all(torch.equal(value, before[name]) for name, value in d.state_dict().items())


def test_equal_time_is_that_of_the_reference_on_the_digits() -> None:
    step_s = {"dcgan": 0.02, "dcgan-plain": 0.015, "resnet": 0.05}
    assert epochs_of("dcgan", 4000, step_s, 4000) == 60
    assert epochs_of("dcgan-plain", 4000, step_s, 4000) == 80
    assert epochs_of("resnet", 5000, step_s, 4000) == int(60 * 125 * 0.02 / (156 * 0.05))


def test_every_run_has_a_place_of_its_own() -> None:
    folders = [course.folder(ROOT) for course in courses()]
    assert len(set(folders)) == len(folders) == (len(CANDIDATES) + 1) * len(DATA) * len(SEEDS)
