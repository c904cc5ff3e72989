"""The rule of docs/decisions/0040: which of the measured discriminators should be the default."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ganatomy.statistics import half_width, mean_and_error

Row = dict[str, Any]
DATA = ("digits", "fashion-mnist")
CANDIDATES = ("dcgan", "dcgan-plain", "dcgan-layernorm", "resnet")
REFERENCE = "dcgan"
SEEDS = (0, 1, 2)
_LEEWAY = 0.05  # of balanced accuracy, at 0 against the best threshold
# What every run must fulfil, in words for when it does not.
CONDITIONS: dict[str, Callable[[Row], bool]] = {
    "depends on its batch": lambda row: row["eval_train_difference"] == 0.0,
    "AUC not above 0.5": lambda row: row["auc_low"] > 0.5,
    "0 is no boundary": lambda row: bool(row["balanced_at_best"] - row["balanced_at_0"] <= _LEEWAY),
    "noise or blur above reals": lambda row: max(row["noise"], row["blurred"]) <= row["reals"],
}


def failed(row: Row) -> list[str]:
    """What this run does not fulfil."""
    return [words for words, holds in CONDITIONS.items() if not holds(row)]


def log_ratio(rows: list[Row], one: str, other: str, data: str) -> tuple[float, float]:
    """Mean over seeds of log(fcd of one / fcd of the other), and half of its 95 % interval."""
    values = [
        math.log(_run(rows, data, one, seed)["fcd@1000"])
        - math.log(_run(rows, data, other, seed)["fcd@1000"])
        for seed in SEEDS
    ]
    mean, error, freedom = mean_and_error(np.array(values))
    return float(mean), float(half_width(error, freedom))


def geometric_mean(rows: list[Row], candidate: str) -> float:
    """Of fcd over all runs of a candidate."""
    logs = [math.log(row["fcd@1000"]) for row in rows if row["candidate"] == candidate]
    return math.exp(sum(logs) / len(logs))


def is_complete(rows: list[Row], candidate: str) -> bool:
    """Say whether it has a run of every data set and seed."""
    return len([row for row in rows if row["candidate"] == candidate]) == len(DATA) * len(SEEDS)


def faults(rows: list[Row], candidate: str) -> list[str]:
    """Everything by which a candidate is not eligible, as far as it was run; empty if it is."""
    found = [
        f"{words} ({row['data']}, seed {row['seed']})"
        for row in rows
        if row["candidate"] == candidate
        for words in failed(row)
    ]
    for data in DATA:
        if candidate != REFERENCE and has_seeds(rows, candidate, data):
            mean, half = log_ratio(rows, candidate, REFERENCE, data)
            if mean - half > 0:
                found.append(f"fcd worse than that of {REFERENCE} ({data})")
    return found


def cannot_win(rows: list[Row], candidate: str, step_s: dict[str, float]) -> str:
    """Say why further runs cannot make it the default; empty if they may.

    One that is not the quickest of the eligible has to be ahead of that one, on a data set, with an
    interval without 0. Student's of three seeds contains 0 as soon as one says the contrary.
    """
    if found := faults(rows, candidate):
        return found[0]
    rivals = [
        name for name in CANDIDATES if step_s[name] < step_s[candidate] and not faults(rows, name)
    ]
    behind = all(_is_behind(rows, candidate, name, data) for name in rivals for data in DATA)
    if behind and any(is_complete(rows, name) for name in rivals):
        return f"with a seed of either data set behind the quicker {', '.join(rivals)}"
    return ""


def winner(rows: list[Row], step_s: dict[str, float]) -> str:
    """Apply the rule to the candidates' rows; who lacks runs is not eligible."""
    eligible = _eligible(rows)
    if not eligible:
        complete = [name for name in CANDIDATES if is_complete(rows, name)]
        return min(complete, key=lambda name: _num_failed_runs(rows, name))
    best = min(eligible, key=lambda name: geometric_mean(rows, name))
    quickest = min(eligible, key=lambda name: step_s[name])
    differences = [log_ratio(rows, best, quickest, data) for data in DATA]
    return quickest if all(abs(mean) <= half for mean, half in differences) else best


def has_seeds(rows: list[Row], candidate: str, data: str) -> bool:
    """Say whether a data set has a run of every seed, of the candidate and of the reference."""
    return all(
        sum((row["candidate"], row["data"]) == (name, data) for row in rows) == len(SEEDS)
        for name in (candidate, REFERENCE)
    )


def _eligible(rows: list[Row]) -> list[str]:
    return [name for name in CANDIDATES if is_complete(rows, name) and not faults(rows, name)]


def _is_behind(rows: list[Row], one: str, other: str, data: str) -> bool:
    """With some seed of this data set that both were run with."""
    fcd = {(row["candidate"], row["seed"]): row["fcd@1000"] for row in rows if row["data"] == data}
    return any(fcd.get((one, seed), 0) > fcd.get((other, seed), math.inf) for seed in SEEDS)


def _num_failed_runs(rows: list[Row], candidate: str) -> int:
    return sum(bool(failed(row)) for row in rows if row["candidate"] == candidate)


def _run(rows: list[Row], data: str, candidate: str, seed: int) -> Row:
    (row,) = [
        row
        for row in rows
        if (row["data"], row["candidate"], row["seed"]) == (data, candidate, seed)
    ]
    return row
