"""The study of importance: one call from a data set to a result that can be kept and said."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.gan.sampling import latents
from ganatomy.importance.generated import Sampler
from ganatomy.importance.members import Member
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.study import Experiment, StudySize, drop_feature_importance, judge_members
from tests.unit.damaged import refuses_damage
from tests.unit.gan.small import SMALL
from tests.unit.importance.retrained import repeats

TINY = StudySize(
    num_steps=3, width=4, batch_size=8, num_seeds=2, num_nulls=3, num_fakes=20, evaluator_epochs=1
)
FEATURES = ["contrast", "cell_1_1", "class_3", "background"]


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Pictures with a flat background and a square in the middle."""
    draw = torch.Generator().manual_seed(0)
    images = torch.zeros(160, 1, 28, 28, dtype=torch.uint8)
    images[..., 7:21, 7:21] = torch.randint(20, 256, (160, 1, 14, 14), generator=draw).byte()
    return Dataset(images, torch.arange(160) % 4, ("0", "1", "2", "3"))


@pytest.fixture(scope="module")
def warnings() -> list[str]:
    return []


@pytest.fixture(scope="module")
def study(data: Dataset, warnings: list[str]) -> ImportanceStudy:
    torch.set_num_threads(1)
    return drop_feature_importance(data, FEATURES, size=TINY, on_warning=warnings.append)


def test_every_feature_that_changes_something_is_ranked(
    study: ImportanceStudy, warnings: list[str]
) -> None:
    assert sorted(study.ranking["variant"]) == ["cell_1_1", "class_3", "contrast"]
    assert len([text for text in warnings if "background changes nothing" in text]) == 1
    again = summarise(study.read.repeats, 0.05)
    pd.testing.assert_frame_equal(study.summary, again)
    pd.testing.assert_frame_equal(study.ranking, rank(again))
    nulls = study.read.repeats.query("is_null")
    assert set(nulls["variant"]) == {"null_0", "null_1", "null_2"}
    assert set(nulls["seed"]) == {0, 1}
    # the base D is asked about what changes pixels, removed and permuted
    assert set(study.reliance["variant"]) == {
        *("cell_1_1-remove", "cell_1_1-permute", "contrast-remove", "contrast-permute"),
    }


def test_images_are_those_of_the_first_seed_in_the_order_of_the_ranking(
    study: ImportanceStudy, data: Dataset
) -> None:
    names = [sheet.variant for sheet in study.sheets]
    assert names == ["null_0", *study.ranking["variant"]]
    assert all(sheet.images.shape == (12, 1, 28, 28) for sheet in study.sheets)
    assert all(sheet.images.dtype == torch.uint8 for sheet in study.sheets)
    experiment = Experiment.begin(data, TINY)
    variants = experiment.variants(experiment.recipes(["contrast"]))
    first = experiment.members(variants, seeds=[0])
    (member,) = (one for one in first if one.recipe.name == "contrast")
    assert member.generator is not None
    with torch.no_grad():
        images = to_uint8(member.generator(experiment.evaluation.z[:12]))
    (sheet,) = (one for one in study.sheets if one.variant == "contrast")
    assert torch.equal(sheet.images, images)
    assert sheet.meaning == member.recipe.meaning


def test_regions_are_those_that_were_changed(study: ImportanceStudy, data: Dataset) -> None:
    inside = torch.zeros(28, 28, dtype=torch.bool)
    inside[7:14, 7:14] = True
    assert list(study.regions.inside) == ["cell_1_1"]
    assert torch.equal(study.regions.inside["cell_1_1"], inside)
    mean = data.images[:128].double().mean(0)  # the last fifth is held out
    assert torch.equal(study.regions.mean_image, mean)


def test_what_is_loaded_is_what_was_saved(study: ImportanceStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    loaded = ImportanceStudy.load(tmp_path)
    for name in ("summary", "ranking", "power", "reliance"):
        pd.testing.assert_frame_equal(
            getattr(loaded, name), getattr(study, name), check_exact=True, check_dtype=False
        )
    for mine, other in zip(loaded.read[:2], study.read[:2]):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)
    for name in ("interactions", "subsets"):
        assert list(getattr(loaded, name)) == list(getattr(study, name))
        assert getattr(loaded, name).empty
    for mine, other in zip(loaded.sheets, study.sheets, strict=True):
        assert mine[:2] == other[:2]
        assert torch.equal(mine.images, other.images)
    assert torch.equal(loaded.regions.mean_image, study.regions.mean_image)
    assert loaded.fdr == study.fdr == 0.05
    assert loaded.metrics() == study.metrics()
    assert loaded.verdict() == study.verdict()
    assert loaded.practical_size == study.practical_size == 0.1
    (tmp_path / "generated.json").unlink()
    with pytest.raises(InputError, match=r"generated\.json"):
        ImportanceStudy.load(tmp_path)


def test_subsets_are_told_by_readout(study: ImportanceStudy) -> None:
    rows = [("g_fcd", 0.8, 0.5), ("g_frd", 0.3, -0.1), ("d_shift", np.nan, np.nan)]
    each = pd.DataFrame(rows, columns=["readout", "lds", "lds_low"])
    two_features = pd.concat([each.assign(feature="blur"), each.assign(feature="cell_0_0")])
    told = replace(study, subsets=two_features)
    new = {name: value for name, value in told.metrics().items() if name.startswith("lds/")}
    assert new == {"lds/g_fcd": 0.8, "lds/g_frd": 0.3}
    assert told.verdict().endswith("better than by chance in 1 of 2 readouts: g_fcd.")
    assert "subsets" not in study.verdict()


def _told(study: ImportanceStudy, values: dict[str, list[float]]) -> ImportanceStudy:
    table = repeats({name: np.array([own]) for name, own in values.items()}, ["g_fcd"])
    summary = summarise(table, 0.05)
    return replace(study, summary=summary, ranking=rank(summary))


def test_the_verdict_says_what_stands_out_and_what_does_not(study: ImportanceStudy) -> None:
    quiet = {f"null_{k}": [k * 0.1, 0.1 * (2 - k), 0.1] for k in range(3)}
    found = _told(study, {"loud": [9.0, 9.1, 9.2], "faint": [0.1, 0.1, 0.1], **quiet})
    said = found.verdict()
    assert said.startswith("1 of 2 changes matters to G or D: loud. Most to G: loud; with it ")
    assert "No change of D is both sure and of practical size." in said
    assert "Not found: faint. Changes below " in said
    assert found.metrics()["num_stand_out"] == found.metrics()["num_matter"] == 1
    assert found.metrics()["g_size/loud"] == pytest.approx(9.1 / 0.1 - 1)
    none = _told(study, {"faint": [0.1, 0.1, 0.1], **quiet})
    assert none.verdict().startswith("Of 1 change none was found to matter to G or D. Not found:")
    assert "Most to" not in none.verdict()


def test_what_is_sure_and_small_is_told_apart_from_what_matters(study: ImportanceStudy) -> None:
    quiet = {f"null_{k}": [9 + k * 0.1, 9 + 0.1 * (2 - k), 9.1] for k in range(3)}
    values = {"small": [9.5, 9.5, 9.5], **quiet}
    small = _told(study, values)
    assert small.ranking["stands_out"].item()
    assert small.metrics()["num_matter"] == 0
    said = small.verdict()
    assert "Sure, but not shown to be of practical size (at least 0.1): small." in said
    assert "Not found" not in said


def test_results_that_were_ranked_by_certainty_are_ranked_anew(
    study: ImportanceStudy, tmp_path: Path
) -> None:
    study.save(tmp_path)
    (tmp_path / "judged.json").write_text('{"fdr": 0.05}')
    old = study.summary.drop(columns=["size", "size_low", "size_high", "level"])
    old.to_csv(tmp_path / "summary.csv", index=False)
    study.ranking[["variant", "max_abs_t"]].to_csv(tmp_path / "ranking.csv", index=False)
    loaded = ImportanceStudy.load(tmp_path)
    for name in ("summary", "ranking", "power", "detectable"):
        pd.testing.assert_frame_equal(
            getattr(loaded, name), getattr(study, name), check_dtype=False
        )


def test_members_that_have_diverged_are_told_and_left_out(data: Dataset) -> None:
    experiment = Experiment.begin(data, TINY)
    variants = experiment.variants(experiment.recipes(["contrast", "cell_1_1"]))
    members = [
        replace(one, generator=None, discriminator=None)
        if (one.recipe.name, one.seed) == ("contrast", 1)
        else one
        for one in experiment.members(variants)
    ]
    warnings: list[str] = []
    steps: list[tuple[int, int]] = []
    study = judge_members(
        iter(members),
        [recipe for recipe, _ in variants],
        experiment.evaluation,
        base_discriminator=experiment.base.discriminator,
        train=experiment.train,
        num_members=len(members),
        on_progress=lambda done, total: steps.append((done, total)),
        on_warning=warnings.append,
    )
    assert warnings == ["contrast, seed 1, has diverged: it is left out"]
    assert study.metrics()["num_diverged"] == 1
    assert steps == [(done, 10) for done in range(1, 11)]


def test_images_are_kept_of_the_smallest_seed_that_is_whole() -> None:
    """Members come variant by variant; a share is not the end, and what diverged has no images."""
    generator = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh())
    shaped = torch.nn.Sequential(generator, torch.nn.Unflatten(1, (1, 2, 2)))

    def members() -> Iterator[Member]:
        for name, seed, share, is_whole in (
            ("a", 5, 1.0, True),
            ("a", 4, 0.5, True),
            ("a", 4, 1.0, True),
            ("b", 4, 1.0, False),
            ("b", 5, 1.0, True),
            ("null_1", 4, 1.0, True),
            ("null_2", 4, 1.0, True),
        ):
            is_null = name.startswith("null")
            features = () if is_null else (name,)
            recipe = Recipe(name, features, "null" if is_null else "remove", 0, "", "")
            yield Member(recipe, seed, share, shaped if is_whole else None, None)

    sampler = Sampler(latents(3, SMALL, 0))
    assert len(list(sampler.passing(members()))) == 7
    assert [sheet.variant for sheet in sampler.sheets(["b", "a"])] == ["null_1", "a"]


def test_what_is_damaged_or_of_another_version_is_refused(
    study: ImportanceStudy, tmp_path: Path
) -> None:
    refused = refuses_damage(study, ImportanceStudy.load, tmp_path)
    assert {"ranking.csv lacks matters", "summary.csv lacks judged"} < {*refused}
    assert {"generated.safetensors lacks images", "regions.safetensors lacks mean_image"} < {
        *refused
    }


def test_what_cannot_be_judged_is_not_called_noise(study: ImportanceStudy) -> None:
    """Nulls that are all alike: not even a large effect can be told from retraining."""
    alike = {f"null_{k}": [0.1, 0.2, 0.3] for k in range(3)}
    said = _told(study, {"loud": [9.0, 9.1, 9.2], **alike}).verdict()
    assert "Not found" not in said
    assert "Not to be judged, as GANs retrained on unchanged data are all alike: loud." in said


def test_a_change_of_which_no_gan_is_left_is_told(study: ImportanceStudy) -> None:
    columns = study.read.diverged.columns
    rows = [
        *(("lost", "lost", "remove", False, seed, 1.0) for seed in (0, 1)),
        ("contrast", "contrast", "remove", False, 1, 1.0),
        ("null_1", "", "null", True, 1, 1.0),
        ("subset_000", "a+b", "remove", False, 0, 1.0),
    ]
    read = study.read._replace(diverged=pd.DataFrame(rows, columns=columns))
    found = replace(study, read=read)
    first = "Nothing is known of lost: every GAN without it has diverged. "
    assert found.verdict() == first + study.verdict()
    alone = replace(found, ranking=study.ranking.iloc[:0])
    assert "No changed feature was retrained on." not in alone.verdict()


def test_when_every_gan_has_diverged_that_is_said(data: Dataset) -> None:
    experiment = Experiment.begin(data, TINY)
    recipes = experiment.recipes(["contrast"])
    with pytest.raises(InputError, match="none of 8 retrained GANs is left") as error:
        judge_members(
            [Member(recipe, seed, 1.0, None, None) for recipe in recipes for seed in (0, 1)],
            recipes,
            experiment.evaluation,
            base_discriminator=experiment.base.discriminator,
            train=experiment.train,
            num_members=8,
        )
    assert error.value.where == "members"


@pytest.mark.parametrize(
    ("change", "features", "where"),
    [
        ({"num_seeds": 1}, FEATURES, "num_seeds"),
        ({"num_nulls": 1}, FEATURES, "num_nulls"),
        ({"num_fakes": 5}, FEATURES, "num_fakes"),
        ({}, [], "features"),
        ({}, ["background"], "features"),
    ],
)
def test_what_could_not_be_judged_is_refused_before_it_is_trained(
    change: dict[str, int], features: list[str], where: str, data: Dataset
) -> None:
    steps: list[tuple[int, int]] = []
    with pytest.raises(InputError) as error:
        drop_feature_importance(
            data,
            features,
            size=replace(TINY, **change),
            on_progress=lambda done, total: steps.append((done, total)),
        )
    assert error.value.where == where
    assert steps == []
