"""A user's own network by dotted path: found, trained, and noticed when it is edited."""

import shutil
from pathlib import Path

import pytest

from flows import params
from ganatomy.files import read_json
from tasks.inputs import files
from tests.harness import flows, python

OWN = """
import torch
from torch import nn

from brushes import paint


class Painter(nn.Module):
    def __init__(self, image_size, channels, latent_dim, width):
        super().__init__()
        self.shape = (channels, image_size, image_size)
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 64), nn.ReLU(), nn.Linear(64, channels * image_size**2)
        )

    def forward(self, z):
        return paint(self.layers(z)).view(-1, *self.shape)
"""
BRUSHES = "import torch\n\n\ndef paint(values):\n    return torch.tanh(values)\n"


def _with_network(smoke: Path, folder: Path) -> Path:
    project = shutil.copytree(smoke, folder, symlinks=True)
    (project / "painters.py").write_text(OWN)
    (project / "brushes.py").write_text(BRUSHES)
    return project


@pytest.fixture
def project(smoke: Path, tmp_path: Path) -> Path:
    """A finished smoke run, and a network of one's own beside it."""
    return _with_network(smoke, tmp_path / "project")


@pytest.fixture(scope="module")
def trained(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `project`, after the network was trained. Copy it before you edit."""
    project = _with_network(smoke, tmp_path_factory.mktemp("own") / "project")
    params.apply(project, None, ["gan.generator=painters:Painter"])
    files.write(project)
    shutil.rmtree(project / "models" / "gan")
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 0, done.stderr
    return project


def test_it_is_trained_and_its_code_is_kept(trained: Path) -> None:
    made = read_json(trained / "models" / "gan" / "networks.json")
    assert made["generator"] == "painters:Painter"
    kept = trained / "models" / "gan" / "code"
    assert {path.name: path.read_text() for path in kept.iterdir()} == {
        "painters.py": OWN,
        "brushes.py": BRUSHES,
    }


@pytest.mark.parametrize("edited", ["painters.py", "brushes.py"])
def test_an_edit_makes_the_training_stale(trained: Path, tmp_path: Path, edited: str) -> None:
    project = shutil.copytree(trained, tmp_path / "project", symlinks=True)
    first = read_json(project / "inputs" / "networks.json")
    assert set(first["generator"]) == {"painters.py", "brushes.py"}
    assert first["discriminator"] == ""
    with (project / edited).open("a") as file:
        file.write("# another one\n")
    plan = flows(project, "plan")
    why = "modified inputs/networks.json (generator brushes.py, generator painters.py)"
    assert why in plan.stdout, plan.stderr
    files.write(project)
    assert read_json(project / "inputs" / "networks.json") != first


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
    (project / "brushes.py").write_text(BRUSHES.replace("torch.tanh(values)", "values"))
    params.apply(project, None, ["gan.generator=painters:Painter"])
    done = python(project, "-m", "tasks.train")
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert "[-1, 1]" in done.stderr
