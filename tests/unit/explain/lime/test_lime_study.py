"""The study of LIME on networks of anybody's, without a file of the project."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.result import CASES, LimeStudy
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.networks.subjects import Subjects
from tasks.lime.params import Lime

SIDE, SQUARE, DIM = 12, 4, 3
SAMPLING, HIDING = LimeSampling(num_samples=128), Hiding(segment_side=SQUARE, baseline="black")


@pytest.fixture(scope="module")
def subjects() -> Subjects:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(DIM, SIDE**2), nn.Unflatten(1, (1, SIDE, SIDE)))
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 1), nn.Flatten(0))
    real, z = torch.rand(5, 1, SIDE, SIDE) * 2 - 1, torch.randn(6, DIM)
    return Subjects.of(generator, discriminator, real=real, z=z)


@pytest.fixture(scope="module")
def study(subjects: Subjects) -> LimeStudy:
    return explain_by_lime(
        subjects,
        sampling=SAMPLING,
        hiding=HIDING,
        latent_targets=["d_logit"],
        num_images=3,
        num_latents=4,
    )


@pytest.mark.parametrize("case", ["d_real", "d_fake"])
def test_coefficients_of_a_linear_discriminator_are_sums_over_the_squares(
    case: str, study: LimeStudy, subjects: Subjects
) -> None:
    head = subjects.discriminator
    assert isinstance(head, nn.Sequential)
    weights = head[1].weight.detach().view(SIDE, SIDE)
    images = subjects.real if case == "d_real" else subjects.fake
    kept = study.cases[case]
    assert torch.equal(kept.inputs, images[kept.rows])
    above_black = weights * (kept.inputs[:, 0] + 1)
    squares = above_black.unflatten(2, (-1, SQUARE)).unflatten(1, (-1, SQUARE)).sum((2, 4))
    for own, expected in zip(kept.coefficients, squares.flatten(1)):
        torch.testing.assert_close(own.float(), expected, rtol=0, atol=1e-3)
    assert study.metrics()[f"mean_held_out_r2_{case}"] > 0.999
    assert study.metrics()[f"num_refused_{case}"] == 0


def test_latent_effects_of_a_linear_composite_are_its_weights(
    study: LimeStudy, subjects: Subjects
) -> None:
    head, body = subjects.discriminator, subjects.generator
    assert isinstance(head, nn.Sequential)
    assert isinstance(body, nn.Sequential)
    slopes = (head[1].weight @ body[0].weight).detach()[0]
    assert study.latents is not None
    effects = study.latents.of("d_logit_of_g")
    torch.testing.assert_close(
        torch.tensor(effects["mean"].to_numpy()).float(), slopes, rtol=0, atol=1e-3
    )
    first = f"z{int(slopes.abs().argmax())}"
    assert f"d_logit_of_g is moved most by {first}" in study.verdict()
    assert study.latents.num_latents == 4


def test_saved_and_loaded_it_is_the_same(study: LimeStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    again = LimeStudy.load(tmp_path)
    assert again.metrics() == study.metrics()
    assert again.verdict() == study.verdict()
    assert (again.sampling, again.hiding, again.num_seeds) == (SAMPLING, HIDING, 3)
    pd.testing.assert_frame_equal(again.surrogates, study.surrogates, check_dtype=False)
    for key in CASES:
        for name in ("rows", "maps", "segments", "stability"):
            assert torch.equal(getattr(again.cases[key], name), getattr(study.cases[key], name))
        assert again.cases[key].refusals == study.cases[key].refusals
    (tmp_path / "d_fake.safetensors").unlink()
    with pytest.raises(InputError, match=r"d_fake\.safetensors"):
        LimeStudy.load(tmp_path)


def test_a_refusal_is_kept_with_its_image(subjects: Subjects, tmp_path: Path) -> None:
    """One that equals what hides it, among others that do not."""
    real = subjects.real.clone()
    real[2] = -1
    found = explain_by_lime(replace(subjects, real=real), sampling=SAMPLING, hiding=HIDING)
    found.save(tmp_path)
    for each in (found, LimeStudy.load(tmp_path)):
        case = each.cases["d_real"]
        refused = [bool(reason) for reason in case.refusals]
        assert refused == (case.rows == 2).tolist()
        assert "1 of 5 have no explanation: the image equals its baseline" in each.verdict()
        assert each.latents is None


def test_without_a_vocabulary_the_real_images_are_the_other_ones(subjects: Subjects) -> None:
    hiding = replace(HIDING, baseline="mean")
    found = explain_by_lime(subjects, sampling=SAMPLING, hiding=hiding, num_images=5)
    head = subjects.discriminator
    assert isinstance(head, nn.Sequential)
    kept = found.cases["d_real"]
    with torch.no_grad():
        falls = head(kept.inputs) - head(subjects.real.mean(0, keepdim=True))
    total = torch.stack([own.sum() for own in kept.coefficients]).float()
    torch.testing.assert_close(total, falls, rtol=0, atol=1e-3)


def test_an_unknown_target_is_refused_by_the_arguments_name(subjects: Subjects) -> None:
    with pytest.raises(InputError) as error:
        explain_by_lime(subjects, latent_targets=["colour"])
    assert error.value.where == "latent_targets"


def test_defaults_are_those_of_the_parameters() -> None:
    params, given = Lime(), explain_by_lime.__kwdefaults__
    for name in ("num_images", "num_seeds", "num_latents", "latent_radius"):
        assert given[name] == getattr(params, name)
    assert (given["sampling"], given["hiding"]) == (params.sampling(), params.hiding())
