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
from tests.unit.damaged import leaves_nothing_behind, refuses_damage

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
    assert f"D's logit of G's image is moved most by {first}" in study.verdict()
    assert study.latents.num_latents == 4


def test_saved_and_loaded_it_is_the_same(study: LimeStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    again = LimeStudy.load(tmp_path)
    assert again.metrics() == study.metrics()
    assert again.verdict() == study.verdict()
    assert (again.sampling, again.hiding, again.num_seeds) == (SAMPLING, study.hiding, 3)
    assert again.hiding.baseline == HIDING.baseline
    assert len(again.hiding.checks) == 5
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
        assert "Of 5 real images 1 has no explanation: the image equals its" in each.verdict()
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


def test_regions_of_g_are_exchanged_for_what_half_of_the_latent_gives(
    study: LimeStudy, subjects: Subjects
) -> None:
    """Of linear networks all coefficients of an image sum up to the difference of the logits."""
    kept = study.cases["g_regions"]
    with torch.no_grad():
        half = subjects.discriminator(subjects.generator(subjects.z / 2))[kept.rows]
        whole = subjects.discriminator(subjects.fake)[kept.rows]
    total = torch.stack([own.sum() for own in kept.coefficients]).float()
    torch.testing.assert_close(total, whole - half, rtol=0, atol=1e-3)
    assert study.metrics()["mean_held_out_r2_g_regions"] > 0.999


def test_the_signs_of_logits_and_coefficients_are_told_as_they_are(study: LimeStudy) -> None:
    table = study.surrogates
    scores = table.loc[table["group"] == "d_real", "score"]
    told = f"{100 * (scores > 0).mean():.0f} % of the real images"
    assert told in study.verdict()
    for key in CASES:
        shares = [
            float(-own[own < 0].sum() / own.abs().sum()) for own in study.cases[key].coefficients
        ]
        rows = table[table["group"] == key]["share_below"].to_numpy()[study.cases[key].rows]
        assert shares == pytest.approx(list(rows))
    for level, words in ((-1.0, "calls none of them real"), (1.0, "calls all of them real")):
        said = replace(study, surrogates=table.assign(score=level)).verdict()
        assert words in said
        assert ("calls none" in said) != ("calls all" in said)


def test_an_unknown_target_is_refused_by_the_arguments_name(subjects: Subjects) -> None:
    with pytest.raises(InputError) as error:
        explain_by_lime(subjects, latent_targets=["colour"])
    assert error.value.where == "latent_targets"


def test_defaults_are_those_of_the_parameters() -> None:
    params, given = Lime(), explain_by_lime.__kwdefaults__
    for name in ("num_images", "num_seeds", "num_latents", "latent_radius"):
        assert given[name] == getattr(params, name)
    assert (given["sampling"], given["hiding"]) == (params.sampling(), params.hiding())


def test_what_is_damaged_or_of_another_version_is_refused(study: LimeStudy, tmp_path: Path) -> None:
    refused = refuses_damage(study, LimeStudy.load, tmp_path)
    assert {"lime.json has nothing", "lime.json lacks hiding", "surrogates.csv is cut"} < {*refused}
    assert "d_real.safetensors lacks coefficients/001" in refused
    assert "latents.csv lacks mean_abs" in refused


def test_saved_anew_nothing_of_what_was_there_is_left(study: LimeStudy, tmp_path: Path) -> None:
    leaves_nothing_behind(study, replace(study, latents=None), tmp_path)
    assert LimeStudy.load(tmp_path / "after").latents is None


def test_the_verdict_says_of_which_images_it_speaks_and_what_is_not_known(study: LimeStudy) -> None:
    """Nothing is foretold of G's regions with one generated image; the package fits on all."""
    table = study.surrogates.assign(refusal="")
    regions = table["group"] == "g_regions"
    table.loc[regions, ["r2", "held_out_r2"]] = float("nan")
    table.loc[regions, "refusal"] = ["too dark"] * 4 + ["too few"] * 2
    said = replace(study, surrogates=table).verdict()
    assert (
        "Of 6 generated images with parts of more usual ones 6 have no explanation (most often): "
        in said
    )
    assert "(most often): too dark." in said
    assert "At real images a linear surrogate foretells" in said
    assert "At generated images with parts of more usual ones" not in said
    table = study.surrogates.assign(held_out_r2=float("nan"))
    said = replace(study, surrogates=table, latents=None).verdict()
    assert said.count("no samples were left out of their fit") == len(CASES)
    case = study.cases["d_real"]
    unstable = replace(case, stability=torch.full_like(case.stability, torch.nan))
    cases = dict(study.cases, d_real=unstable)
    assert "nan" not in replace(study, cases=cases).verdict()
