"""Did the training hold: its guards, the step that was published, how its images differ."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganatomy.gan.training_guards import RULES
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import apart, listed

_NAMES = {
    "non_finite": "measured values that are NaN or infinite",
    "collapse": "collapse: images that look alike",
    "saturation": "D has won outright",
    "standstill": "weights or images that do not move",
    "no_gain": "no step better than the untrained networks",
}
_IN_SHORT = {
    "non_finite": "a measured value became NaN or infinite",
    "collapse": "the images collapsed into looking alike",
    "saturation": "D won outright",
    "standstill": "it did not move",
    "no_gain": "no step was better than the untrained networks",
}


def training(
    metrics: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
    diversity: float | None,
    gate: Gate,
    *,
    anchor: str = "training",
) -> Clause:
    """Ask the guards, and two figures of the step that was published.

    Parameters
    ----------
    metrics : mapping
        With ``published_step`` and ``num_steps``.
    findings : sequence of mapping
        Of the guards, each with ``guard`` and ``text``.
    diversity : float or None
        Of the images at the published step, in that of real images.
    gate : Gate
    anchor : str
    """
    broken = [finding["guard"] for finding in findings]
    guards = [
        Check.at_most(
            _NAMES[name], broken.count(name), 0, is_blocking=name in gate.training_blocking
        )
        for name in RULES
    ]
    step, total = metrics["published_step"], metrics["num_steps"]
    share = step / total if total else None
    published = Check.at_least(
        "share of the training behind the published step", share, gate.published_share
    )
    differ = Check.at_least(
        "diversity of the images, in that of real ones", diversity, gate.diversity
    )
    wrong = [_IN_SHORT[name] for name in RULES if name in broken and name in gate.training_blocking]
    if published.passed is False:
        wrong.append(f"the published step, {step:,} of {total:,}, is among the first")
    if differ.passed is False and diversity is not None:
        less = apart(diversity, gate.diversity)
        wrong.append(f"its images differ {less} times as much as real ones")
    notes = [_IN_SHORT[name] for name in RULES if name in broken]
    held = f"The training held; step {step:,} of {total:,} is published"
    return Clause.judged(
        "training",
        [*guards, published, differ],
        {
            "yes": f"{held}{f', though {listed(notes)}' if notes else ''}.",
            "no": f"The training did not hold: {listed(wrong)}.",
            "unknown": "Whether the training held is not known: how much its images differ, or "
            "which step is published, was not measured.",
        },
        anchor,
    )
