"""Saved models load where the project is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows import registry
from ganatomy.files import read_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from tasks.shared.artifact_paths import CODE
from tasks.shared.own_code import OwnCode

FILES = {
    "painters/painter.py": """
import torch
from torch import nn

from palette import shade
from . import strokes


class Painter(nn.Module):
    def __init__(self, image_size, channels, latent_dim, width):
        super().__init__()
        self.shape = (channels, image_size, image_size)
        self.layer = nn.Linear(latent_dim, channels * image_size**2)

    def forward(self, z):
        return shade(strokes.bold(self.layer(z))).view(-1, *self.shape)
""",
    "painters/strokes.py": """
from pathlib import Path

import PIL

SCALE = float((Path(__file__).parent / "scale.txt").read_text())


def bold(x):
    return SCALE * x
""",
    "painters/scale.txt": "2.0",
    "palette.py": "import torch\n\n\ndef shade(x):\n    return torch.tanh(x)\n",
}
LOAD = """
import sys
import mlflow
import numpy as np

model = mlflow.pyfunc.load_model(sys.argv[1])
images = model.predict(np.ones((3, 5), dtype=np.float32))
print(images.shape, images.dtype, int(images.astype(int).sum()))
assert "painters.strokes" in sys.modules
"""


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stage `train` leaves of a network that lies in a folder and imports a module."""
    project = tmp_path / "project"
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    with monkeypatch.context() as there:
        there.syspath_prepend(str(project))
        before = set(sys.modules)
        gan = build_gan(Architecture(28, 1, 5, 4, generator="painters.painter:Painter"), 0)
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in ("painters", "palette"):
                del sys.modules[name]
    save_gan(gan, tmp_path / "gan")
    OwnCode(project, ["painters.painter:Painter", "dcgan"]).save(tmp_path / "gan" / CODE)
    (project / "palette.py").write_text("raise RuntimeError('a newer one')\n")
    return tmp_path / "gan"


def test_a_network_that_imports_other_modules_loads_elsewhere(
    weights: Path, tmp_path: Path
) -> None:
    registry.save(tmp_path / "model", "generator", weights)
    (tmp_path / "elsewhere").mkdir()
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(tmp_path / "model")],
        cwd=tmp_path / "elsewhere",
        env=kept | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(3, 1, 28, 28) uint8")
    needed = (tmp_path / "model" / "requirements.txt").read_text().splitlines()
    assert needed == ["torch", "numpy", "safetensors", "mlflow", "pillow"]
    assert read_json(weights / "networks.json")["generator"] == "painters.painter:Painter"


def test_networks_of_ours_bring_nothing_but_the_library(tmp_path: Path) -> None:
    save_gan(build_gan(Architecture(28, 1, 5, 4), 0), tmp_path / "gan")
    registry.save(tmp_path / "model", "discriminator", tmp_path / "gan")
    assert [path.name for path in (tmp_path / "model" / "code").iterdir()] == ["ganatomy"]
    needed = (tmp_path / "model" / "requirements.txt").read_text().splitlines()
    assert needed == ["torch", "numpy", "safetensors", "mlflow"]
