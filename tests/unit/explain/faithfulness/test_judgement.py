"""The study that judges explanations, on networks of anybody's, without a file of the project."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.judged import Refusal
from ganatomy.explain.faithfulness.region_comparison import RegionComparison, compare_regions
from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.maps.which import WhichMap
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects
from tasks.faithfulness.params import Faithfulness
from tests.unit.damaged import leaves_nothing_behind, refuses_damage

SIDE = 12
QUICK = Effort(num_steps=3, num_perturbations=2, num_seeds=2)
SAMPLING, HIDING = LimeSampling(num_samples=64), Hiding(segment_side=3, baseline="mean")


def _subjects(conditional: int = 0) -> Subjects:
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(4 + conditional, 4 * 6 * 6),
        nn.Unflatten(1, (4, 6, 6)),
        nn.Tanh(),
        nn.ConvTranspose2d(4, 6, 4, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(6, 1, 3, padding=1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(6 * SIDE**2, 1),
        nn.Flatten(0),
    )
    real = torch.rand(5, 1, SIDE, SIDE) * 2 - 1
    z = torch.randn(6, 4 + conditional)
    return Subjects.of(generator, discriminator, real=real, z=z, num_classes=conditional)


def _judge(methods: Methods, **options: Any) -> FaithfulnessStudy:
    return judge_explanations(_subjects(), methods, effort=QUICK, **options)


@pytest.fixture(scope="module")
def study() -> FaithfulnessStudy:
    return _judge(Methods(("hirescam",), SAMPLING, HIDING, num_steps=2))


def test_without_training_data_all_but_the_regions_is_judged(study: FaithfulnessStudy) -> None:
    others = ["lime", "integrated gradients", "occlusion"]
    assert study.verdicts["method"].tolist() == ["hirescam 0", *others, *_of_g(study)]
    assert study.regions is None
    assert study.sentences == []
    assert "num_disputed_regions" not in study.metrics()
    assert {name: len(maps) for name, maps in study.maps.items()} == {
        **dict.fromkeys(["hirescam 0", *others], 11),  # reals, then fakes
        **dict.fromkeys(_of_g(study), 6),
    }


def _of_g(study: FaithfulnessStudy) -> list[str]:
    found = [name for name in study.verdicts["method"] if " G " in name]
    assert found
    return found


def test_the_maps_that_are_judged_are_those_that_the_methods_make(
    study: FaithfulnessStudy,
) -> None:
    """HiResCAM of a layer before a linear one: gradient times activation, the weights by hand."""
    subjects = _subjects()
    images = torch.cat([subjects.real, subjects.fake])
    layers = subjects.discriminator
    assert isinstance(layers, nn.Sequential)
    with torch.no_grad():
        hidden = layers[0](images)
        weights = layers[3].weight.view(6, SIDE, SIDE) * torch.where(hidden > 0, 1.0, 0.2)
        expected = (weights * hidden).sum(1)
    torch.testing.assert_close(study.maps["hirescam 0"], expected, rtol=0, atol=1e-5)


def test_shown_are_the_first_images_of_each_kind_with_their_own_maps(
    study: FaithfulnessStudy,
) -> None:
    subjects, shown = _subjects(), study.shown
    assert shown is not None
    images = torch.cat([subjects.real, subjects.fake])
    chosen = [0, 1, 2, 5, 6, 7]  # of 5 real and 6 generated ones
    torch.testing.assert_close(shown.images, images[chosen])
    with torch.no_grad():
        torch.testing.assert_close(shown.scores, subjects.discriminator(images[chosen]))
    maps = study.maps["occlusion"]
    torch.testing.assert_close(shown.of_d(maps), maps[chosen])
    assert shown.sizes == {"D": {"0": (SIDE, SIDE)}, "G": {"3": (SIDE, SIDE), "5": (SIDE, SIDE)}}


def test_saved_and_loaded_it_is_the_same(study: FaithfulnessStudy, tmp_path: Path) -> None:
    study.save(tmp_path)
    again = FaithfulnessStudy.load(tmp_path)
    assert again.metrics() == study.metrics()
    assert again.verdict() == study.verdict()
    for name in ("verdicts", "measures", "curves", "scores", "planted"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(study, name), check_dtype=False)
    for network, cascade in study.randomised.items():
        pd.testing.assert_frame_equal(again.randomised[network], cascade, check_dtype=False)
    assert set(again.maps) == set(study.maps)
    assert again.shown is not None
    assert study.shown is not None
    assert again.shown.sizes == study.shown.sizes
    assert again.shown.num_real == study.shown.num_real
    torch.testing.assert_close(again.shown.images, study.shown.images, rtol=0, atol=0)
    torch.testing.assert_close(again.shown.scores, study.shown.scores, rtol=0, atol=0)
    (tmp_path / "shown.safetensors").unlink()  # as an older version left it
    assert FaithfulnessStudy.load(tmp_path).shown is None
    (tmp_path / "maps.safetensors").unlink()
    with pytest.raises(InputError, match=r"maps\.safetensors"):
        FaithfulnessStudy.load(tmp_path)


def test_without_methods_for_layers_progress_ends_at_its_total() -> None:
    told: list[tuple[int, int, str]] = []
    study = _judge(
        Methods((), SAMPLING, HIDING, num_steps=2),
        on_progress=lambda *progress: told.append(progress),
    )
    assert study.verdicts["method"].tolist() == ["lime", "integrated gradients", "occlusion"]
    assert set(study.randomised) == {"d"}
    assert [done for done, _, _ in told] == list(range(1, told[-1][1] + 1))


def test_intervals_that_stay_too_wide_are_told_once_and_not_of_every_test() -> None:
    told: list[str] = []
    sampling = LimeSampling(num_samples=64, tolerance=1e-9, max_samples=128)
    _judge(Methods((), sampling, HIDING, num_steps=2, on_warning=told.append))
    wide = [text for text in told if "wider than the tolerance" in text]
    assert len(wide) == 1


def test_regions_are_those_that_were_retrained_without() -> None:
    train = Dataset(torch.randint(0, 256, (7, 1, SIDE, SIDE), dtype=torch.uint8), torch.zeros(7))
    maps = {"a": torch.zeros(3, SIDE, SIDE), "b": torch.ones(3, SIDE, SIDE)}
    maps["a"][:, :6, :6] = 2
    rows = [
        ("cell_0_0", "remove", 1.0, 5.0),
        ("cell_1_1", "remove", 2.0, -4.0),
        ("cell_0_1", "permute", 9.0, 9.0),
        ("contrast", "remove", 9.0, 9.0),
    ]
    ranking = pd.DataFrame(rows, columns=["features", "mode", "g_size", "d_size"])
    found = compare_regions(maps, Vocabulary(train, grid=2), ranking)
    assert found is not None
    assert found.table.to_dict("list") == {
        "retraining, G": [1.0, 2.0],
        "retraining, D": [5.0, 4.0],
        "a": [2.0, 0.0],
        "b": [1.0, 1.0],
    }
    assert found.table.index.tolist() == list(found.masks) == ["cell_0_0", "cell_1_1"]
    assert found.masks["cell_1_1"][6:, 6:].all()
    assert found.masks["cell_1_1"].sum() == 36
    assert compare_regions(maps, None, ranking) is None
    assert compare_regions(maps, Vocabulary(train), None) is None


def test_defaults_are_those_of_the_parameters() -> None:
    params = Faithfulness()
    assert params.effort() == Effort()
    assert params.integration_steps == Methods(()).num_steps


def test_what_is_damaged_or_of_another_version_is_refused(
    study: FaithfulnessStudy, tmp_path: Path
) -> None:
    refused = refuses_damage(study, FaithfulnessStudy.load, tmp_path)
    assert {"trust.csv lacks trusted", "scores.parquet lacks control"} < {*refused}


def test_saved_anew_nothing_of_what_was_there_is_left(
    study: FaithfulnessStudy, tmp_path: Path
) -> None:
    """Without maps of G and without regions, after a result with both."""
    masks = {"left": np.eye(SIDE, dtype=bool)}
    table = pd.DataFrame({"a": [1.0], "b": [2.0]}, index=["left"])
    regions = RegionComparison(table, masks, np.zeros((1, SIDE, SIDE)))
    randomised = {"d": study.randomised["d"]}
    leaves_nothing_behind(
        replace(study, regions=regions), replace(study, randomised=randomised), tmp_path
    )
    assert FaithfulnessStudy.load(tmp_path / "after").regions is None


def test_the_verdict_counts_kinds_of_maps_not_reasons(study: FaithfulnessStudy) -> None:
    rows: list[Refusal] = [
        {"method": "lime", "reason": reason, "images": 1, "of": 11} for reason in ("dark", "flat")
    ]
    assert "Maps of 1 kind mean nothing" in replace(study, refusals=tuple(rows)).verdict()


def test_maps_of_layers_that_are_judged_are_those_that_are_shown() -> None:
    """Of both networks, by the same methods, at the same layers, images and latents."""
    subjects, cams = _subjects(), ("gradcam", "layercam")
    shown = explain_by_maps(subjects, methods=cams, num_ablated=3, num_random=2)
    judged = _judge(Methods(cams, SAMPLING, HIDING, num_steps=2)).maps
    compared = 0
    for method in cams:
        whole = WhichMap(method, "D", "0")
        pair = [shown.cases[case].maps[whole] for case in ("d_real", "d_fake")]
        assert torch.equal(judged[f"{method} 0"], torch.cat(pair))
        for layer in subjects.g_layers.wide:
            within = shown.cases["g_fake"].maps[WhichMap(method, "G", layer)]
            assert torch.equal(judged[f"{method} G {layer}"], within)
            compared += 1
    assert compared == len(_of_g_names(judged)) > 0


def _of_g_names(maps: dict[str, torch.Tensor]) -> list[str]:
    return [name for name in maps if " G " in name]
