"""Saved models load where the project is not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pytest

from flows import registry
from ganatomy.files import read_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from tasks.shared.artifact_paths import CODE
from tasks.shared.own_code import OwnCode
from tests.harness import ROOT

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
    assert needed == _pinned("torch", "numpy", "safetensors", "mlflow", "pillow")
    assert read_json(weights / "networks.json")["generator"] == "painters.painter:Painter"


def test_networks_of_ours_bring_nothing_but_the_library(tmp_path: Path) -> None:
    save_gan(build_gan(Architecture(28, 1, 5, 4), 0), tmp_path / "gan")
    registry.save(tmp_path / "model", "discriminator", tmp_path / "gan")
    assert [path.name for path in (tmp_path / "model" / "code").iterdir()] == ["ganatomy"]
    needed = (tmp_path / "model" / "requirements.txt").read_text().splitlines()
    assert needed == _pinned("torch", "numpy", "safetensors", "mlflow")


def _pinned(*names: str) -> list[str]:
    """As requirements.lock has them."""
    lock = (ROOT / "requirements.lock").read_text()
    return [re.findall(rf"^{name}==[\d.]+", lock, re.M)[0] for name in names]


@pytest.mark.parametrize("num_classes", [0, 3])
def test_a_model_says_what_it_takes_and_gives(num_classes: int, tmp_path: Path) -> None:
    architecture = Architecture(28, 1, 5, 4, num_classes=num_classes)
    save_gan(build_gan(architecture, 0), tmp_path / "gan")
    models = {}
    for kind in registry.MODELS:
        registry.save(tmp_path / kind, kind, tmp_path / "gan")
        models[kind] = mlflow.pyfunc.load_model(str(tmp_path / kind))
    z = np.asarray(models["generator"].input_example)
    assert z.shape == (1, 5 + num_classes)
    assert z[0, 5:].tolist() == [1.0, 0.0, 0.0][:num_classes]
    images = models["generator"].predict(z)
    assert images.shape == (1, 1, 28, 28)
    logits = models["discriminator"].predict(np.asarray(models["discriminator"].input_example))
    assert logits.shape == (1,)
    given = {
        kind: model.metadata.signature.outputs.inputs[0].type for kind, model in models.items()
    }
    assert given == {"generator": images.dtype, "discriminator": logits.dtype}
    for kind, wrong, words in (
        ("generator", np.zeros((3, 9), dtype=np.float32), f"(n, {5 + num_classes})"),
        ("generator", np.zeros((3, 4), dtype=np.float32), f"(n, {5 + num_classes})"),
        ("discriminator", np.zeros((3, 1, 9, 9), dtype=np.uint8), "(n, 1, 28, 28)"),
    ):
        with pytest.raises(ValueError, match="Give an array") as caught:
            models[kind].predict(wrong)
        (line,) = str(caught.value).splitlines()
        assert str(wrong.shape) in line
        assert line.endswith(f"Give an array of shape {words}.")
