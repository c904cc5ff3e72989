"""The whole way from planted data to statistics: what was planted is found, and nothing else.

Small sizes; benchmarks/planted.py does the same over many data sets.
"""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.gan.settings import Method
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.study import Experiment, StudySize
from tests.planted import blob_scene, digits, random_patch, two_cues, without_effect

SMALL = StudySize(
    num_steps=150,
    width=8,
    batch_size=32,
    num_seeds=3,
    num_nulls=4,
    num_fakes=200,
    evaluator_epochs=1,
)


# In trainings as short as these a D without BatchNorm has learnt too little to find anything by.
QUICK = Method(discriminator="dcgan")


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def _summary(data: Dataset, features: list[str], size: StudySize) -> pd.DataFrame:
    experiment = Experiment.begin(data, size, method=QUICK)
    found: pd.DataFrame = summarise(
        experiment.read(experiment.variants(experiment.recipes(features))).repeats, 0.05
    )
    return found


def test_two_independent_cues_are_found_and_the_inert_cell_is_last() -> None:
    planted = two_cues(1500)
    features = [*planted.true, planted.inert]
    summary = _summary(planted.dataset, features, SMALL)
    ranking = rank(summary)
    for cell in planted.true:
        rows = summary[(summary["variant"] == cell) & summary["stands_out"]]
        assert set(rows["network"]) == {"generator", "discriminator"}
    assert ranking["variant"].iloc[-1] == planted.inert
    scores = ranking.set_index("variant")["max_abs_t"]
    assert scores[planted.inert] < scores[list(planted.true)].min() / 3


def test_the_blob_scene_holds_what_it_says() -> None:
    """The bar tells nothing of the rest, the texture the blob's size, the inert cells nothing."""
    scene = blob_scene(2000)
    images = scene.dataset.images[:, 0].float()
    is_lying = (images[:, 3, :8] == 255).all(1)
    is_bright = images[:, :8, 24:].mean((1, 2)) > 128
    blob = images[:, 5:27, 8:24].gt(50).sum((1, 2)).float()
    assert 0.45 < is_lying.float().mean() < 0.55
    assert abs(float(torch.corrcoef(torch.stack([is_lying.float(), blob]))[0, 1])) < 0.06
    assert float(torch.corrcoef(torch.stack([is_bright.float(), blob]))[0, 1]) > 0.8
    assert float(images[:, 8:16, 8:16].std(0).min()) > 10  # the centre cell varies everywhere
    assert images[:, 24:, :8].max() == images[:, 24:, 24:].max() == 2
    assert set(scene.true) == {
        *("cell_0_0", "cell_0_3", "cell_1_1", "cell_0_3-permute", "cell_1_1-permute")
    }


@pytest.mark.slow
def test_a_patch_of_noise_is_first_among_the_cells_for_g_and_found_by_d() -> None:
    base = digits(1500)
    data = Dataset(random_patch(base.images), base.labels, base.class_names)
    cells = ["cell_0_0", "cell_1_1", "cell_2_2", "cell_1_2"]
    size = replace(SMALL, width=16, num_steps=300)
    summary = _summary(data, cells, size)
    rows = summary[(summary["network"] == "generator") & summary["judged"]]
    first = rows.loc[rows.groupby("readout")["t"].apply(lambda t: t.abs().idxmax())]
    assert "cell_0_0" in set(first.loc[first["stands_out"], "variant"])
    of_d = summary[(summary["network"] == "discriminator") & summary["stands_out"]]
    assert "cell_0_0" in set(of_d["variant"])


@pytest.mark.slow  # tests/unit/importance/test_ranking_calibration.py counts false ones too
def test_nulls_in_all_but_name_do_not_stand_out() -> None:
    experiment = Experiment.begin(digits(1500), SMALL, method=QUICK)
    variants = experiment.variants(experiment.recipes([]))
    names = ["class_a", "class_b", "class_c", "class_d"]
    for name, data in without_effect(experiment.train, names).items():
        variants.append((Recipe(name, (name,), "remove", 0, "", "own"), data))
    summary: pd.DataFrame = summarise(experiment.read(variants).repeats, 0.05)
    assert summary["judged"].any()
    assert not summary["stands_out"].any()
