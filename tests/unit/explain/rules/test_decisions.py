"""Decisions of a discriminator: which images are asked about, and what was decided of each."""

import pytest
import torch

from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.rules.decisions import Decision, cut_of, decisions_of
from tests.unit.explain.rules.planted_decisions import Judge

LEAST = 10


def _asked(
    reals: torch.Tensor, fakes: torch.Tensor, boundary_at_0: bool = True
) -> tuple[dict[str, Decision], dict[str, str]]:
    """Decisions about images whose only pixel is their logit."""
    subjects = Subjects.of(
        None,
        Judge(lambda images: images.flatten()),
        real=reals.view(-1, 1, 1, 1) if len(reals) else None,
        fake=fakes.view(-1, 1, 1, 1) if len(fakes) else None,
    )
    logits = torch.cat([reals, fakes])
    asked, left_out = decisions_of(logits, subjects, boundary_at_0=boundary_at_0, least=LEAST)
    return {each.name: each for each in asked}, left_out


REALS, FAKES = torch.linspace(-0.2, 1, 60), torch.linspace(-1, 0.3, 90)


def test_each_question_is_about_its_images_and_is_decided_by_the_logit_alone() -> None:
    asked, left_out = _asked(REALS, FAKES)
    logits = torch.cat([REALS, FAKES])
    assert left_out == {}
    real, taken, rejected = (
        asked[each] for each in ("real", "fake_taken_for_real", "real_rejected")
    )
    assert real.places.tolist() == list(range(150))
    assert torch.equal(real.made, logits > 0)
    assert taken.places.tolist() == list(range(60, 150))
    assert torch.equal(taken.made, FAKES > 0)
    assert rejected.places.tolist() == list(range(60))
    assert torch.equal(rejected.made, REALS <= 0)
    for each in asked.values():
        assert torch.equal(each.of(logits[each.places].double()), each.made), each.name


def test_thirds_are_of_the_real_images_alone() -> None:
    thirds = _asked(REALS, FAKES)[0]["high_logit"]
    assert thirds.places.tolist() == [*range(20), *range(40, 60)]
    assert thirds.made.tolist() == 20 * [False] + 20 * [True]
    assert "real" in thirds.question
    of_fakes = _asked(REALS[:0], FAKES)[0]["high_logit"]
    assert of_fakes.places.tolist() == [*range(30), *range(60, 90)]
    assert "generated" in of_fakes.question


def test_where_hardly_a_fake_is_taken_for_real_the_top_third_is_asked_about() -> None:
    asked, _ = _asked(REALS, FAKES - 0.3)
    taken = asked["fake_taken_for_real"]
    assert int(taken.made.sum()) == 30
    assert taken.made[-30:].all()
    assert taken.question.startswith("Hardly any generated image is taken for real")
    every = _asked(REALS, FAKES.abs() + 1)[0]["fake_taken_for_real"]
    assert every.question.startswith("Nearly every generated image is taken for real")


def test_decisions_of_too_few_images_are_left_out_with_their_number() -> None:
    asked, left_out = _asked(REALS.abs() + 0.1, FAKES)
    assert "real_rejected" not in asked
    assert "0 of 60 images" in left_out["real_rejected"]
    asked, left_out = _asked(REALS[:0], FAKES)
    assert left_out["real_rejected"] == "there are no real images that D could reject"
    assert "real" in asked
    asked, left_out = _asked(torch.zeros(30), torch.zeros(30))
    assert not asked
    assert set(left_out) == {"real", "high_logit", "fake_taken_for_real", "real_rejected"}


@pytest.mark.parametrize("shift", [-5.0, 0.0, 5.0])
def test_without_a_boundary_of_its_own_a_logit_is_cut_where_it_tells_them_apart(
    shift: float,
) -> None:
    cut = cut_of(REALS.double() + shift, FAKES.double() + shift, False, LEAST)
    tried = torch.linspace(-1, 1, 2001) + shift
    right = [
        float((REALS + shift > each).double().mean() + (FAKES + shift <= each).double().mean())
        for each in tried
    ]
    own = float(
        (REALS + shift > cut.value).double().mean() + (FAKES + shift <= cut.value).double().mean()
    )
    assert own == pytest.approx(max(right), abs=1e-6)
    assert "tells them apart best" in cut.words
    median = cut_of(REALS.double() + shift, FAKES[:0].double(), False, LEAST)
    assert median.value == pytest.approx(float(REALS.median()) + shift, abs=1e-6)
    assert "no boundary of its own" in median.words


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_d_of_two_values_is_cut_between_them(share: float) -> None:
    """Where most images have the upper value, nothing lies above the median."""
    logits = (torch.arange(100) < 100 * share).float()
    asked, left_out = _asked(logits, logits[:0], boundary_at_0=False)
    assert int(asked["real"].made.sum()) == 100 * share
    assert "real" not in left_out


def test_a_best_cut_that_leaves_nearly_all_on_one_side_is_none() -> None:
    reals, fakes = torch.linspace(0, 1, 60).double(), torch.linspace(0.001, 1.001, 60).double()
    cut = cut_of(reals, fakes, False, LEAST)
    assert "median" in cut.words
    assert cut.value == torch.cat([reals, fakes]).median()
