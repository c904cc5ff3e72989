"""D's logit as a sum: what was planted, and none of noise."""

import numpy as np
import pytest
import torch

from ganatomy.explain.rules.formula import COLUMNS, formula_of
from ganatomy.explain.rules.stepwise import stepwise
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.explain.rules.terms import Term, candidate_terms
from ganatomy.rng import generator


def _table(count: int, seed: int) -> ConceptTable:
    draws = generator(seed, "formula table")
    names = ("contrast", "thickness", *(f"other {place}" for place in range(10)))
    values = torch.randn(count, 12, generator=draws).double() + 3
    values[:, 0] = torch.rand(count, generator=draws).double()
    return ConceptTable(names, ("",) * 12, values)


def _logit(table: ConceptTable) -> torch.Tensor:
    contrast, thickness = table.column("contrast"), table.column("thickness")
    return 2.1 + 0.8 * contrast - 1.5 * (thickness - 3.1).clamp(min=0)


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_sum_is_recovered(seed: int) -> None:
    table = _table(2000, seed)
    found = formula_of(table, _logit(table).float(), seed=seed)
    assert found.reason == ""
    assert found.figures["low"] > 0.99
    assert found.figures["r2"] <= 1
    assert found.terms["concept"].tolist() == ["", "thickness", "contrast"]  # by what they move
    _constant, thickness, contrast = found.terms.itertuples()
    assert (thickness.kind, thickness.sign, contrast.sign) == ("above", -1, 1)
    assert thickness.knot == pytest.approx(3.1, abs=0.1)
    assert thickness.coefficient == pytest.approx(-1.5, rel=0.1)
    assert abs(contrast.coefficient) == pytest.approx(0.8, rel=0.05)
    assert contrast.moves == pytest.approx(0.8 / 12**0.5, rel=0.1)


def test_a_sum_with_its_knots_on_the_grid_is_exact_and_readable() -> None:
    """Holes are 0 to 3: the knot 1 is one of their values."""
    draws = generator(0, "holes")
    holes = torch.randint(4, (1200,), generator=draws).double()
    size = torch.rand(1200, generator=draws).double()
    table = ConceptTable(("holes", "size"), ("", ""), torch.stack([holes, size], 1))
    found = formula_of(table, -0.5 + 4 * size - 2 * (holes - 1).clamp(min=0))
    assert str(found) == "logit ≈ −0.5 − 2 · max(0, holes − 1) + 4 · size"
    assert found.figures["r2"] == pytest.approx(1)


def test_figures_are_those_of_the_formula_as_it_is_written() -> None:
    """Of what can be explained at all, beside noise of known size; the interval covers that."""
    covered = 0
    for seed in range(20):
        table = _table(800, seed)
        noise = torch.randn(800, generator=generator(seed, "noise")).double()
        found = formula_of(table, _logit(table) + 0.5 * noise, seed=seed)
        total = np.zeros(800)
        for row in found.terms.itertuples():
            term = Term(row.concept, row.kind, row.knot)
            total += row.coefficient * (1 if row.kind == "constant" else term.of(table))
        true = _logit(table).numpy()
        assert ((true - total) ** 2).mean() < 0.03 * true.var()
        possible = true.var() / (true.var() + 0.25)
        assert found.figures["low"] < found.figures["r2"] < found.figures["high"]
        covered += found.figures["low"] < possible < found.figures["high"]
    assert covered >= 16


def test_noise_has_no_formula() -> None:
    given = 0
    for seed in range(40):
        logits = torch.randn(400, generator=generator(seed, "logits"))
        found = formula_of(_table(400, seed), logits, seed=seed)
        given += not found.reason
        assert bool(found.reason) == found.terms.empty
    assert given <= 4


def test_too_few_images_and_a_constant_logit_say_so() -> None:
    few, flat = (
        formula_of(_table(20, 0), torch.randn(20)),
        formula_of(_table(99, 0), torch.ones(99)),
    )
    assert "20" in few.reason
    assert "same of all" in flat.reason
    for found in (few, flat):
        assert tuple(found.terms.columns) == COLUMNS
        assert str(found) == "no formula"


def test_steps_exchange_what_was_taken_too_early() -> None:
    """The sum of two is nearest at first, and neither is needed beside both of them."""
    draws = np.random.default_rng(0)
    one, two = draws.normal(size=(2, 400))
    both = one + two + 0.3 * draws.normal(size=400)
    steps = stepwise([both, one, two], one + two, max_terms=3)
    assert [set(step) for step in steps] == [set(), {0}, {1, 2}]


def test_constant_concepts_have_no_terms() -> None:
    table = ConceptTable(("flat", "x"), ("", ""), torch.tensor([[1.0, 0], [1, 1], [1, 2]]).double())
    assert {term.concept for term in candidate_terms(table)} == {"x"}
    assert Term("x", "below", 1.0) in candidate_terms(table)


def test_same_seed_same_formula() -> None:
    table = _table(500, 3)
    logits = _logit(table) + torch.randn(500, generator=generator(1, "n"))
    one, two = formula_of(table, logits, seed=4), formula_of(table, logits, seed=4)
    assert str(one) == str(two)
    assert one.figures == two.figures
