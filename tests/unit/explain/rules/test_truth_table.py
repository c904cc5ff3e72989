"""Clauses of a truth table, against all formulas of a few booleans."""

from itertools import combinations, product

import numpy as np

from ganatomy.explain.rules.truth_table import Formula, TruthTable, clauses_of, formulas_of


def _right(booleans: np.ndarray, made: np.ndarray, formula: Formula) -> int:
    literals = np.stack([booleans, ~booleans], 2).reshape(len(booleans), -1)
    holds = np.zeros(len(booleans), dtype=bool)
    for terms in formula:
        holds |= literals[:, list(terms)].all(1)
    return int((holds == made).sum())


def test_rows_are_counted() -> None:
    booleans = np.array([[True, False], [True, False], [False, False]])
    table = TruthTable.of(booleans, np.array([True, False, False]), np.array([3.0, -1.0, -2.0]))
    assert table.literals.tolist() == [[False, True, False, True], [True, False, False, True]]
    assert table.counts.tolist() == [[1, 0], [1, 1]]
    assert table.says.tolist() == [False, True]
    assert table.gains.tolist() == [-1, 0]


def test_the_best_formula_of_three_booleans_is_found() -> None:
    rng = np.random.default_rng(1)
    booleans = rng.random((300, 3)) < 0.5
    made = (booleans[:, 0] & ~booleans[:, 1]) | booleans[:, 2]
    made ^= rng.random(300) < 0.1
    table = TruthTable.of(booleans, made, np.where(made, 1.0, -1.0))
    found = formulas_of(table, clauses_of(table), max_length=4)
    choices = product(*([(), (2 * each,), (2 * each + 1,)] for each in range(3)))
    clauses = [sum(choice, ()) for choice in choices]
    for length in range(1, 5):
        ours = [f for f in found if sum(map(len, f)) <= length]
        every = [
            _right(booleans, made, chosen)
            for count in (1, 2, 3)
            for chosen in combinations([terms for terms in clauses if terms], count)
            if sum(map(len, chosen)) <= length
        ]
        assert max(_right(booleans, made, formula) for formula in ours) == max(every)
    assert {frozenset(terms) for terms in found[0]} == {frozenset({0, 3}), frozenset({4})}


def test_a_network_that_never_says_so_gives_no_clause() -> None:
    booleans = np.array([[True], [False]])
    table = TruthTable.of(booleans, np.array([True, False]), np.array([-1.0, -1.0]))
    assert clauses_of(table) == []
    assert formulas_of(table, [], max_length=3) == []
