"""What is found about a training, as sentences that follow from its curves."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ganatomy.wording import counted, pair

DISTANCE = "train/fcd@"
_FLAT = 0.05  # of the first value: less is no way gone


def finding_of_training(num_rules: int, broken: Sequence[str]) -> str:
    """Say in one line whether the training held.

    Parameters
    ----------
    num_rules : int
        That were watched.
    broken : sequence of str
        What was seen where one did not hold.
    """
    if not broken:
        return f"The training held: none of {counted(num_rules, 'rule')} was broken."
    return f"The training did not hold: {'; '.join(broken)}."


def finding_of_curves(points: pd.DataFrame, published: int, unmeasured: str = "") -> str:
    """Say how the distance to real images went, and whether the best probe was published.

    Parameters
    ----------
    points : DataFrame
        Columns step, name, value.
    published : int
        The step whose weights were published.
    unmeasured : str
        Why the distance says nothing; "" where it does.
    """
    if unmeasured:
        return f"How near the images came to real ones is not measured: {unmeasured}."
    probes = distances(points)
    if probes.empty:
        return f"No probe measured how near the images came; step {published:,} is published."
    said = _way(probes)
    at = probes[probes["step"] == published]["value"]
    if at.empty:
        return f"{said}; step {published:,} is published, which was not measured."
    best = probes.sort_values("value", kind="stable").iloc[0]
    of_all = counted(len(probes), "probe")
    if float(at.iloc[0]) <= best["value"]:
        return f"{said}; step {published:,} is published, the best of {of_all}."
    there, here = pair(float(best["value"]), float(at.iloc[0]))
    return (
        f"{said}; step {published:,} is published ({here}), while the best of {of_all} was "
        f"{there} at step {int(best['step']):,}."
    )


def distances(points: pd.DataFrame) -> pd.DataFrame:
    """Choose the probes' distances to real images that are numbers, in the order of the steps."""
    chosen = points[points["name"].str.startswith(DISTANCE)]
    known: pd.DataFrame = chosen[np.isfinite(chosen["value"])]
    return known.sort_values("step")


def _way(probes: pd.DataFrame) -> str:
    first, last = float(probes["value"].iloc[0]), float(probes["value"].iloc[-1])
    start, end = pair(first, last)
    steps = f"from step {int(probes['step'].iloc[0]):,} to step {int(probes['step'].iloc[-1]):,}"
    if len(probes) == 1:
        return f"The distance to training images was {start} at the one probe"
    if abs(last - first) <= _FLAT * abs(first):
        return f"The distance to training images hardly moved {steps}: {start}, then {end}"
    verb = "fell" if last < first else "rose"
    return f"The distance to training images {verb} from {start} to {end} {steps}"
