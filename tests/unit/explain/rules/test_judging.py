"""Figures of a rule, against counts by hand and tests by others."""

import pytest
import torch
from scipy.stats import binomtest

from ganatomy.explain.rules.judging import judge, stability
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable


def _table(*values: float) -> ConceptTable:
    return ConceptTable(("x",), ("",), torch.tensor(values).double()[:, None])


ABOVE_0 = Rule(((Condition("x", True, 0.0),),))


def test_figures_are_counts_by_hand() -> None:
    table = _table(1, 1, 1, -1, -1, -1, -1, -1, -1, -1)
    decisions = torch.tensor([1, 1, 0, 1, 0, 0, 0, 0, 0, 0]).bool()
    found = judge(ABOVE_0, table, decisions)
    assert found.fidelity == pytest.approx(8 / 10)
    assert found.baseline == pytest.approx(7 / 10)
    assert found.coverage == pytest.approx(3 / 10)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 3)
    assert found.gain == pytest.approx(found.fidelity - found.baseline)
    expected = binomtest(8, 10).proportion_ci(0.95, "exact")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert not found.beats_baseline


def test_the_gain_is_above_0_where_a_sign_test_says_so() -> None:
    """McNemar's exact test is the sign test of the images on which they differ."""
    for better in range(21):
        worse = 20 - better
        table = _table(*[1.0] * 20, *[-1.0] * 20)
        decisions = torch.tensor([1] * better + [0] * worse + [0] * 20).bool()
        found = judge(ABOVE_0, table, decisions)
        if better > worse:
            p = binomtest(better, 20, 0.5).pvalue
            assert (found.gain_low > 0) == (p < 0.05), better
            assert found.gain == pytest.approx((better - worse) / 40)


def test_a_rule_that_says_the_same_of_all_gains_nothing() -> None:
    decisions = torch.tensor([1, 0] * 10).bool()
    found = judge(Rule(()), _table(*range(20)), decisions)
    assert (found.gain, found.gain_low, found.gain_high) == (0, 0, 0)
    assert found.precision != found.precision
    assert not found.beats_baseline


def test_stability_is_the_mean_over_other_rules() -> None:
    table = _table(-2, -1, 1, 2)
    other = Rule(((Condition("x", True, 1.5),),))
    agreed, shared = stability(ABOVE_0, [ABOVE_0, other, Rule(())], table)
    assert agreed == pytest.approx((4 + 3 + 2) / 12)
    assert shared == pytest.approx((1 + 1 + 0) / 3)
