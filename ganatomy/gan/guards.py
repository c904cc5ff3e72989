"""Rules that say, from plain numbers, that a training went wrong. No torch here."""

import math
from typing import Any, NamedTuple

MIN_DIVERSITY = 0.2
MAX_ACCURACY = 0.995
MIN_LOG_POINTS = 10

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
}


class Finding(NamedTuple):
    """One rule that is broken: a key of `RULES`, the step, and what was seen, in words."""

    guard: str
    step: int
    text: str


class Guards:
    """Looks at the values of a training, with the little memory that the rules need.

    A broken rule is reported once, and again only after it was kept in between.
    """

    def __init__(self) -> None:
        self._non_finite: list[str] = []
        self._low_probes = 0
        self._accuracies: list[tuple[int, float]] = []
        self._saturated = False

    def look(self, step: int, total: int, values: dict[str, float]) -> list[Finding]:
        """Check the values of one step.

        Parameters
        ----------
        step : int
            Steps done.
        total : int
            Steps of the whole training.
        values : dict
            Any of d_loss, g_loss, d_real_logit, d_fake_logit, d_grad_norm, g_grad_norm,
            d_accuracy_real and d_accuracy_fake (in [0, 1]), diversity. What is not there is not
            judged; losses and probes may come in calls of their own.

        Returns
        -------
        list of Finding
            Those rules that were kept until now.
        """
        found = [
            ("non_finite", self._look_non_finite(step, values)),
            ("collapse", self._look_collapse(step, total, values)),
            ("saturation", self._look_saturation(step, total, values)),
        ]
        return [Finding(guard, step, text) for guard, text in found if text]

    def state(self) -> dict[str, Any]:
        """The memory as plain values that JSON can hold, for `restore`."""
        return {
            "non_finite": list(self._non_finite),
            "low_probes": self._low_probes,
            "accuracies": [list(point) for point in self._accuracies],
            "saturated": self._saturated,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self._non_finite = list(state["non_finite"])
        self._low_probes = state["low_probes"]
        self._accuracies = [(step, accuracy) for step, accuracy in state["accuracies"]]
        self._saturated = state["saturated"]

    def _look_non_finite(self, step: int, values: dict[str, float]) -> str:
        now = [name for name, value in values.items() if not math.isfinite(value)]
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
