"""How long stages take and what is left: against sums and schedules made by hand."""

from typing import Any

import pytest

from flows import forecast
from flows.forecast import REFERENCE, Measured
from flows.stages import Stage
from tasks.shared.work import COMPUTE, RETRAIN, TRAIN, Work

UNIT_S = REFERENCE[COMPUTE]
TWICE_AS_SLOW = {kind: 2 * seconds for kind, seconds in REFERENCE.items()}


def _stage(name: str, *upstream: str, cost_s: int = 1) -> Stage:
    return Stage(name, upstream, (), 1, 60, 0, cost_s)


def _seconds(
    stage: Stage,
    now: Work,
    usual: Work,
    speed: forecast.Speed = REFERENCE,
    measured: dict[str, Measured] | None = None,
) -> float:
    base = stage.name.partition("@")[0]
    found = forecast.seconds(
        [stage], {base: now}, {base: usual}, speed=speed, measured=measured or {}
    )
    return found[stage.name]


def test_what_dvc_yaml_says_is_of_the_default_run_on_the_reference() -> None:
    stage, usual = _stage("lime", cost_s=12), Work(100)
    assert _seconds(stage, Work(100), usual) == pytest.approx(12)
    assert _seconds(stage, Work(200), usual) == pytest.approx(2 + 2 * 10)  # 2 s to begin
    assert _seconds(stage, Work(0), usual) == pytest.approx(2)
    assert _seconds(stage, Work(100), usual, TWICE_AS_SLOW) == pytest.approx(24)


def test_a_training_takes_its_steps() -> None:
    stage, speed = _stage("train", cost_s=999), dict(REFERENCE) | {TRAIN: 0.02}
    overhead = forecast._OVERHEAD[TRAIN]
    found = _seconds(stage, Work(1000, TRAIN), Work(7500, TRAIN), speed)
    assert found == pytest.approx(2 + 1000 * 0.02 * overhead)


def test_what_was_measured_here_is_what_is_scaled() -> None:
    stage, usual = _stage("lime", cost_s=52), Work(100)  # as it was measured
    before = {"lime": Measured(52, 100, UNIT_S, UNIT_S)}
    assert _seconds(stage, Work(100), usual, measured=before) == pytest.approx(52)
    assert _seconds(stage, Work(300), usual, measured=before) == pytest.approx(2 + 3 * 50)
    assert _seconds(stage, Work(100), usual, TWICE_AS_SLOW, before) == pytest.approx(104)
    # on a machine of half the speed it took that long: here it takes half
    there = {"lime": Measured(52, 100, 2 * UNIT_S, 2 * UNIT_S)}
    assert _seconds(stage, Work(100), usual, measured=there) == pytest.approx(26)
    # a step of other networks takes three times as long
    before = {"train": Measured(102, 1000, 0.1, UNIT_S)}
    speed = dict(REFERENCE) | {TRAIN: 0.3}
    found = _seconds(_stage("train"), Work(1000, TRAIN), Work(1, TRAIN), speed, before)
    assert found == pytest.approx(2 + 300)


def test_what_a_small_run_took_says_little_of_a_large_one() -> None:
    usual, units = 1.0, 1000.0  # a second for a second of bare work
    speed = dict(REFERENCE) | {TRAIN: 0.1}

    def after(seconds: float, units_then: float) -> float:
        measured = {"train": Measured(seconds, units_then, 0.1, UNIT_S)}
        now = Work(units, TRAIN)
        return _seconds(_stage("train"), now, Work(1, TRAIN), speed, measured)

    assert forecast._OVERHEAD[TRAIN] == usual
    # 10 s of work for 1 s of it: 12 s, then 99 s at (10 + 120) / (1 + 120) each
    assert after(12, 10) == pytest.approx(12 + 99 * 130 / 121)
    # 480 s for 60 s: 482 s, then 40 s at (480 + 120) / (60 + 120)
    assert after(482, 600) == pytest.approx(482 + 40 * 600 / 180)


def test_what_had_nothing_to_do_tells_nothing_of_work() -> None:
    off = {"screen": Measured(2, 0, REFERENCE[RETRAIN], UNIT_S)}
    stage, nothing = _stage("screen"), Work(0, RETRAIN)
    assert _seconds(stage, nothing, nothing, measured=off) == pytest.approx(2)
    on = _seconds(stage, Work(1000, RETRAIN), nothing, measured=off)
    assert on == pytest.approx(2 + 1000 * REFERENCE[RETRAIN] * forecast._OVERHEAD[RETRAIN])


def test_a_matrix_shares_its_work_and_what_is_known_of_it() -> None:
    stages = [_stage(f"retrain@{shard}") for shard in range(4)]
    work = {"retrain": Work(400, RETRAIN)}
    assert forecast.units_of("retrain@3", [s.name for s in stages], work) == Work(100, RETRAIN)
    before = {"retrain@0": Measured(42, 200, 0.1, UNIT_S)}  # there were two then
    speed = dict(REFERENCE) | {RETRAIN: 0.1}
    found = forecast.seconds(stages, work, work, speed=speed, measured=before)
    assert found == pytest.approx(dict.fromkeys(found, 2 + 20))
    assert set(found) == {stage.name for stage in stages}


def test_a_stage_that_nobody_reckoned_takes_what_dvc_yaml_says() -> None:
    found = forecast.seconds([_stage("new", cost_s=9)], {}, {}, speed=REFERENCE, measured={})
    assert found == pytest.approx({"new": 9})


GRAPH = [_stage("a"), _stage("b", "a"), _stage("c"), _stage("d", "c"), _stage("e", "b", "d")]
COSTS = {"a": 10.0, "b": 20.0, "c": 5.0, "d": 4.0, "e": 3.0}


@pytest.mark.parametrize(
    ("slots", "done", "at_work", "expected"),
    [
        (2, set(), {}, 33),  # a and b in a row, c and d beside them, then e
        (1, set(), {}, 42),
        (2, {"a"}, {"b": 7.0}, 12),  # c and d end at 9, then e
        (1, {"a"}, {"b": 7.0}, 19),  # c waits for b
        (2, {"a", "c"}, {"b": 2.0, "d": 6.0}, 9),
        (2, {"a", "b", "c", "d"}, {"e": 0.5}, 0.5),
        (2, set(COSTS), {}, 0),
    ],
)
def test_what_is_left_of_a_schedule(
    slots: int, done: set[str], at_work: dict[str, float], expected: float
) -> None:
    assert forecast.left(GRAPH, COSTS, slots, done=done, at_work=at_work) == expected


def test_what_was_measured_so_far_moves_the_rest() -> None:
    costs = {"small": 10.0, "large": 60.0}
    assert forecast.drift({}, costs) == 1
    assert forecast.drift({"small": 20.0}, costs) == pytest.approx(50 / 40)
    assert forecast.drift({"small": 20.0, "large": 120.0}, costs) == pytest.approx(170 / 100)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "a few seconds"),
        (7.4, "a few seconds"),
        (42.6, "about 45 s"),
        (57.6, "about 1 min"),
        (64.9, "about 1 min"),
        (65.1, "about 1 min 10 s"),
        (389, "about 6 min 30 s"),
        (594, "about 9 min 50 s"),
        (597, "about 10 min"),
        (3569, "about 59 min"),
        (3571, "about 1 h"),
        (7790, "about 2 h 10 min"),
    ],
)
def test_a_time_is_said_as_people_say_it(seconds: float, expected: str) -> None:
    assert forecast.words(seconds) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 1, "units": 1, "unit_s": 0, "compute_s": 1},
        {"seconds": 1, "units": 1, "unit_s": 1, "compute_s": -1},
        {"seconds": "nan", "units": 1, "unit_s": 1, "compute_s": 1},
        {"seconds": 1, "units": "inf", "unit_s": 1, "compute_s": 1},
    ],
)
def test_what_cannot_have_been_measured_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^no "):
        Measured.from_json(wrong)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.4, "0:00"), (59.6, "1:00"), (134, "2:14"), (3734, "1:02:14")]
)
def test_a_time_in_a_column_has_minutes_and_seconds(seconds: float, expected: str) -> None:
    assert forecast.clock(seconds) == expected
