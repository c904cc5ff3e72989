"""Results made by hand: what an evaluation has found, say, when the figures are these."""

from typing import Any

import pandas as pd
import torch

from ganatomy.metrics.discriminator.findings import HealthFinding
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.metrics.fidelity import NAMES
from ganatomy.metrics.result import EvaluationStudy

ABLE = EvaluatorSkill("c0ffee", 930, 1000, 0.1)
GUESSING = EvaluatorSkill("c0ffee", 10, 100, 0.1)
NO_TABLE = pd.DataFrame()


def evaluation(
    precision: float = 0.9,
    coverage: float = 0.8,
    *,
    half: float = 0.02,
    floor: float = 1.0,
    skill: EvaluatorSkill | None = ABLE,
    missing: tuple[str, ...] = (),
    unsettled: tuple[str, ...] = (),
    names: tuple[str, ...] = tuple("0123456789"),
    has_copies: bool = False,
    cannot_tell: bool = False,
    share: float = 0.01,
) -> EvaluationStudy:
    """Each figure with an interval of `half` to both sides; copies found or not in pixels."""
    values = {"precision": precision, "coverage": coverage}
    rows = [
        {
            "name": name,
            "value": values.get(name, 0.5),
            "low": values.get(name, 0.5) - half,
            "high": values.get(name, 0.5) + half,
            "floor": floor,
            "floor_low": floor,
            "floor_high": floor,
            "count": 1000,
            "better": "higher",
        }
        for name in NAMES
    ]
    found: dict[str, Any] = {"names": list(names), "missing": list(missing)}
    if names:
        found |= {"num_modes": len(names), "unsettled": list(unsettled)}
        found["num_found"] = len(names) - len(missing) - len(unsettled)
    copies = {"value": share, "expected": 0.01}
    evidence = {"has_copies": has_copies, "detectable": 0.03, "copies": copies}
    return EvaluationStudy(
        pd.DataFrame(rows),
        {
            "copies_found": has_copies,
            "cannot_tell": cannot_tell,
            "num_held_out": 1000,
            "num_in_training": 0,
            "spaces": {"pixels": evidence},
        },
        {},
        found,
        NO_TABLE,
        torch.zeros(0),
        {},
        skill=skill,
    )


def health(*rules: str, auc: float = 0.8, has_level: bool = True) -> DiscriminatorHealth:
    """A D about which these rules have found something."""
    record = {
        "held_out": {"auc": auc, "low": auc - 0.02, "high": auc + 0.02},
        "has_level": has_level,
        "num_reference": 100,
    }
    findings = tuple(HealthFinding(rule, "something was seen") for rule in rules)
    return DiscriminatorHealth(
        record, NO_TABLE, NO_TABLE, NO_TABLE, NO_TABLE, findings, logits={}, examples={}
    )
