"""The stage `discriminator`, and the D that every stage explains."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.files import read_json, write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.model import build_gan
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.report.parts import fill
from ganatomy.report.sections.discriminator import SECTION, what_the_sign_means
from ganatomy.report.sections.discriminator_words import sign_in_words
from ganatomy.wording import signed
from tasks.discriminator import __main__ as discriminator
from tasks.discriminator.params import Discriminator
from tasks.params.base import Base
from tasks.shared.artifact_paths import GAN, HISTORY, PREPARED, REPORTS
from tasks.shared.events import Events
from tasks.shared.explained import load_explained

CPU = torch.device("cpu")
REPORT = REPORTS / "discriminator"
Make = Callable[[str], None]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A project with bright images and an untrained GAN of the discriminator named."""
    monkeypatch.chdir(tmp_path)
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(100, 256, (60, 1, 28, 28), generator=draw).to(torch.uint8)
    for split, part in (("train", images[:40]), ("test", images[40:])):
        Dataset(part, torch.full((len(part),), -1)).save(PREPARED, split)
    write_json(REPORTS / "train" / "settings.json", {"method": {"loss": "bce"}, "batch_size": 8})

    def made(name: str) -> None:
        architecture = replace(Architecture(28, 1, 8, 4), discriminator=name)
        for folder in (GAN, HISTORY / "000000000"):
            save_gan(build_gan(architecture, 0), folder)

    return made


def _run(monkeypatch: pytest.MonkeyPatch) -> DiscriminatorHealth:
    monkeypatch.setattr(discriminator, "make_deterministic", lambda num_threads: None)
    monkeypatch.setattr(Base, "load", lambda: Base(device="cpu"))
    monkeypatch.setattr(Discriminator, "load", lambda: Discriminator(num_images=20))
    discriminator.main(Events("discriminator", None))
    return DiscriminatorHealth.load(REPORT)


@pytest.mark.parametrize("name", ["dcgan", "dcgan-plain"])
def test_the_stage_tells_batch_norm_and_nothing_of_one_without(
    make: Make, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(name)
    health = _run(monkeypatch)
    has_norm = name == "dcgan"
    assert ("batch" in {each.rule for each in health.findings}) == has_norm
    assert health.record["num_reference"] == (40 if has_norm else 0)
    assert health.record["batch_explained"]["companions_eval"] == 0
    known = {name: value for name, value in health.metrics().items() if math.isfinite(value)}
    assert read_json(REPORT / "metrics.json") == known
    part = fill(SECTION, SECTION.load(REPORT))
    assert part.figures["logits"].startswith(b"\x89PNG")
    assert part.facts["health"]["verdict"] == part.summary[0] == health.verdict()
    assert bool(part.alarms) == bool(health.findings)


def test_a_discriminator_without_batch_norm_is_explained_as_it_is(make: Make) -> None:
    make("dcgan-plain")
    saved, explained = load_gan(GAN, CPU), load_explained(GAN, 0, CPU)
    before, after = saved.discriminator.state_dict(), explained.discriminator.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_batch_norm_has_the_statistics_of_half_reals_and_half_fakes(make: Make) -> None:
    """Of the first layer with BatchNorm, read off by a hook; in the course of training as well."""
    make("dcgan")
    for folder in (GAN, HISTORY / "000000000"):
        fixed = load_explained(folder, 0, CPU).discriminator
        again = load_explained(folder, 0, CPU).discriminator
        saved = load_gan(folder, CPU).discriminator
        first = next(each for each in fixed.modules() if isinstance(each, nn.BatchNorm2d))
        assert first.running_mean is not None
        assert float(first.running_mean.abs().max()) > 0  # an untrained one is saved with zeros
        assert all(
            torch.equal(each, again.state_dict()[name]) for name, each in fixed.state_dict().items()
        )
        statistics = {name for name in saved.state_dict() if "running" in name}
        assert statistics
        assert all(
            torch.equal(each, saved.state_dict()[name]) == (name not in statistics)
            for name, each in fixed.state_dict().items()
            if "num_batches" not in name
        )


def test_the_sign_means_what_was_found(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make("dcgan-plain")
    assert "the higher" in what_the_sign_means(REPORTS)
    _run(monkeypatch)
    record = read_json(REPORT / "health.json")
    write_json(REPORT / "findings.json", [])
    assert what_the_sign_means(REPORTS) == sign_in_words(DiscriminatorHealth.load(REPORT))
    write_json(REPORT / "findings.json", [{"rule": "boundary", "text": "it lies elsewhere"}])
    assert f"{signed(record['boundary']['best'])}, not at 0" in what_the_sign_means(REPORTS)
    write_json(REPORT / "health.json", {**record, "has_level": False})
    assert "means nothing with this loss" in what_the_sign_means(REPORTS)
