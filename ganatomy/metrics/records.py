"""What was found about the quality of images, as plain values: for tables, JSON and the page."""

from dataclasses import asdict

import pandas as pd

from ganatomy.metrics.copies import Suspects
from ganatomy.metrics.coverage import Divergence
from ganatomy.metrics.memorisation import CANNOT_TELL, COPIES, Evidence
from ganatomy.metrics.quality import Quality
from ganatomy.metrics.result import Record


def fidelity_table(quality: Quality) -> pd.DataFrame:
    """Give one row for each metric."""
    return pd.DataFrame([asdict(measurement) for measurement in quality.fidelity])


def memorisation_record(quality: Quality) -> Record:
    """Give the verdict, and for each space what it rests on."""
    memorisation = quality.memorisation
    return {
        "verdict": memorisation.verdict,
        "copies_found": memorisation.verdict == COPIES,
        "cannot_tell": memorisation.verdict == CANNOT_TELL,
        "reason": memorisation.reason,
        "rule": memorisation.rule,
        "num_held_out": memorisation.independence.num_held_out,
        "num_in_training": memorisation.independence.num_in_training,
        "set_aside": memorisation.independence.leaves_enough,
        "spaces": {name: _evidence(evidence) for name, evidence in memorisation.spaces.items()},
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


def generalisation_record(quality: Quality) -> Record:
    """Describe D's gap between training and held-out images; nothing where it was not asked."""
    if quality.generalisation is None:
        return {}
    values = asdict(quality.generalisation)
    low, high = values.pop("auc_interval")
    return {**values, "auc_low": low, "auc_high": high}


def classes_record(quality: Quality, names: tuple[str, ...]) -> Record:
    """Count how often each class was made, and name those that were not."""
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


def suspects_table(suspects: Suspects) -> pd.DataFrame:
    """Give one row for each suspect and space, the worst suspect first."""
    return pd.DataFrame(
        [
            {
                "rank": rank,
                "fake": int(fake),
                "space": space,
                "nearest": int(suspects.nearest[space][rank - 1]),
                "ratio": float(suspects.ratio[space][rank - 1]),
            }
            for rank, fake in enumerate(suspects.fake, start=1)
            for space in suspects.nearest
        ]
    )


def _interval(value: float, interval: tuple[float, float]) -> Record:
    return {"value": value, "low": interval[0], "high": interval[1]}


def _divergence(divergence: Divergence) -> Record:
    values = _interval(divergence.value, divergence.interval)
    return {**values, "floor": divergence.floor, "floor_high": divergence.floor_high}
