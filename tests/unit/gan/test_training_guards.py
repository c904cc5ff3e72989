"""Each fault is built and found; a healthy course has no finding."""

import json
import math
from typing import Any

import pytest

from ganatomy.gan.training_guards import (
    MAX_ACCURACY,
    MIN_CHANGE,
    MIN_DIVERSITY,
    MIN_STEPS,
    MIN_STIRRED,
    RULES,
    Guards,
    TrainingFinding,
)

Course = list[tuple[int, dict[str, float]]]
TOTAL = 1000


def _healthy(step: int) -> dict[str, float]:
    """A log point of a training that goes well, D winning at first."""
    accuracy = 0.8 + 0.199 * math.exp(-step / 50)
    return {
        "d_loss": 1.2 - 1 / (step + 1),
        "g_loss": 0.9,
        "d_real_logit": 0.5,
        "d_fake_logit": -0.5,
        "d_grad_norm": 1.0,
        "g_grad_norm": 0.4,
        "d_accuracy_real": accuracy,
        "d_accuracy_fake": accuracy,
    }


def _course(every: int = 10, **changed: dict[int, float]) -> Course:
    """A healthy course with some values changed: name -> {step: value}."""
    course = []
    for step in range(every, TOTAL + 1, every):
        values = _healthy(step)
        if step % 100 == 0:
            values["diversity"] = 0.3 + 0.6 * step / TOTAL
        values |= {name: at[step] for name, at in changed.items() if step in at}
        course.append((step, values))
    return course


def _look(course: Course, guards: Guards | None = None) -> list[TrainingFinding]:
    guards = guards or Guards()
    return [finding for step, values in course for finding in guards.look(step, TOTAL, values)]


@pytest.mark.parametrize("every", [1, 10, 100])
def test_a_healthy_course_has_no_finding(every: int) -> None:
    assert _look(_course(every)) == []


@pytest.mark.parametrize("name", sorted(_healthy(0)))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite(name: str, value: float) -> None:
    text = f"{name} is {value} at step 70"
    assert _look(_course(**{name: {70: value}})) == [TrainingFinding("non_finite", 70, text)]


def test_values_that_are_not_finite_are_one_finding_until_all_recovered() -> None:
    bad = math.nan
    found = _look(_course(d_loss={70: bad, 80: bad}, g_loss={70: math.inf, 90: bad, 200: bad}))
    assert found == [
        TrainingFinding("non_finite", 70, "d_loss is nan, g_loss is inf at step 70"),
        TrainingFinding("non_finite", 200, "g_loss is nan at step 200"),
    ]


def test_a_probe_in_between_does_not_make_the_losses_finite() -> None:
    guards = Guards()
    assert len(guards.look(1, TOTAL, {"d_loss": math.nan})) == 1
    assert guards.look(1, TOTAL, {"diversity": 0.9}) == []
    assert guards.look(2, TOTAL, {"d_loss": math.nan}) == []
    assert guards.look(3, TOTAL, {"d_loss": 1.0}) == []
    assert len(guards.look(4, TOTAL, {"d_loss": math.nan})) == 1


LOW = MIN_DIVERSITY - 0.01


@pytest.mark.parametrize(
    ("probes", "steps"),
    [
        ({300: LOW}, []),
        ({300: LOW, 500: LOW}, []),
        ({300: LOW, 400: MIN_DIVERSITY}, []),
        ({300: LOW, 400: LOW}, [400]),
        ({300: LOW, 400: LOW, 500: LOW, 600: LOW}, [400]),
        ({300: LOW, 400: LOW, 600: LOW, 700: LOW}, [400, 700]),
        ({10: LOW, 20: LOW, 100: LOW}, []),  # the start is allowed to be poor
        ({10: LOW, 20: LOW, 100: LOW, 200: LOW}, []),
        ({110: 0.0, 120: 0.0}, [120]),
        ({300: LOW, 350: math.nan, 400: LOW}, [350, 400]),  # NaN is no probe, and found by another
    ],
)
def test_collapse(probes: dict[int, float], steps: list[int]) -> None:
    found = _look(_course(diversity=probes))
    assert [finding.step for finding in found] == steps
    kinds = ["collapse" if math.isfinite(probes[step]) else "non_finite" for step in steps]
    assert [finding.guard for finding in found] == kinds
    for finding in found:
        assert f"diversity is {probes[finding.step]:.3f}".rstrip("0") in finding.text
        assert f"at step {finding.step}" in finding.text


def _accuracy(steps: range, real: float, fake: float) -> dict[str, dict[int, float]]:
    return {
        "d_accuracy_real": dict.fromkeys(steps, real),
        "d_accuracy_fake": dict.fromkeys(steps, fake),
    }


@pytest.mark.parametrize(
    ("every", "steps", "real", "fake", "found_at"),
    [
        (10, range(300, 400, 10), 1.0, 1.0, [390]),  # ten points, a tenth of the training
        (10, range(300, 390, 10), 1.0, 1.0, []),
        (10, range(300, 800, 10), 1.0, 1.0, [390]),
        (10, range(300, 400, 10), MAX_ACCURACY + 1e-9, MAX_ACCURACY + 1e-9, [390]),
        (10, range(300, 400, 10), MAX_ACCURACY - 1e-9, MAX_ACCURACY - 1e-9, []),
        (10, range(300, 400, 10), 1.0, 2 * MAX_ACCURACY - 1.001, []),  # the mean of both counts
        (10, range(300, 400, 10), 1.0, 2 * MAX_ACCURACY - 0.999, [390]),
        # a hundred points are a tenth; two others of 0.8 among them leave a mean of 0.996
        (1, range(300, 400), 1.0, 1.0, [397]),
        (1, range(300, 390), 1.0, 1.0, []),
        (50, range(300, 750, 50), 1.0, 1.0, []),  # two points are a tenth, but ten are asked for
        (50, range(300, 800, 50), 1.0, 1.0, [750]),
        (1, range(1, 90), 1.0, 1.0, []),  # D may win the start
        (1, range(1, 200), 1.0, 1.0, [101]),
    ],
)
def test_saturation(
    every: int, steps: range, real: float, fake: float, found_at: list[int]
) -> None:
    found = _look(_course(every, **_accuracy(steps, real, fake)))
    assert [(finding.guard, finding.step) for finding in found] == [
        ("saturation", step) for step in found_at
    ]
    assert all(f"to step {finding.step}" in finding.text for finding in found)


def test_saturation_is_found_again_after_it_had_ended() -> None:
    both = {
        name: at | _accuracy(range(700, 900, 10), 1.0, 1.0)[name]
        for name, at in _accuracy(range(300, 500, 10), 1.0, 1.0).items()
    }
    assert [finding.step for finding in _look(_course(**both))] == [390, 790]


def test_one_accuracy_alone_is_not_judged() -> None:
    guards = Guards()
    for step in range(10, TOTAL, 10):
        assert guards.look(step, TOTAL, {"d_accuracy_real": 1.0}) == []


LIVE, DEAD = MIN_STIRRED + 0.001, MIN_STIRRED - 0.001
STILL, MOVED = MIN_CHANGE * 0.99, MIN_CHANGE * 1.01


@pytest.mark.parametrize(
    ("diversities", "changes", "words"),
    [
        ([DEAD, DEAD, DEAD], {}, "images of different latents are alike"),
        ([0.0, 0.0, 0.0], {"g_change": MOVED, "d_change": MOVED}, "images of different latents"),
        ([DEAD, LIVE, DEAD], {}, ""),  # it has moved, and collapsed: another rule's matter
        ([DEAD, DEAD, LIVE], {}, ""),
        ([LIVE, LIVE, LIVE], {"g_change": STILL, "d_change": MOVED}, "the weights of G"),
        ([LIVE, LIVE, LIVE], {"g_change": MOVED, "d_change": STILL}, "the weights of D"),
        ([LIVE, LIVE, LIVE], {"g_change": MOVED, "d_change": MOVED}, ""),
        ([math.nan, LIVE, LIVE], {}, ""),
    ],
)
def test_standstill(diversities: list[float], changes: dict[str, float], words: str) -> None:
    """Judged once, at the first probe after the first 10 %."""
    guards, found = Guards(), []
    for step, value in zip((0, 100, 200), diversities):
        found += guards.look(step, TOTAL, {"diversity": value, **changes})
    found += guards.look(300, TOTAL, {"diversity": 0.0, "g_change": 0.0})
    still = [finding for finding in found if finding.guard == "standstill"]
    assert [finding.step for finding in still] == ([200] if words else [])
    assert all(words in finding.text for finding in still)
    assert all("does not move" in finding.text for finding in still)


@pytest.mark.parametrize(
    ("total", "change", "found_at"),
    [
        (40, MOVED, []),  # a training of so few steps may well be at its start
        (40, STILL, [10]),
        (100, MOVED, [MIN_STEPS]),
        (100, STILL, [20]),
    ],
)
def test_a_standstill_of_the_images_takes_some_steps(
    total: int, change: float, found_at: list[int]
) -> None:
    guards, found = Guards(), []
    for step in range(0, total + 1, 10):
        found += guards.look(step, total, {"diversity": 0.0, "g_change": change})
    still = [finding.step for finding in found if finding.guard == "standstill"]
    assert still == found_at


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ({0: 5.0, 500: 6.0, TOTAL: 7.0}, "their score is 5, the best one since is 6"),
        ({0: 5.0, 500: 5.0, TOTAL: 7.0}, "the best one since is 5"),
        ({0: 5.0, 500: 4.0, TOTAL: 7.0}, ""),
        ({0: 5.0, TOTAL: 4.0}, ""),
        ({0: 5.0, 500: 6.0}, ""),  # not at its end yet
        ({0: math.nan, 500: 6.0, TOTAL: 7.0}, ""),
        ({0: 5.0, 500: 6.0, TOTAL: math.nan}, "the best one since is 6"),
    ],
)
def test_no_gain(scores: dict[int, float], text: str) -> None:
    guards = Guards()
    found = [
        f for step, score in scores.items() for f in guards.look(step, TOTAL, {"score": score})
    ]
    assert [finding.guard for finding in found] == (["no_gain"] if text else [])
    assert all(text in finding.text for finding in found)


def test_a_training_without_steps_has_nothing_to_gain() -> None:
    assert Guards().look(0, 0, {"score": 5.0, "diversity": 0.5, "g_change": 0.0}) == []


@pytest.mark.parametrize("cut", range(0, 100, 9))
def test_a_resumed_training_finds_the_same(cut: int) -> None:
    faults: dict[str, Any] = _accuracy(range(300, 500, 10), 1.0, 1.0)
    faults["diversity"] = {200: LOW, 300: LOW, 400: LOW, 700: LOW, 800: LOW}
    faults["d_loss"] = {50: math.nan, 60: math.nan, 900: math.inf}
    course = _course(**faults)
    course = [(0, {"diversity": 0.9, "score": 1.0, "g_change": 0.0}), *course]
    course.append((TOTAL, {"diversity": 0.9, "score": 2.0}))
    course[20][1]["g_change"] = 0.0  # at the first probe after the first tenth
    whole = _look(course)
    assert {finding.guard for finding in whole} == set(RULES)
    first, second = Guards(), Guards()
    found = _look(course[:cut], first)
    state = first.state()
    text = json.dumps(state, allow_nan=False)
    found += _look(course[cut:], first)  # what is looked at later does not change the snapshot
    assert json.dumps(state) == text
    second.restore(json.loads(text))
    again = _look(course[:cut]) + _look(course[cut:], second)
    assert again == found == whole
    assert second.state() == first.state()


def test_the_memory_stays_small() -> None:
    guards = Guards()
    for step in range(1, TOTAL + 1):
        guards.look(step, TOTAL, _healthy(step))
    assert len(guards.state()["accuracies"]) == TOTAL / 10
