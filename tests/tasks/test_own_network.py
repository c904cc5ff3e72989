"""A user's own network by dotted path: found, trained, and noticed when it is edited."""

import shutil
from pathlib import Path

import pytest

from flows import params
from ganatomy.files import read_json
from tasks import environment
from tests.harness import flows, python

OWN = """
import torch
from torch import nn


class Painter(nn.Module):
    def __init__(self, image_size, channels, latent_dim, width):
        super().__init__()
        self.shape = (channels, image_size, image_size)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 64), nn.ReLU(), nn.Linear(64, channels * image_size**2)
        )

    def forward(self, z):
        return torch.tanh(self.layers(z)).view(-1, *self.shape)
"""


@pytest.fixture
def project(smoke: Path, tmp_path: Path) -> Path:
    """A finished smoke run, and a network of one's own beside it."""
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    (project / "painters.py").write_text(OWN)
    return project


def test_it_is_trained_and_an_edit_makes_the_training_stale(project: Path) -> None:
    params.apply(project, None, ["gan.generator=painters:Painter"])
    environment.write(project)
    first = read_json(project / "networks.json")
    assert len(first["generator"]) == 64
    assert first["discriminator"] == ""
    shutil.rmtree(project / "models" / "gan")
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 0, done.stderr
    made = read_json(project / "models" / "gan" / "networks.json")
    assert made["generator"] == "painters:Painter"
    (project / "painters.py").write_text(OWN.replace("ReLU", "GELU"))
    plan = flows(project, "plan")
    assert "modified networks.json" in plan.stdout + plan.stderr
    assert read_json(project / "networks.json") != first


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("painters:Paynter", ["Paynter", "Painter"]),
        ("paynters:Painter", ["paynters"]),
        ("unet", ["unet", "dcgan", "resnet"]),
    ],
)
def test_a_wrong_name_is_one_clear_message(name: str, words: list[str], project: Path) -> None:
    params.apply(project, None, [f"gan.generator={name}"])
    before = (project / "models" / "gan" / "networks.json").read_bytes()
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert all(word in done.stderr for word in ["gan.generator", *words])
    assert "Traceback" not in done.stderr
    assert (project / "models" / "gan" / "networks.json").read_bytes() == before


def test_a_broken_contract_is_one_clear_message(project: Path) -> None:
    (project / "painters.py").write_text(
        OWN.replace("torch.tanh(self.layers(z))", "self.layers(z)")
    )
    params.apply(project, None, ["gan.generator=painters:Painter"])
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert "[-1, 1]" in done.stderr
