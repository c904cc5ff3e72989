"""Rules from latents to concepts, of generators of which the truth is known."""

import pytest
import torch
from scipy.stats import norm

from ganatomy.errors import InputError
from ganatomy.explain.rules.answer import CANDIDATE_COLUMNS, CHANGE_COLUMNS
from ganatomy.explain.rules.forced import FORCED_COLUMNS
from ganatomy.explain.rules.latent_rules import find_latent_rules
from ganatomy.explain.rules.latent_tables import direction_table, directions_at_hand
from tests.unit.explain.rules.planted_generators import LATENT_DIM, Painter, drawn, measured

ENTRIES = torch.eye(LATENT_DIM).double()


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_direction_decides_its_concept_and_causes_it(seed: int) -> None:
    found = find_latent_rules(Painter(), drawn(1200, seed), ENTRIES[:3], measured, seed=seed)
    answers = {each.name: each for each in found.answers}
    light, left = answers["direction:1"], answers["direction:2"]
    assert light.says == "light is high"
    assert left.says == "left is high"
    for number, answer in ((1, light), (2, left)):
        assert answer.rule is not None
        [(condition,)] = answer.rule.clauses
        assert (condition.concept, condition.is_above) == (f"direction:{number}", True)
        assert condition.threshold == pytest.approx(norm.ppf(2 / 3), abs=0.1)
        row = answer.shown_row
        assert row is not None
        assert row["fidelity"] > 0.95
        assert answer.causes
        [change] = answer.changes.to_dict("records")
        assert change["by_rule"] > 0.95
        assert change["by_chance"] < 0.1


def test_a_direction_that_only_goes_along_describes_and_does_not_cause() -> None:
    z = drawn(1200, 0)
    z[:, 7] = 0.95 * z[:, 0] + 0.3 * z[:, 7]
    found = find_latent_rules(Painter(), z, ENTRIES[[6]], measured)
    assert all(each.rule is None for each in found.answers)
    z[:, 6] = z[:, 7]  # of these the painter uses none but a pixel
    [answer] = find_latent_rules(Painter(), z, ENTRIES[[6]], measured).answers
    assert answer.says == "light is high"
    assert answer.rule is not None
    assert answer.causes is False
    assert answer.mark == "describes, does not cause"


def test_the_cause_is_told_where_a_decoy_stands_beside_it() -> None:
    z = drawn(1200, 1)
    z[:, 6] = 0.9 * z[:, 0] + (1 - 0.9**2) ** 0.5 * z[:, 6]
    found = find_latent_rules(Painter(), z, ENTRIES[[6, 0]], measured)
    assert found.answers[0].name == "direction:2"
    assert found.answers[0].says == "light is high"
    assert found.answers[0].causes


def test_directions_that_do_nothing_give_no_rule() -> None:
    """One rule is judged for each direction that is asked about, at 2.5 % each."""
    told = 0
    for seed in range(20):
        z = drawn(400, seed)
        z[:, 2:] *= 0.0
        found = find_latent_rules(Painter(), z, ENTRIES[3:5], measured, seed=seed)
        told += sum(each.rule is not None for each in found.answers)
        without = [each for each in found.answers if each.rule is None]
        assert all(each.reason.startswith("no direction decides it: of ") for each in without)
    assert told <= 3


def test_a_class_is_never_moved() -> None:
    z = drawn(1200, 2, num_classes=3)
    [answer] = find_latent_rules(Painter(), z, ENTRIES[:1], measured).answers
    assert answer.causes


def test_a_step_goes_with_the_direction_however_it_lies() -> None:
    slanted = torch.nn.functional.normalize(torch.tensor([[1.0, 1.0] + 6 * [0.0]]).double())
    found = find_latent_rules(Painter(), drawn(1200, 3), slanted, measured, num_answers=1)
    [answer] = found.answers
    assert answer.rule is not None
    assert answer.says == "corner is high" or answer.causes


def test_answers_have_the_tables_that_a_study_keeps() -> None:
    found = find_latent_rules(Painter(), drawn(600, 4), ENTRIES[:2], measured, num_answers=1)
    [answer] = found.answers
    assert set(CANDIDATE_COLUMNS) <= set(answer.candidates.columns)
    assert list(answer.changes.columns) == CHANGE_COLUMNS
    assert answer.satisfying.dtype == torch.uint8
    assert answer.satisfying.shape[1:] == (1, 6, 6)
    assert answer.counts["made"] * 2 == answer.counts["held_out"]
    assert list(found.forced.columns) == FORCED_COLUMNS


def test_what_a_half_space_forces_is_what_the_normal_distribution_says() -> None:
    """The light is the first entry: beyond 1 it is above any threshold below that."""
    found = find_latent_rules(Painter(), drawn(4000, 5), ENTRIES[:1], measured)
    above = found.forced[found.forced["side"] == ">"].iloc[0]
    name, _, threshold = above["text"].split()
    assert name == "light"
    cut = float(threshold.replace("−", "-")) / 0.2
    assert above["of_all"] == pytest.approx(norm.sf(cut), abs=0.03)
    assert above["share"] == pytest.approx(min(1.0, norm.sf(cut) / norm.sf(1)), abs=0.05)
    assert above["low"] > above["of_all"]


def test_too_few_latents_and_wrong_directions_are_refused() -> None:
    with pytest.raises(InputError, match=r"199 latents \[z\]"):
        find_latent_rules(Painter(), drawn(199, 0), ENTRIES, measured)
    with pytest.raises(InputError, match=r"\[directions\]"):
        direction_table(drawn(3, 0), torch.eye(LATENT_DIM + 1))


def test_without_learned_directions_there_are_those_of_sefa_or_the_entries() -> None:
    linear = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Unflatten(1, (1, 4, 4)))
    linear[0].weight.data = torch.randn(16, 8, generator=torch.Generator().manual_seed(0))
    method, directions = directions_at_hand(linear, drawn(40, 0), LATENT_DIM)
    assert method == "sefa"
    first = torch.linalg.svd(linear[0].weight.data.double()).Vh[0]
    assert abs(float(directions[0] @ first)) == pytest.approx(1, abs=1e-5)
    method, directions = directions_at_hand(Painter(), drawn(40, 0), LATENT_DIM)
    assert method == "entries"
    assert directions.tolist() == ENTRIES.tolist()
