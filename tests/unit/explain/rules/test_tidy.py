"""A tidy rule decides alike about the images that it was learned from, and reads easily."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.tidy import tidied

NAMES = ("a", "b", "c")
numbers = st.floats(-3, 3)
conditions = st.builds(Condition, st.sampled_from(NAMES), st.booleans(), numbers)
rules = st.builds(
    lambda clauses: Rule(tuple(map(tuple, clauses))),
    st.lists(st.lists(conditions, max_size=3), max_size=4),
)
tables = st.builds(
    lambda rows: ConceptTable(NAMES, ("",) * 3, torch.tensor(rows, dtype=torch.float64)),
    st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=12),
)


@given(rules, tables)
@settings(max_examples=150, deadline=None)
def test_no_decision_changes_and_nothing_grows(rule: Rule, table: ConceptTable) -> None:
    tidy = tidied(rule, table)
    assert torch.equal(tidy.holds(table), rule.holds(table))
    assert tidy.length <= rule.length


def _table(**columns: list[float]) -> ConceptTable:
    values = torch.tensor(list(columns.values()), dtype=torch.float64).T
    return ConceptTable(tuple(columns), ("",) * len(columns), values)


def test_a_threshold_gets_the_fewest_digits_that_part_the_same_images() -> None:
    table = _table(contrast=[0.1, 0.3123, 0.3128, 0.9])
    wide, narrow = Condition("contrast", True, 0.5678), Condition("contrast", True, 0.312534)
    assert tidied(Rule(((wide,),)), table) == Rule(((Condition("contrast", True, 0.6),),))
    assert tidied(Rule(((narrow,),)), table) == Rule(((Condition("contrast", True, 0.3125),),))


def test_what_shows_is_the_threshold_also_where_four_digits_are_not_enough() -> None:
    table = _table(area=[100.001, 100.002, 50.5])
    tidy = tidied(Rule(((Condition("area", True, 100.0015),),)), table)
    ((condition,),) = tidy.clauses
    assert condition.threshold == 100.001  # not above itself
    assert str(tidy) == "area > 100.001"


def test_counts_are_whole_numbers() -> None:
    table = _table(holes=[0.0, 1.0, 2.0, 3.0])
    above, below = Condition("holes", True, 1.5), Condition("holes", False, 0.01)
    assert str(tidied(Rule(((above,),)), table)) == "holes > 1"
    assert str(tidied(Rule(((below,),)), table)) == "holes ≤ 0"


def test_what_no_image_needs_is_left_out() -> None:
    table = _table(a=[0.0, 1.0, 2.0, 3.0], b=[1.0, 1.0, 1.0, 0.0])
    idle = Condition("b", True, -5.0)
    clause = (Condition("a", True, 1.0), idle)
    part = (Condition("b", False, 0.5), Condition("a", True, 2.0))
    assert str(tidied(Rule((clause, part)), table)) == "a > 1"


def test_a_threshold_of_two_conditions_stays_one() -> None:
    table = _table(a=[0.0, 0.4, 0.6, 1.0], b=[0.0, 1.0, 0.0, 1.0])
    a, b = Condition("a", True, 0.512345), Condition("b", True, 0.0)
    tidy = tidied(Rule(((a, b), (~a, ~b))), table)
    thresholds = {each.threshold for clause in tidy.clauses for each in clause}
    assert thresholds == {0.5, 0.0}
