"""Stages explain a D that is a function of its image."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.model import build_gan
from ganatomy.gan.sampling import generate, latents
from tasks.shared.artifact_paths import GAN, PREPARED
from tasks.shared.explained import load_explained
from tasks.shared.samples import load_subjects
from tests.tasks.explained import CPU, make_project

_EXPLAINS = ("evaluate", "gradcam", "lime", "faithfulness", "importance")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(make_project(tmp_path))
    return tmp_path


def _train_with(discriminator: str) -> None:
    architecture = replace(load_gan(GAN, CPU).architecture, discriminator=discriminator)
    save_gan(build_gan(architecture, 3), GAN)


@pytest.mark.usefixtures("project")
def test_batch_norm_gets_the_statistics_of_reals_and_fakes() -> None:
    """Those of its first layer by hand: the mean over 256 training and 256 generated images."""
    _train_with("dcgan")
    gan = load_explained(GAN, 0, CPU)
    reals = Dataset.load(PREPARED, "train").images
    z = latents(256, gan.architecture, 0, "fixed-statistics")
    halves = (to_float(reals), generate(gan.generator_ema, z))
    before = load_gan(GAN, CPU).discriminator.eval().layers
    with torch.no_grad():
        of_reals, of_fakes = (before[:3](part).mean((2, 3)) for part in halves)
    mean = gan.discriminator.layers[3].running_mean
    error = of_reals.std(0) / 16  # 256 of the 400 reals are drawn
    assert bool(((mean - (of_reals.mean(0) + of_fakes.mean(0)) / 2).abs() < 2 * error).all())
    subjects = load_subjects(5, 0, CPU)
    with torch.no_grad():
        assert torch.equal(subjects.discriminator(subjects.real), gan.discriminator(subjects.real))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["dcgan-plain", "dcgan-layernorm", "resnet"])
def test_one_without_is_explained_as_it_is(name: str) -> None:
    _train_with(name)
    explained, saved = load_explained(GAN, 0, CPU).discriminator, load_gan(GAN, CPU).discriminator
    values = saved.state_dict()
    assert all(torch.equal(each, values[key]) for key, each in explained.state_dict().items())


@pytest.mark.parametrize("stage", _EXPLAINS)
def test_no_stage_explains_another(stage: str) -> None:
    code = Path(f"tasks/{stage}/__main__.py").read_text()
    assert "load_gan" not in code
    assert "load_explained" in code or "load_subjects" in code
