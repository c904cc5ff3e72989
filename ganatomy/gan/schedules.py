"""How the learning rate and the moving average's decay change over a training. No torch here."""

import math
from typing import get_args

from ganatomy.errors import InputError
from ganatomy.gan.settings import Schedule

SCHEDULES: tuple[str, ...] = get_args(Schedule)


def learning_rate_factor(step: int, total: int, schedule: str, *, warmup: float) -> float:
    """Return the factor of the peak learning rate at a step.

    Parameters
    ----------
    step : int in [0, total]
        Steps done before; the training's own steps are 0 to total - 1.
    total : int
    schedule : str
        From the peak on: ``constant`` stays there; ``linear`` and ``cosine`` (half a period, as in
        Loshchilov & Hutter 2017, arXiv 1608.03983, without restarts) fall to 0 at step `total`.
    warmup : float in [0, 1)
        Over the first round(warmup * total) steps the factor rises linearly, from above 0.

    Returns
    -------
    float in [0, 1]
        1 is reached once, right after the warm-up.

    Raises
    ------
    InputError
        An unknown schedule.
    """
    if schedule not in SCHEDULES:
        raise InputError(
            f"there is no learning rate schedule {schedule!r}",
            "schedule",
            f"Use one of: {', '.join(SCHEDULES)}.",
        )
    rising = round(warmup * total)
    if step < rising:
        return (step + 1) / (rising + 1)
    if schedule == "constant":
        return 1.0
    left = (total - step) / (total - rising) if step < total else 0.0
    return left if schedule == "linear" else math.sin(left * math.pi / 2) ** 2


def ema_decay_at(step: int, decay: float) -> float:
    """Return min(decay, (1 + step) / (10 + step)): early averages forget the untrained weights."""
    return min(decay, (1 + step) / (10 + step))
