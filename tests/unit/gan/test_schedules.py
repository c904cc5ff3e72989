"""Schedules against torch's own."""

import pytest
import torch
from torch.optim import lr_scheduler

from ganatomy.errors import InputError
from ganatomy.gan.schedules import SCHEDULES, ema_decay_at, learning_rate_factor

TOTAL = 40


def _of_torch(schedule: str, rising: int) -> list[float]:
    """Torch's learning rate before each step, and after the last, for a peak of 1."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    falling = {
        "constant": lambda: lr_scheduler.ConstantLR(optimiser, 1.0),
        "linear": lambda: lr_scheduler.LinearLR(optimiser, 1.0, 0.0, TOTAL - rising),
        "cosine": lambda: lr_scheduler.CosineAnnealingLR(optimiser, TOTAL - rising),
    }
    chain: lr_scheduler.LRScheduler
    if rising:
        # milestones restart the second one at its own step 0
        up = lr_scheduler.LinearLR(optimiser, 1 / (rising + 1), 1.0, rising)
        chain = lr_scheduler.SequentialLR(optimiser, [up, falling[schedule]()], [rising])
    else:
        chain = falling[schedule]()
    rates = []
    for _ in range(TOTAL + 1):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        chain.step()
    return rates


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("warmup", "rising"), [(0.0, 0), (0.1, 4), (0.26, 10), (0.024, 1)])
def test_agrees_with_torch(schedule: str, warmup: float, rising: int) -> None:
    found = [
        learning_rate_factor(step, TOTAL, schedule, warmup=warmup) for step in range(TOTAL + 1)
    ]
    assert found == pytest.approx(_of_torch(schedule, rising), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("warmup", [0.0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("total", [1, 2, 3, 1000])
def test_no_step_is_without_learning_and_none_above_the_peak(
    schedule: str, warmup: float, total: int
) -> None:
    factors = [learning_rate_factor(step, total, schedule, warmup=warmup) for step in range(total)]
    assert all(0 < factor <= 1 for factor in factors)
    rising = round(warmup * total)
    if rising < total:
        assert factors[rising] == 1
    end = learning_rate_factor(total, total, schedule, warmup=warmup)
    assert end == (1 if schedule == "constant" else 0)


def test_unknown_schedule_is_named() -> None:
    with pytest.raises(InputError, match=r"'step'.*constant, linear, cosine") as caught:
        learning_rate_factor(0, 10, "step", warmup=0.0)
    assert caught.value.where == "schedule"


@pytest.mark.parametrize(
    ("step", "decay", "expected"),
    [(0, 0.999, 0.1), (8, 0.999, 0.5), (890, 0.999, 0.99), (10**6, 0.999, 0.999), (8, 0.3, 0.3)],
)
def test_ema_decay(step: int, decay: float, expected: float) -> None:
    assert ema_decay_at(step, decay) == pytest.approx(expected, rel=1e-12)
