"""The search for conjunctions against every conjunction there is."""

from itertools import product

import pytest
import torch

from ganatomy.explain.rules.regions import best_regions, num_conditions, thresholds, worthwhile
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator


def _brute_force(values: torch.Tensor, group: torch.Tensor) -> tuple[float, float]:
    """The most that one and that two conditions gain: group inside minus others inside."""
    sides = [
        (column > cut if above else column <= cut)
        for column in values.T
        for cut in column.unique()[:-1]
        for above in (True, False)
    ]
    gained = [int((one & group).sum()) - int((one & ~group).sum()) for one in sides]
    both = [
        int((one & other & group).sum()) - int((one & other & ~group).sum())
        for one, other in product(sides, sides)
    ]
    return max(gained), max(both)


@pytest.mark.parametrize("seed", range(5))
def test_no_conjunction_gains_more_than_what_is_found(seed: int) -> None:
    draw = generator(seed, "brute force")
    values = torch.randint(0, 6, (60, 3), generator=draw).double()
    group = values[:, 0] + values[:, 2] + torch.randn(60, generator=draw) > 5
    table = ConceptTable(("a", "b", "c"), ("",) * 3, values)
    found = best_regions(table, group, torch.sub, max_length=2)
    assert [each.gain for each in found] == list(_brute_force(values, group))
    for region in found:
        inside = torch.stack([each.holds(table) for each in region.clause]).all(0)
        assert region.gain == int((inside & group).sum()) - int((inside & ~group).sum())


def test_three_conditions_are_found_with_their_thresholds() -> None:
    values = torch.rand(4000, 8, generator=generator(0, "three")).double()
    group = (values[:, 1] > 0.5) & (values[:, 4] <= 0.6) & (values[:, 6] > 0.3)
    table = ConceptTable(tuple("abcdefgh"), ("",) * 8, values)
    last = best_regions(table, group, torch.sub)[-1]
    assert [(each.concept, each.is_above) for each in last.clause] == [
        ("b", True),
        ("e", False),
        ("g", True),
    ]
    assert [each.threshold for each in last.clause] == pytest.approx([0.5, 0.6, 0.3], abs=0.005)
    assert last.gain == int(group.sum())


def test_what_is_not_allowed_is_not_returned() -> None:
    values = torch.arange(10.0).double()[:, None]
    table = ConceptTable(("a",), ("",), values)
    small = best_regions(
        table,
        values[:, 0] > 2,
        torch.sub,
        is_allowed=lambda inside, others: inside + others <= 3,
        max_length=1,
    )
    assert [str(each.clause[0]) for each in small] == ["a > 6.5"]
    never = best_regions(
        table, values[:, 0] > 2, torch.sub, is_allowed=lambda inside, others: inside < 0
    )
    assert never == []


def test_a_concept_of_one_value_has_no_threshold() -> None:
    table = ConceptTable(("a",), ("",), torch.ones(9, 1).double())
    assert thresholds(table.column("a")) == []
    assert best_regions(table, torch.arange(9) < 4, torch.sub) == []
    assert num_conditions(table) == 2


def test_thresholds_lie_between_values() -> None:
    column = torch.tensor([0.0, 0.0, 0.0, 1.0, 2.0]).double()
    assert thresholds(column) == [0.5, 1.5]


def test_one_more_condition_has_to_pay() -> None:
    values = torch.rand(1000, 4, generator=generator(0, "pays")).double()
    group = values[:, 0] > 0.4
    regions = best_regions(ConceptTable(tuple("abcd"), ("",) * 4, values), group, torch.sub)
    chosen = worthwhile(regions, 10.0)
    assert chosen is not None
    assert [each.concept for each in chosen.clause] == ["a"]
    assert worthwhile(regions, 1000.0) is None
