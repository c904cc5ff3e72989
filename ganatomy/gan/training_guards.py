"""Rules that say, from plain numbers, that a training went wrong. No torch here."""

import math
from typing import Any, NamedTuple

MIN_DIVERSITY = 0.2
MAX_ACCURACY = 0.995
MIN_LOG_POINTS = 10
MIN_STIRRED = 0.01
MIN_CHANGE = 1e-4
MIN_STEPS = 50  # fewer may well leave all images alike
_JUDGED_ALONE = ("score", "g_change", "d_change")  # told to the guards, not measured for people

RULES = {
    "non_finite": "a measured value is NaN or infinite",
    "collapse": (
        f"after the first 10 % of the training, the diversity of the images from the same latents "
        f"is below {MIN_DIVERSITY} of the real images' in two probes in a row"
    ),
    "saturation": (
        f"after the first 10 % of the training, D is right about at least {MAX_ACCURACY:.1%} of "
        f"reals and fakes over the log points of the last 10 %, {MIN_LOG_POINTS} or more"
    ),
    "standstill": (
        f"at the first probe after the first 10 % of the training, the weights of G or D have "
        f"changed by less than {MIN_CHANGE:.2%} of their size, or, after at least {MIN_STEPS} "
        f"steps, the diversity of the images was below {MIN_STIRRED} in every probe so far"
    ),
    "no_gain": "no probe of the training has a better score than the untrained networks",
}


class TrainingFinding(NamedTuple):
    """A broken rule: a key of `RULES`, the step, and what was seen, in words."""

    guard: str
    step: int
    text: str


class Guards:
    """Rules over the values of a training, with the little memory that they need.

    A broken rule is reported once, and again only after it was kept in between.
    """

    def __init__(self) -> None:
        self._non_finite: list[str] = []
        self._low_probes = 0
        self._accuracies: list[tuple[int, float]] = []
        self._saturated = False
        self._stirred = False
        self._stood_still: bool | None = None  # not judged yet
        self._untrained = math.nan  # score of the first probe
        self._best = math.inf  # of those since

    def look(self, step: int, total: int, values: dict[str, float]) -> list[TrainingFinding]:
        """Check the values of one step.

        Parameters
        ----------
        step : int
            Steps done.
        total : int
            Steps of the whole training.
        values : dict
            Any of d_loss, g_loss, d_real_logit, d_fake_logit, d_grad_norm, g_grad_norm,
            d_accuracy_real and d_accuracy_fake (in [0, 1]), diversity; of a probe also its score
            (lower is better), and g_change and d_change, how far the weights are from the first
            ones, relative to their size. What is not there is not judged; losses and probes may
            come in calls of their own.

        Returns
        -------
        list of TrainingFinding
            Those rules that were kept until now.
        """
        texts = [
            ("non_finite", self._look_non_finite(step, values)),
            ("collapse", self._look_collapse(step, total, values)),
            ("saturation", self._look_saturation(step, total, values)),
            ("standstill", self._look_standstill(step, total, values)),
            ("no_gain", self._look_no_gain(step, total, values)),
        ]
        return [TrainingFinding(guard, step, text) for guard, text in texts if text]

    def state(self) -> dict[str, Any]:
        """Return the memory as plain values that JSON can hold, for `restore`."""
        return {
            "non_finite": list(self._non_finite),
            "low_probes": self._low_probes,
            "accuracies": [list(point) for point in self._accuracies],
            "saturated": self._saturated,
            "stirred": self._stirred,
            "stood_still": self._stood_still,
            "untrained": None if math.isnan(self._untrained) else self._untrained,
            "best": None if math.isinf(self._best) else self._best,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore the memory that `state` returned."""
        self._non_finite = list(state["non_finite"])
        self._low_probes = state["low_probes"]
        self._accuracies = [(step, accuracy) for step, accuracy in state["accuracies"]]
        self._saturated = state["saturated"]
        self._stirred = state["stirred"]
        self._stood_still = state["stood_still"]
        self._untrained = math.nan if state["untrained"] is None else state["untrained"]
        self._best = math.inf if state["best"] is None else state["best"]

    def _look_non_finite(self, step: int, values: dict[str, float]) -> str:
        judged = {name: value for name, value in values.items() if name not in _JUDGED_ALONE}
        now = [name for name, value in judged.items() if not math.isfinite(value)]
        before = self._non_finite
        self._non_finite = [name for name in before if name not in values] + now
        if before or not now:
            return ""
        return ", ".join(f"{name} is {values[name]}" for name in now) + f" at step {step}"

    def _look_collapse(self, step: int, total: int, values: dict[str, float]) -> str:
        value = values.get("diversity", math.nan)
        if not math.isfinite(value) or step <= total / 10:
            return ""
        self._low_probes = self._low_probes + 1 if value < MIN_DIVERSITY else 0
        if self._low_probes != 2:
            return ""
        return (
            f"diversity is {value:.3f} at step {step}, below {MIN_DIVERSITY} in two probes in a "
            "row: the generated images look alike"
        )

    def _look_saturation(self, step: int, total: int, values: dict[str, float]) -> str:
        both = [values.get(f"d_accuracy_{kind}", math.nan) for kind in ("real", "fake")]
        accuracy = sum(both) / 2
        if not math.isfinite(accuracy):
            return ""
        points = [*self._accuracies, (step, accuracy)]
        recent = sum(at > step - total / 10 for at, _ in points)
        points = points[-max(recent, MIN_LOG_POINTS) :]
        self._accuracies = points
        mean = math.fsum(value for _, value in points) / len(points)
        before = self._saturated
        enough = step > total / 10 and len(points) >= MIN_LOG_POINTS
        self._saturated = enough and mean >= MAX_ACCURACY
        if before or not self._saturated:
            return ""
        return (
            f"D is right about {mean:.2%} of reals and fakes over the {len(points)} log points up "
            f"to step {step}: G may learn nothing from it"
        )

    def _look_standstill(self, step: int, total: int, values: dict[str, float]) -> str:
        if "diversity" not in values or self._stood_still is not None:
            return ""
        self._stirred = self._stirred or not values["diversity"] < MIN_STIRRED
        if step <= total / 10:
            return ""
        reasons = [
            f"the weights of {network} have changed by {change:.2g} of their size"
            for network in ("G", "D")
            if (change := values.get(f"{network.lower()}_change", math.inf)) < MIN_CHANGE
        ]
        if step >= MIN_STEPS and not self._stirred:
            reasons.append(
                f"the images of different latents are alike (diversity {values['diversity']:.3f}) "
                "as they were at the start"
            )
        if reasons or step >= MIN_STEPS:
            self._stood_still = bool(reasons)
        if not reasons:
            return ""
        return (
            f"the training does not move: at step {step} {', '.join(reasons)}. Look at the first "
            "weights of your networks and at the learning rate"
        )

    def _look_no_gain(self, step: int, total: int, values: dict[str, float]) -> str:
        if "score" not in values:
            return ""
        if step == 0:
            self._untrained = values["score"]
            return ""
        self._best = min(self._best, values["score"])
        if step < total or not self._untrained <= self._best < math.inf:
            return ""
        return (
            f"no probe of the training is better than the untrained networks: their score is "
            f"{self._untrained:.4g}, the best one since is {self._best:.4g}"
        )
