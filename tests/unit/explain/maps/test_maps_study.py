"""The study of maps on networks of anybody's, without any file of the project."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.maps.which import WhichMap
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects
from tests.unit.damaged import leaves_nothing_behind, refuses_damage

SIDE = 12


def _generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(5, 8 * 6 * 6),
        nn.Unflatten(1, (8, 6, 6)),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 6, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 3, 3, padding=1),
        nn.Tanh(),
    )


def _discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(6, 8, 3, stride=2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(8 * 5 * 5, 1),
        nn.Flatten(0),
    )


@pytest.fixture(scope="module")
def subjects() -> Subjects:
    torch.manual_seed(0)
    generator, discriminator = _generator(), _discriminator()
    real = torch.rand(9, 3, SIDE, SIDE) * 2 - 1
    return Subjects.of(generator, discriminator, real=real, z=torch.randn(10, 5))


@pytest.fixture(scope="module")
def study(subjects: Subjects) -> MapsStudy:
    with torch.no_grad():
        history = [(0, _generator(), _discriminator())]
    return explain_by_maps(subjects, history=history, num_images=4, num_ablated=6, num_random=3)


def test_a_map_is_gradient_times_activation(study: MapsStudy, subjects: Subjects) -> None:
    case = study.cases["d_real"]
    first, rest = subjects.discriminator[0], subjects.discriminator[1:]  # type: ignore[index]
    activation = first(subjects.real[:4]).detach().requires_grad_()
    scores = rest(activation)
    (gradient,) = torch.autograd.grad(scores.sum(), activation)
    found = case.maps[WhichMap("hirescam", "D", "0")]
    torch.testing.assert_close(found, (gradient * activation).sum(1).detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(case.scores, scores.detach())


def test_without_evaluator_and_data_there_is_the_rest(study: MapsStudy) -> None:
    assert study.num_layers == {"D": 2, "G": 2}
    assert set(study.cases) == {"d_real", "d_fake", "g_fake", "difference"}
    assert study.asked is not None
    assert study.asked.maps == {}
    assert study.carriers.dissection is not None
    assert set(study.carriers.dissection["concept"]) == {"D's logit"}
    assert set(study.causal["layer"]) == {"D 0", "D 2", "G 3"}
    assert list(study.class_means.means["d_real"]) == ["all"]
    assert [frame.step for frame in study.film] == [0]
    assert "checks the channels that Grad-CAM credits" in study.verdict()


def test_what_is_saved_is_loaded(study: MapsStudy, tmp_path: Path) -> None:
    """Layers of a plain sequence are called 0 and 2: they stay names."""
    study.save(tmp_path)
    found = MapsStudy.load(tmp_path)
    assert found.metrics() == pytest.approx(study.metrics())
    assert found.verdict() == study.verdict()
    assert found.refusals == study.refusals
    assert found.g_layers == study.g_layers == ("3", "5")
    for key, case in study.cases.items():
        assert list(found.cases[key].maps) == list(case.maps)
        torch.testing.assert_close(found.cases[key].maps, case.maps, rtol=0, atol=0)
        assert found.cases[key].reasons == case.reasons
    pd.testing.assert_frame_equal(found.causal, study.causal)
    assert found.carriers.dissection is not None
    assert study.carriers.dissection is not None
    pd.testing.assert_frame_equal(found.carriers.dissection, study.carriers.dissection)


def test_names_need_a_vocabulary_and_errors_name_the_argument(subjects: Subjects) -> None:
    with pytest.raises(InputError) as error:
        explain_by_maps(subjects, targets=["region(mask_eyes)"])
    assert error.value.where == "vocabulary"
    train = Dataset(torch.zeros(4, 3, SIDE, SIDE, dtype=torch.uint8), torch.zeros(4).long())
    with pytest.raises(InputError) as error:
        explain_by_maps(subjects, Vocabulary(train), targets=["region(nowhere)"])
    assert error.value.where == "targets"
    with pytest.raises(InputError) as error:
        explain_by_maps(subjects, Vocabulary(train), targets=["nothing"])
    assert error.value.where == "targets"


def test_a_class_without_an_evaluator_is_left_out_and_said(subjects: Subjects) -> None:
    said: list[str] = []
    train = Dataset(torch.zeros(4, 3, SIDE, SIDE, dtype=torch.uint8), torch.zeros(4).long())
    study = explain_by_maps(
        subjects,
        Vocabulary(train, grid=2),
        targets=["class", "concept(brightness)", "region(cell_0_1)"],
        num_images=2,
        num_ablated=4,
        num_random=2,
        on_warning=said.append,
    )
    assert study.asked is not None
    assert list(study.asked.maps) == ["region(cell_0_1)"]
    expected = subjects.fake[:2, :, :6, 6:].mean((1, 2, 3))
    torch.testing.assert_close(study.asked.scores["region(cell_0_1)"], expected)
    assert [text.partition(" is left out: ")[0] for text in said] == [
        "class",
        "concept(brightness)",
    ]


def test_what_is_damaged_or_of_another_version_is_refused(study: MapsStudy, tmp_path: Path) -> None:
    refused = refuses_damage(study, MapsStudy.load, tmp_path)
    assert {"maps.json has nothing", "maps.json lacks num_layers", "causal.csv lacks passes"} < {
        *refused
    }
    assert "d_real.safetensors lacks hirescam 0" in refused
    assert "film.safetensors lacks 000000000/images" in refused


def test_saved_anew_nothing_of_what_was_there_is_left(study: MapsStudy, tmp_path: Path) -> None:
    carriers = replace(study.carriers, dissection=None, strongest=())
    less = replace(
        study, asked=None, comparison=None, causal=study.causal.iloc[:0], carriers=carriers
    )
    leaves_nothing_behind(study, less, tmp_path)
    assert MapsStudy.load(tmp_path / "after").asked is None


def test_one_generated_image_has_no_others_to_be_compared_with() -> None:
    torch.manual_seed(0)
    real = torch.rand(2, 3, SIDE, SIDE) * 2 - 1
    alone = Subjects.of(_generator(), _discriminator(), real=real, z=torch.randn(1, 5))
    said = explain_by_maps(alone, num_ablated=3, num_random=2).verdict()
    assert "D's maps and G's overlap by 0." in said
    assert "nan" not in said


def test_maps_that_mean_nothing_are_not_compared(subjects: Subjects) -> None:
    """Of a generator that makes one image whatever its latent."""
    generator = _generator()
    assert isinstance(generator, nn.Sequential)
    assert isinstance(generator[0], nn.Linear)
    nn.init.zeros_(generator[0].weight)
    collapsed = Subjects.of(
        generator, subjects.discriminator, real=subjects.real, z=torch.randn(5, 5)
    )
    study = explain_by_maps(collapsed, num_ablated=3, num_random=2)
    assert study.comparison is None
    assert "overlap" not in study.verdict()
    # two cases have maps that mean nothing: however many reasons there are
    refused = {(row["case"], row["method"]) for row in study.refusals}
    doubled = replace(study, refusals=(*study.refusals, *study.refusals))
    assert f"{len(refused)} kinds of maps mean nothing" in doubled.verdict()


def test_what_can_be_read_in_no_image_is_said_so(subjects: Subjects) -> None:
    broken = nn.Sequential(_discriminator(), nn.Threshold(torch.inf, torch.nan))
    told: list[str] = []
    lost = Subjects.of(subjects.generator, broken, real=subjects.real, z=torch.randn(4, 5))
    study = explain_by_maps(lost, num_ablated=4, num_random=2, on_warning=told.append)
    assert "concept D's logit is left out: it can be read in no image" in told
    assert "nan" not in study.verdict()
