"""Rules as plain values."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganatomy.errors import InputError
from ganatomy.explain.rules.records import rule_of, rule_record
from ganatomy.explain.rules.rule import Condition, Rule

conditions = st.builds(
    Condition, st.text(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False)
)
rules = st.builds(
    lambda clauses: Rule(tuple(map(tuple, clauses))), st.lists(st.lists(conditions, max_size=3))
)
WHOLE = {"concept": "holes", "is_above": True, "threshold": 1.0}


@given(rules)
def test_there_and_back_through_json(rule: Rule) -> None:
    assert rule_of(json.loads(json.dumps(rule_record(rule), allow_nan=False))) == rule


def test_a_whole_number_of_another_writer_is_a_threshold() -> None:
    ((condition,),) = rule_of({"clauses": [[WHOLE | {"threshold": 1}]]}).clauses
    assert repr(condition.threshold) == "1.0"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "clauses"),
        ({"clauses": 3}, "int"),
        ({"clauses": [[{"concept": "holes", "is_above": True}]]}, "threshold"),
        ({"clauses": [[WHOLE | {"threshold": "1"}]]}, "threshold is '1', no float"),
        ({"clauses": [[WHOLE | {"threshold": True}]]}, "threshold is True"),
        ({"clauses": [[WHOLE | {"is_above": 1}]]}, "is_above is 1, no bool"),
        ({"clauses": [[WHOLE | {"threshold": float("nan")}]]}, "no finite number"),
        ([], "indices"),
    ],
)
def test_nonsense_is_refused_in_words(record: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        rule_of(record)
