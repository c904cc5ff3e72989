"""A rule against the same written out by hand."""

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

THICK, HOLES = Condition("thickness", True, 2.0), Condition("holes", False, 0.0)


@pytest.fixture
def table() -> ConceptTable:
    values = [[1.0, 0.0], [2.0, 0.0], [3.0, 1.0], [3.0, 0.0]]
    return ConceptTable(("thickness", "holes"), ("pixels", ""), torch.tensor(values).double())


def test_a_clause_holds_where_all_its_conditions_do(table: ConceptTable) -> None:
    rule = Rule(((THICK, HOLES),))
    assert rule.holds(table).tolist() == [False, False, False, True]
    assert str(rule) == "thickness > 2 and holes ≤ 0"
    assert rule.length == 2
    assert rule.concepts == ("thickness", "holes")


def test_a_rule_holds_where_one_of_its_clauses_does(table: ConceptTable) -> None:
    rule = Rule(((THICK, ~HOLES), (~THICK,)))
    assert rule.holds(table).tolist() == [True, True, True, False]
    assert str(rule) == "(thickness > 2 and holes > 0) or thickness ≤ 2"


def test_no_clause_never_holds_and_an_empty_one_always(table: ConceptTable) -> None:
    assert not Rule(()).holds(table).any()
    assert Rule(((),)).holds(table).all()
    assert str(Rule(())) == "never"
    assert str(Rule(((THICK,), ()))) == "always"


def test_a_negative_threshold_has_a_minus_sign() -> None:
    assert str(Condition("slant", True, -0.123456789)) == "slant > −0.1235"


def test_a_threshold_that_was_made_round_is_shown_whole() -> None:
    assert str(Condition("slant", True, -0.123456)) == "slant > −0.123456"
    assert str(Condition("high-pass", True, 2.0)) == "high-pass > 2"


def test_rows_and_columns_are_taken(table: ConceptTable) -> None:
    rows = table.take(torch.tensor([False, True, True, False]))
    assert rows.column("thickness").tolist() == [2.0, 3.0]
    assert rows.only(["holes"]).values.tolist() == [[0.0], [1.0]]
    assert table.only([]).values.shape == (4, 0)


def test_what_is_no_table_is_refused(table: ConceptTable) -> None:
    with pytest.raises(InputError, match="no concept 'slant'"):
        table.column("slant")
    with pytest.raises(InputError, match="twice"):
        ConceptTable(("a", "a"), ("", ""), table.values)
    with pytest.raises(InputError, match="1 names"):
        ConceptTable(("a",), ("",), table.values)
    with pytest.raises(InputError, match="not finite"):
        ConceptTable(("a", "b"), ("", ""), table.values / 0)
