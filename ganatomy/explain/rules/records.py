"""A rule as plain values, for JSON, and back: to the last bit of each threshold."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ganatomy.errors import REMAKE, InputError
from ganatomy.explain.rules.rule import Condition, Rule

KINDS = {"concept": str, "is_above": bool, "threshold": float}
"""What is written of a condition."""


def rule_record(rule: Rule) -> dict[str, Any]:
    """Write a rule as plain values.

    Examples
    --------
    >>> rule_record(Rule(((Condition("holes", True, 1.0),),)))
    {'clauses': [[{'concept': 'holes', 'is_above': True, 'threshold': 1.0}]]}
    """
    return {
        "clauses": [
            [{name: kind(getattr(each, name)) for name, kind in KINDS.items()} for each in clause]
            for clause in rule.clauses
        ]
    }


def rule_of(record: Mapping[str, Any]) -> Rule:
    """Read what `rule_record` wrote.

    Raises
    ------
    InputError
        For anything else: a field that is missing or of another type, a threshold that is no
        finite number.
    """
    try:
        return Rule(tuple(tuple(map(_condition, clause)) for clause in record["clauses"]))
    except (KeyError, TypeError) as error:
        raise InputError(f"no rule: {error}", "record", REMAKE) from error


def _condition(record: Mapping[str, Any]) -> Condition:
    values = {name: record[name] for name in KINDS}
    if type(values["threshold"]) is int:  # no bool; another writer's JSON may say 1 for 1.0
        values["threshold"] = float(values["threshold"])
    for name, kind in KINDS.items():
        if type(values[name]) is not kind:
            raise TypeError(f"{name} is {values[name]!r}, no {kind.__name__}")
    if not isfinite(values["threshold"]):
        raise TypeError(f"threshold is {values['threshold']}, no finite number")
    return Condition(**values)
