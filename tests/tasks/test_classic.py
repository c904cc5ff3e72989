"""The profile `classic`: a GAN that is trained as the textbook does."""

from pathlib import Path

import pytest
import torch
import yaml

from flows import params
from ganatomy.files import read_json
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.training import train_gan
from tests.harness import ROOT, copy_project, flows, outcomes

SECTIONS = ("train", "retrain")


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, TrainingSettings]:
    """What the base and the retrained GANs are trained with."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "classic.yaml").write_bytes(
        (ROOT / "profiles" / "classic.yaml").read_bytes()
    )
    (tmp_path / "params.yaml").write_text("train: {epochs: 33}\n")
    params.apply(tmp_path, "classic", [])
    known, path = params.sections(), tmp_path / "params.yaml"
    method: Method = known["gan"].load(path).method()  # type: ignore[attr-defined]
    return {name: known[name].load(path).settings(method) for name in SECTIONS}  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SECTIONS)
def test_it_is_the_textbooks_and_nothing_else(
    name: str, settings: dict[str, TrainingSettings]
) -> None:
    found, method = settings[name], settings[name].method
    assert method.networks == ("dcgan", "dcgan")
    assert (method.loss, method.n_dis, method.schedule, method.warmup) == ("bce", 1, "constant", 0)
    assert (method.beta1, method.beta2, found.learning_rate) == (0.5, 0.999, 0.0002)
    assert (found.batch_size, found.latent_dim, found.ema_decay) == (64, 100, 0.0)
    assert (method.r1, method.r2, method.gradient_penalty) == (0.0, 0.0, 0.0)
    assert (method.spectral_norm, method.conditional, method.augment) == (False, False, ())


def test_the_benchmark_trains_with_it(settings: dict[str, TrainingSettings]) -> None:
    from benchmarks.discriminators import CLASSIC, settings_of

    assert settings_of(CLASSIC) == settings["train"]


def test_without_a_moving_average_the_generator_is_the_one_that_played() -> None:
    images = torch.randint(0, 256, (8, 1, 28, 28), dtype=torch.uint8)
    small = TrainingSettings(epochs=2, batch_size=4, latent_dim=5, width=4, ema_decay=0.0)
    gan = train_gan(images, small, seed=0)
    own, average = gan.generator.state_dict(), gan.generator_ema.state_dict()
    assert all(torch.equal(own[name], average[name]) for name in own)


@pytest.mark.slow
def test_every_stage_runs_with_it(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    small = yaml.safe_load((project / "profiles" / "smoke.yaml").read_text())
    sizes = [f"{name}.{key}={value}" for name, keys in small.items() for key, value in keys.items()]
    arguments = [word for size in sizes for word in ("--set", size)]
    done = flows(project, "run", "--profile", "classic", *arguments)
    assert done.returncode == 0, done.stderr
    stages = yaml.safe_load((project / "dvc.yaml").read_text())["stages"]
    told = outcomes(done)
    assert {name.partition("@")[0] for name in told} == set(stages)
    assert set(told.values()) == {"done"}
    assert read_json(project / "models" / "gan" / "networks.json")["discriminator"] == "dcgan"
    assert yaml.safe_load((project / "params.yaml").read_text())["gan"]["beta1"] == 0.5
    assert (project / "reports" / "report.html").exists()
