"""A simplified rule is true of the same images, and as short as one can be."""

from functools import reduce
from itertools import combinations, product
from operator import or_

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Or, symbols
from sympy.logic.boolalg import SOPform  # an independent Quine-McCluskey

from ganatomy.explain.rules import minimal
from ganatomy.explain.rules.boxes import as_rule, clause_of
from ganatomy.explain.rules.minimal import shortest_cover
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.simplify import simplified
from ganatomy.explain.rules.table import ConceptTable

NAMES = ("a", "b", "c")
THRESHOLDS = (-1.5, 0.0, 2.0)
BETWEEN = (-2.0, -1.5, -1.0, 0.0, 1.0, 2.0, 3.0)  # on every threshold, and on either side of it
GRID = ConceptTable(NAMES, ("",) * 3, torch.tensor(list(product(BETWEEN, repeat=3))).double())

conditions = st.builds(
    Condition, st.sampled_from(NAMES), st.booleans(), st.sampled_from(THRESHOLDS)
)
rules = st.builds(
    lambda clauses: Rule(tuple(map(tuple, clauses))),
    st.lists(st.lists(conditions, max_size=4), max_size=5),
)
A, B, C = (Condition(name, True, 0.0) for name in NAMES)


@given(rules)
@settings(max_examples=100, deadline=None)
def test_nothing_but_the_length_changes(rule: Rule) -> None:
    shorter = simplified(rule)
    assert torch.equal(shorter.holds(GRID), rule.holds(GRID))
    assert shorter.length <= rule.length
    assert len(shorter.clauses) <= max(1, len(rule.clauses))
    assert simplified(shorter) == shorter


@given(rules, st.data())
@settings(max_examples=40, deadline=None)
def test_a_random_table_is_judged_alike(rule: Rule, data: st.DataObject) -> None:
    value = st.floats(-1e6, 1e6)
    rows = data.draw(st.lists(st.tuples(value, value, value), min_size=1, max_size=8))
    table = ConceptTable(NAMES, ("",) * 3, torch.tensor(rows, dtype=torch.float64))
    assert torch.equal(simplified(rule).holds(table), rule.holds(table))


@given(rules)
@settings(max_examples=60, deadline=None)
def test_what_is_too_large_to_search_is_not_changed_either(rule: Rule) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(minimal, "MAX_BOXES", 0)
        shorter = simplified(rule)
    assert torch.equal(shorter.holds(GRID), rule.holds(GRID))
    assert shorter.length <= rule.length


@given(st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=60, deadline=None)
def test_no_rule_of_sympy_is_shorter(truth: list[bool]) -> None:
    rows = [row for row, holds in zip(product((False, True), repeat=3), truth) if holds]
    clauses = [
        tuple(each if above else ~each for each, above in zip((A, B, C), row)) for row in rows
    ]
    ours = simplified(Rule(tuple(clauses)))
    theirs = SOPform(symbols("a b c"), [list(map(int, row)) for row in rows])
    terms = Or.make_args(theirs) if theirs not in (True, False) else ()
    assert ours.length <= sum(len(term.atoms()) for term in terms)


def _bits(rule: Rule, table: ConceptTable) -> int:
    return sum(int(holds) << place for place, holds in enumerate(rule.holds(table)))


def test_no_choice_of_clauses_is_shorter() -> None:
    """Two thresholds on one concept, one on another; all choices of up to three are tried."""
    x, x_more, y = Condition("x", True, 0.0), Condition("x", True, 1.0), Condition("y", True, 0.0)
    rule = Rule(((~x, y), (x, ~x_more), (x_more, ~y)))
    points = torch.tensor(list(product((-1.0, 0.5, 2.0), (-1.0, 1.0)))).double()
    table = ConceptTable(("x", "y"), ("", ""), points)
    sides = ([None, x, x_more], [None, ~x, ~x_more], [None, y, ~y])
    clauses = [tuple(each for each in choice if each) for choice in product(*sides)]
    cells = [_bits(Rule((each,)), table) for each in clauses]
    lengths = [
        sum(len(clauses[each]) for each in chosen)
        for count in (1, 2, 3)
        for chosen in combinations(range(len(clauses)), count)
        if reduce(or_, (cells[each] for each in chosen)) == _bits(rule, table)
    ]
    assert simplified(rule).length == min(lengths)


@pytest.mark.parametrize(
    ("clauses", "text"),
    [
        (((Condition("x", True, 1.0), Condition("x", True, 2.0)),), "x > 2"),
        (((Condition("x", True, 1.0),), (Condition("x", True, 2.0),)), "x > 1"),
        (((A,), (~A,)), "always"),
        (((A, ~A),), "never"),
        (((A, B), (A, ~B)), "a > 0"),
        (((A, B), (A,)), "a > 0"),
        (((A,), (~A, B)), "a > 0 or b > 0"),
        (((A, B), (~A, C), (B, C)), "(a ≤ 0 and c > 0) or (a > 0 and b > 0)"),
        (((Condition("x", True, float("-inf")), B),), "b > 0"),
        (((Condition("x", True, float("inf")), B),), "never"),
        ((), "never"),
        (((), (A,)), "always"),
    ],
)
def test_known_rules(clauses: tuple[tuple[Condition, ...], ...], text: str) -> None:
    assert str(simplified(Rule(clauses))) == text


def test_a_cycle_of_clauses_is_solved_exactly() -> None:
    """Each cell of a ring is in two prime clauses: six of them, of which three are enough."""
    ring = Rule(((A, ~B), (B, ~C), (C, ~A), (~A, B), (~B, C), (~C, A)))
    assert simplified(ring).length == 6


def test_more_than_can_be_searched_is_said() -> None:
    boxes = [{f"x{index}": (0.0, 1.0)} for index in range(8)]
    assert shortest_cover(boxes) is None
    assert clause_of({"b": (0.0, 1.0), "a": (0.0, float("inf"))})[0] == A
    assert as_rule([]) == Rule(())
