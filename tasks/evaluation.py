"""What the stage evaluate found, as plain values: the tables that it writes and their figures."""

from dataclasses import asdict
from typing import Any

import pandas as pd

from ganatomy.metrics.copies import Suspects
from ganatomy.metrics.coverage import Divergence
from ganatomy.metrics.memorisation import CANNOT_TELL, COPIES, Evidence
from ganatomy.metrics.quality import Quality

Record = dict[str, Any]


def fidelity(quality: Quality) -> pd.DataFrame:
    """One row for each metric."""
    return pd.DataFrame([asdict(measurement) for measurement in quality.fidelity])


def memorisation(quality: Quality) -> Record:
    """The verdict, and for each space what it rests on."""
    found = quality.memorisation
    return {
        "verdict": found.verdict,
        "copies_found": found.verdict == COPIES,
        "cannot_tell": found.verdict == CANNOT_TELL,
        "reason": found.reason,
        "rule": found.rule,
        "num_held_out": found.independence.num_held_out,
        "num_in_training": found.independence.num_in_training,
        "set_aside": found.independence.leaves_enough,
        "spaces": {name: _evidence(evidence) for name, evidence in found.spaces.items()},
    }


def _evidence(evidence: Evidence) -> Record:
    copies, whole, authentic = evidence.copies, evidence.data_copying, evidence.authenticity
    return {
        "has_copies": evidence.has_copies,
        "detectable": min(evidence.detectable, 1.0),
        "is_nearer": evidence.is_nearer,
        "copies": {
            **_interval(copies.share, copies.interval),
            "expected": copies.expected,
            "p_value": copies.p_value,
            "threshold": copies.threshold,
        },
        "c_t": {**_interval(whole.c_t, (whole.low, whole.high)), "p_value": whole.p_value},
        "authenticity": {
            **_interval(authentic.share, authentic.interval),
            "floor": authentic.floor,
            "floor_low": authentic.floor_interval[0],
            "floor_high": authentic.floor_interval[1],
        },
    }


def generalisation(quality: Quality) -> Record:
    """D's gap between training and held-out images."""
    found = asdict(quality.generalisation)
    low, high = found.pop("auc_interval")
    return {**found, "auc_low": low, "auc_high": high}


def classes(quality: Quality, names: tuple[str, ...]) -> Record:
    """How often each class was made, and which were not; no names where there are no classes."""
    coverage = quality.coverage
    if coverage is None:
        return {"names": [], "missing": []}
    return {
        "names": list(names),
        "fake": quality.fake_histogram.tolist(),
        "real": quality.real_histogram.tolist(),
        "num_modes": coverage.num_modes,
        "num_found": coverage.num_found,
        "missing": list(coverage.missing),
        "unsettled": list(coverage.unsettled),
        "jensen_shannon": _divergence(coverage.jensen_shannon),
        "total_variation": _divergence(coverage.total_variation),
    }


def suspects(found: Suspects) -> pd.DataFrame:
    """One row for each suspect and space, the worst suspect first."""
    return pd.DataFrame(
        [
            {
                "rank": rank,
                "fake": int(fake),
                "space": space,
                "nearest": int(found.nearest[space][rank - 1]),
                "ratio": float(found.ratio[space][rank - 1]),
            }
            for rank, fake in enumerate(found.fake, start=1)
            for space in found.nearest
        ]
    )


def figures(quality: Quality) -> dict[str, float | int]:
    """Everything that is a number and worth comparing between runs, flat."""
    found: dict[str, float | int] = {}
    for one in quality.fidelity:
        for kind in ("value", "low", "high", "floor"):
            name = one.name if kind == "value" else f"{one.name}_{kind}"
            found[f"{name}@{one.count}"] = getattr(one, kind)
    record = memorisation(quality)
    if not record["cannot_tell"]:  # neither 0 nor 1 would be true
        found["copies_found"] = int(record["copies_found"])
    found["held_out_in_training"] = record["num_in_training"]
    for space, evidence in record["spaces"].items():
        for measure, name in (
            ("copies", "copies_share"),
            ("c_t", "c_t"),
            ("authenticity", "authenticity"),
        ):
            found |= _flat(f"{name}_{space}", evidence[measure])
    gap = generalisation(quality)
    found |= {
        "d_gap": gap["gap"],
        "d_gap_sd": gap["gap_sd"],
        **_flat("d_gap_auc", {"value": gap["auc"], "low": gap["auc_low"], "high": gap["auc_high"]}),
        **{f"d_accuracy_{name}": gap[f"{name}_accuracy"] for name in ("train", "held_out", "fake")},
    }
    coverage = quality.coverage
    if coverage is None:
        return found
    return {
        **found,
        "classes_found": coverage.num_found,
        "classes_missing": len(coverage.missing),
        "classes_unsettled": len(coverage.unsettled),
        **_flat("js_divergence", _divergence(coverage.jensen_shannon)),
        **_flat("total_variation", _divergence(coverage.total_variation)),
    }


def _interval(value: float, interval: tuple[float, float]) -> Record:
    return {"value": value, "low": interval[0], "high": interval[1]}


def _divergence(found: Divergence) -> Record:
    values = _interval(found.value, found.interval)
    return {**values, "floor": found.floor, "floor_high": found.floor_high}


def _flat(name: str, record: Record) -> dict[str, float]:
    """The value under the name itself; its interval and floor under names made from it."""
    kept = {kind: record[kind] for kind in ("low", "high", "floor", "expected") if kind in record}
    return {name: record["value"], **{f"{name}_{kind}": value for kind, value in kept.items()}}
