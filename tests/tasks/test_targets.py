"""Targets by the names of params.yaml: what they compute, and what no name leads to."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.networks.named import fitted_concepts, targets_of_generator
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target
from tasks.shared.artifact_paths import PREPARED
from tasks.shared.names import vocabulary
from tasks.shared.samples import load_subjects
from tests.tasks.explained import CPU, SMALL, make_project


def _nobody(text: str) -> None:
    raise AssertionError(text)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_project(tmp_path_factory.mktemp("targets"))
    (folder / "params.yaml").write_text(json.dumps(SMALL))
    return folder


@pytest.fixture
def samples(project: Path, monkeypatch: pytest.MonkeyPatch) -> Subjects:
    monkeypatch.chdir(project)
    return load_subjects(12, 0, CPU)


def _made(
    names: list[str], samples: Subjects, on_warning: Callable[[str], None] = _nobody
) -> dict[str, Target]:
    return targets_of_generator(names, samples, vocabulary(), on_warning=on_warning)


def _values(samples: Subjects, name: str) -> torch.Tensor:
    ((found, target),) = _made([name], samples).items()
    assert found == target.name
    with torch.no_grad():
        return target.values(samples.z)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("d_logit", lambda s: s.discriminator(s.fake)),
        ("class", lambda s: s.evaluator(s.fake).max(1).values),
        ("class(3)", lambda s: s.evaluator(s.fake)[:, 3]),
        ("region(cell_1_2)", lambda s: s.fake[:, :, 7:14, 14:21].mean((1, 2, 3))),
    ],
)
def test_each_name_is_a_plain_computation_on_gs_images(
    name: str, plain: Callable[[Subjects], torch.Tensor], samples: Subjects
) -> None:
    with torch.no_grad():
        expected = plain(samples)
    torch.testing.assert_close(_values(samples, name), expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 0


def test_a_concept_rises_with_what_it_is_called_after(samples: Subjects) -> None:
    """Of held-out digits, whose brightness is their mean."""
    held_out = to_float(Dataset.load(PREPARED, "test").images)
    (found,) = fitted_concepts(["brightness"], samples.evaluator, vocabulary(), on_warning=_nobody)
    with torch.no_grad():
        read = found.read(samples.evaluator.features(held_out))
    assert spearmanr(read.numpy(), held_out.mean((1, 2, 3)).numpy()).statistic > 0.8
    of_g = _values(samples, "concept(brightness)")
    with torch.no_grad():
        torch.testing.assert_close(of_g, found.read(samples.evaluator.features(samples.fake)))


def test_targets_keep_their_order_and_come_once(samples: Subjects) -> None:
    names = ["region(cell_0_1)", "class(7)", "d_logit", "class(7)", "class"]
    found = _made(names, samples)
    assert list(found) == ["region(cell_0_1)", "class(7)", "d_logit_of_g", "class"]
    assert _made([], samples) == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("foo", ["unknown target 'foo'", "class(NAME)", "region(NAME)"]),
        ("", ["unknown target ''"]),
        ("class(3", ["unknown target"]),
        ("class 3)", ["unknown target"]),
        ("region", ["unknown target"]),
        ("concept()", ["unknown target"]),
        ("d_logit(real)", ["unknown target"]),
        ("class(zzz)", ["no class 'zzz'", "0, 1, 2"]),
        ("region(contrast)", ["contrast is no region"]),
        ("region(cell_9_9)", ["cell_9_9"]),
        ("concept(nonsense)", ["unknown feature 'nonsense'"]),
        ("concept(class_1)", ["class_1 is not measured in pixels"]),
    ],
)
def test_what_is_no_target_is_one_sentence(name: str, words: list[str], samples: Subjects) -> None:
    with pytest.raises(InputError) as error:
        _made(["class", name], samples)
    said = str(error.value)
    assert error.value.where == "targets"
    assert "\n" not in said
    assert all(word in said for word in words), said


def test_what_the_evaluator_cannot_read_is_left_out_with_a_warning(
    samples: Subjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features that are noise carry nothing."""
    draw = torch.Generator().manual_seed(0)
    monkeypatch.setattr(
        type(samples.evaluator),
        "features",
        lambda self, images: torch.randn(len(images), 8, generator=draw),
    )
    said: list[str] = []
    names = ["class", "concept(brightness)"]
    assert list(_made(names, samples, said.append)) == ["class"]
    assert len(said) == 1
    assert "concept brightness is left out" in said[0]


def test_data_without_classes_has_none_to_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_project(tmp_path, labelled=False)
    (folder / "params.yaml").write_text(json.dumps(SMALL))
    monkeypatch.chdir(folder)
    unlabelled = load_subjects(4, 0, CPU)
    said: list[str] = []
    names = ["class", "class(3)", "region(cell_1_1)", "d_logit"]
    found = _made(names, unlabelled, said.append)
    assert list(found) == ["region(cell_1_1)", "d_logit_of_g"]
    assert [text.partition(" is left out")[0] for text in said] == ["class", "class(3)"]
    assert np.isfinite(found["d_logit_of_g"].values(unlabelled.z).detach().numpy()).all()


def test_a_region_may_be_a_mask_of_ones_own(
    samples: Subjects, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    marked = np.zeros((28, 28), dtype=np.uint8)
    marked[3:5, 20:26] = 255
    Image.fromarray(marked).save(tmp_path / "spot.png")
    params = {**SMALL, "variants": {"masks": [str(tmp_path / "spot.png")]}}
    monkeypatch.setattr("tasks.params.section.PARAMS_FILE", tmp_path / "params.yaml")
    (tmp_path / "params.yaml").write_text(json.dumps(params))
    (tmp_path / "data").symlink_to(project / "data")
    monkeypatch.chdir(tmp_path)
    values = _values(samples, "region(mask_spot)")
    torch.testing.assert_close(values, samples.fake[:, :, 3:5, 20:26].mean((1, 2, 3)))
