"""Where concepts are cut, and where thresholds move to: against all cuts tried one by one."""

from math import nextafter

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from ganatomy.explain.rules.cuts import cuts_of, edges_of
from ganatomy.explain.rules.refine import refined
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable


def _table(**columns: list[float]) -> ConceptTable:
    values = torch.tensor(list(columns.values()), dtype=torch.float64).T
    return ConceptTable(tuple(columns), ("",) * len(columns), values)


def _agreement(rule: Rule, table: ConceptTable, decisions: torch.Tensor) -> int:
    return int((rule.holds(table) == decisions).sum())


def test_edges_lie_between_different_values() -> None:
    thresholds, places = edges_of(np.array([3.0, 1.0, 1.0, 2.0]))
    assert thresholds.tolist() == [1.5, 2.5]
    assert places.tolist() == [2, 3]
    assert edges_of(np.array([2.0, 2.0]))[0].tolist() == []


def test_neighbouring_doubles_are_told_apart() -> None:
    pair = np.array([1.0, nextafter(1.0, 2.0)])
    ((threshold,), _) = edges_of(pair)
    assert (pair > threshold).tolist() == [False, True]


def test_the_most_telling_cut_is_a_trees_first() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=300)
    made = (values > 0.4) ^ (rng.random(300) < 0.1)
    tree = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(values[:, None], made)
    cuts = cuts_of(_table(a=values.tolist()), torch.tensor(made))
    assert min(abs(each.threshold - tree.tree_.threshold[0]) for each in cuts) < 1e-6


def test_quartiles_are_among_the_cuts_and_constants_have_none() -> None:
    table = _table(a=[float(each) for each in range(100)], same=[1.0] * 100)
    cuts = cuts_of(table, torch.arange(100) > 90)
    assert {24.5, 49.5, 74.5, 90.5} <= {each.threshold for each in cuts}
    assert {each.concept for each in cuts} == {"a"}


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans()), min_size=2),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_threshold_moves_to_the_best_cut(rows: list[tuple[int, int, bool]], above: bool) -> None:
    table = _table(a=[row[0] for row in rows], b=[row[1] for row in rows])
    decisions = torch.tensor([row[2] for row in rows])
    start = Rule(((Condition("a", above, 0.0),),))
    tried = [
        start,
        *(Rule(((Condition("a", above, cut),),)) for cut in edges_of(table.column("a").numpy())[0]),
    ]
    best = max(_agreement(rule, table, decisions) for rule in tried)
    assert _agreement(refined(start, table, decisions), table, decisions) == best


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.booleans()), min_size=2))
@settings(max_examples=60, deadline=None)
def test_refining_never_agrees_less(rows: list[tuple[int, int, bool]]) -> None:
    table = _table(a=[row[0] for row in rows], b=[row[1] for row in rows])
    decisions = torch.tensor([row[2] for row in rows])
    a, b = Condition("a", True, 0.5), Condition("b", False, -0.5)
    start = Rule(((a, b), (~b, Condition("a", False, -1.5))))
    better = refined(start, table, decisions)
    assert _agreement(better, table, decisions) >= _agreement(start, table, decisions)
    assert better.concepts == start.concepts


def test_the_middle_of_the_gap_is_taken() -> None:
    table = _table(a=[0.0, 1.0, 5.0, 6.0])
    decisions = torch.tensor([False, False, True, True])
    found = refined(Rule(((Condition("a", True, 5.5),),)), table, decisions)
    assert found == Rule(((Condition("a", True, 3.0),),))
