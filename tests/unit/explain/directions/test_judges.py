"""What images are worth to D, and how far from the data they lie, along directions."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.directions.judges import D_LOGIT, DISTANCE, judges_of
from ganatomy.explain.directions.responses import CURVE_COLUMNS, OF_RANDOM, RESPONSE_COLUMNS
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from ganatomy.wording import signed
from tests.unit.explain.directions.planted import Linear, patterns
from tests.unit.explain.directions.test_methods import latents

QUICK = DirectionsSettings(num_random=6, num_held_out=24, num_images=300, num_draws=0)
SECOND = patterns((1, 8, 8), 3)[1]


class Projection(nn.Module):
    """A D that is the strength of the second planted pattern."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images * SECOND).sum((1, 2, 3))


class Pixels(nn.Module):
    """An evaluator whose features are the pixels."""

    def features(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1)


def _reals() -> torch.Tensor:
    """Data in which the first planted factor hardly varies."""
    narrow = Linear((0.05, 2.2, 1.8))
    return narrow(latents(300, seed=8)).detach()


@pytest.fixture(scope="module")
def study() -> DirectionsStudy:
    return find_directions(
        Linear(),
        latents(),
        discriminator=Projection(),
        real=_reals(),
        evaluator=Pixels(),
        features="pixels",
        settings=QUICK,
    )


def test_the_logit_rises_along_the_direction_that_it_sees_by_as_much_as_planted(
    study: DirectionsStudy,
) -> None:
    """The logit is linear here: 0.3 times the factor's strength a step, in every latent."""
    assert study.responses.columns.tolist() == RESPONSE_COLUMNS
    own = study.response(2, D_LOGIT)
    assert own is not None
    assert own["clear"]
    assert abs(own["slope"]) == pytest.approx(0.3 * 2.2, rel=1e-4)
    assert own["low"] == pytest.approx(own["high"], abs=1e-4)
    assert own["ends"] == pytest.approx(0.0, abs=1e-5)
    for number in (1, 3, 4, 5):
        other = study.response(number, D_LOGIT)
        assert other is not None
        assert abs(other["slope"]) < 1e-4
        assert not other["clear"]
    assert f"D's logit moves most along direction 2: {signed(own['slope'])} a step" in (
        study.verdict()
    )


def test_curves_are_the_paired_changes_of_each_step(study: DirectionsStudy) -> None:
    curves = study.courses
    assert curves.columns.tolist() == CURVE_COLUMNS
    assert len(curves) == 6 * 2 * 5
    held_out, reals = latents()[-24:], _reals().flatten(1)
    nearest = NearestNeighbors(n_neighbors=1).fit(reals.double().numpy())
    with torch.no_grad():
        near = [
            nearest.kneighbors(
                Linear()(held_out + step * study.directions[0].float()).flatten(1).double().numpy()
            )[0][:, 0]
            for step in (0.0, 2.0)
        ]
    gained = near[1] - near[0]
    is_own = (curves["direction"] == 1) & (curves["judge"] == DISTANCE) & (curves["step"] == 2.0)
    row = curves[is_own].iloc[0]
    assert row["change"] == pytest.approx(gained.mean(), rel=1e-4)
    # Student's t, 23 degrees of freedom
    half = 2.0687 * gained.std(ddof=1) / 24**0.5
    assert row["high"] - row["change"] == pytest.approx(half, rel=1e-3)
    by_chance = curves[(curves["direction"] == OF_RANDOM) & (curves["judge"] == D_LOGIT)]
    assert by_chance["change"].abs().max() < 1e-5  # of both ways, as it is linear


def test_the_direction_that_the_data_lack_leads_away_from_them(study: DirectionsStudy) -> None:
    own = study.responses[study.responses["judge"] == DISTANCE].set_index("direction")
    assert own["beside_low"][1] > 0
    assert own["beside"].idxmax() == 1
    # what changes nothing leads nowhere, and random steps go a little along the first
    assert own["beside_high"][[4, 5]].max() < 0
    assert own["ends"][[4, 5]].abs().max() < 1e-4
    assert "farther from the data than along random directions for direction" in study.verdict()
    assert study.features == "pixels"
    assert study.metrics()["farthest_from_data"] > 0


def test_a_copy_is_at_no_distance() -> None:
    reals = _reals()
    judges, reasons = judges_of(None, reals, Pixels(), reals)
    assert judges[DISTANCE](reals[:20]).abs().max() == 0.0
    assert reasons == {D_LOGIT: "no discriminator was given"}


@pytest.mark.parametrize(
    ("real", "evaluator", "reason"),
    [
        (None, Pixels(), "no real images were given"),
        (torch.zeros(1, 1, 8, 8), Pixels(), "1 real image was given, fewer than 8"),
        (torch.zeros(7, 1, 8, 8), Pixels(), "7 real images were given, fewer than 8"),
        (torch.zeros(9, 1, 8, 8), None, "no network in whose features images could be compared"),
    ],
)
def test_what_is_missing_says_so(
    real: torch.Tensor | None, evaluator: nn.Module | None, reason: str
) -> None:
    judges, reasons = judges_of(Projection(), real, evaluator, torch.zeros(2, 1, 8, 8))
    assert list(judges) == [D_LOGIT]
    assert reasons[DISTANCE].startswith(reason)


def test_what_does_not_fit_is_refused_and_named() -> None:
    images, many = torch.zeros(4, 1, 8, 8), torch.zeros(9, 1, 8, 8)
    with pytest.raises(InputError, match=r"logits of shape \(2, 8, 8\) for 2 images"):
        judges_of(nn.Flatten(0, 1), None, None, images.expand(4, 1, 8, 8))
    with pytest.raises(InputError, match="a Identity without `features`"):
        judges_of(None, many, nn.Identity(), images)
    with pytest.raises(InputError, match=r"images of shape \(1, 9, 9\), generated of \(1, 8, 8\)"):
        judges_of(None, torch.zeros(9, 1, 9, 9), Pixels(), images)


def test_alone_a_generator_has_neither_and_the_reasons_are_kept() -> None:
    alone = find_directions(Linear(), latents(), settings=QUICK)
    assert alone.responses.empty
    assert alone.courses.empty
    assert {*alone.left_out} == {D_LOGIT, DISTANCE}
    assert alone.features == ""
    assert not {"largest_slope_of_d_logit", "farthest_from_data"} & {*alone.metrics()}
    assert "logit" not in alone.verdict()
