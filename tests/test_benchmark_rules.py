"""The benchmark of rules: what a plain script is given, and what is skipped without a package."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata

from benchmarks import published_len, rules
from benchmarks.plain_len import as_concepts
from ganatomy.explain.rules.choosing import answer_for
from tests.unit.explain.rules.planted_tables import TRUTH, concepts


def test_concepts_of_a_plain_script_are_average_ranks() -> None:
    values = torch.tensor([[3.0, 0.0], [1.0, 0.0], [2.0, 1.0], [2.0, 0.0]])
    expected = (rankdata(values.numpy(), axis=0) - 0.5) / 4
    np.testing.assert_allclose(as_concepts(values, values).numpy(), expected, rtol=1e-6)
    above = as_concepts(torch.tensor([[2.5, 0.5]]), values) > 0.5
    assert above.tolist() == [[True, True]]


def test_without_torch_explain_its_rows_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_len, "IS_INSTALLED", False)
    monkeypatch.setattr(rules, "_PLAIN", {rules.PUBLISHED: rules._PLAIN[rules.PUBLISHED]})
    table = concepts(400, seed=0)
    decisions = TRUTH.holds(table)
    splits = answer_for(table, decisions, num_draws=0, learners={}).splits
    (row,) = rules._others("planted", table, decisions, splits)
    assert row == {"case": "planted", "by": rules.PUBLISHED, "skipped": "not installed"}
    result = {"machine": _machine(), "max_length": 6, "load": 0.1, "rows": [row]}
    assert f"| planted | {rules.PUBLISHED} | not installed | – | – | – |" in rules.section([result])


def _machine() -> dict[str, object]:
    machine = {"processor": "any", "cores": 1, "memory_gib": 1, "system": "any"}
    return {**machine, "versions": {"torch": "2"}}
