"""`ganatomy explain my-gan.yaml --images`: images that are no squares, or have other channels."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from ganatomy import __main__ as command_line
from tests.pages import unexplained

NETS = """
from torch import nn


def G(nc, h, w):
    return nn.Sequential(
        nn.ConvTranspose2d(6, 8, (h // 8, w // 8)), nn.ReLU(True),
        nn.ConvTranspose2d(8, 8, 4, 4), nn.ReLU(True),
        nn.ConvTranspose2d(8, nc, 2, 2), nn.Tanh())


def D(nc, h, w):
    return nn.Sequential(
        nn.Conv2d(nc, 4, 4, 4), nn.LeakyReLU(0.2, True), nn.Conv2d(4, 1, (h // 4, w // 4)))
"""
NUM = 60  # the fewest that quality is told of
CASES = [("GD", (3, 24, 40)), ("GD", (5, 24, 24)), ("D", (3, 24, 40)), ("D", (2, 24, 24))]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shaped_nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _write_gan(place: Path, shape: tuple[int, int, int], parts: str) -> Path:
    """A GAN of that shape with weights of its own, of which `parts` (G, D, GD) are named."""
    scope: dict[str, type[nn.Module]] = {}
    exec(NETS, scope)
    nc, height, width = shape
    arguments = f"{{nc: {nc}, h: {height}, w: {width}}}"
    lines = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, part in (("G", "generator"), ("D", "discriminator")):
            network = scope[name](*shape)
            for weights in network.parameters():
                weights.data *= 3
            torch.save(network.state_dict(), place / f"{name}.pt")
            how = f"{{build: shaped_nets:{name}, arguments: {arguments}, weights: {name}.pt}}"
            lines += [f"{part}: {how}"] if name in parts else []
    lines += ["latent: {dim: 6, shape: map}"] if "G" in parts else []
    path = place / "my-gan.yaml"
    path.write_text("\n".join(lines))
    return path


def _write_images(place: Path, shape: tuple[int, int, int]) -> Path:
    """Pictures where there are such, else one array; brighter from channel to channel."""
    channels, height, width = shape
    noise: NDArray[np.int64] = np.random.default_rng(0).integers(
        0, 100, (NUM, height, width, channels)
    )
    pixels = (noise + 30 * np.arange(channels)).astype(np.uint8)
    if channels != 3:
        np.save(place / "reals.npy", pixels)
        return place / "reals.npy"
    (place / "reals").mkdir()
    for index, image in enumerate(pixels):
        Image.fromarray(image).save(place / "reals" / f"{index:03}.png")
    return place / "reals"


def _explained(gan: Path, images: Path) -> str:
    words = ["--count", "4", "--device", "cpu", "--quick", "--out", "page.html"]
    assert command_line.main(["explain", str(gan), "--images", str(images), *words]) == 0
    return unexplained(Path("page.html").read_text())


@pytest.mark.parametrize(("parts", "shape"), CASES)
def test_images_of_the_gans_own_shape_are_read(
    parts: str, shape: tuple[int, int, int], place: Path
) -> None:
    page = _explained(_write_gan(place, shape, parts), _write_images(place, shape))
    sections = set(re.findall(r'<section id="([^"]+)"', page))
    assert {"contract", "health", "gradcam", "lime-figures"} <= sections
    assert f"{shape[1]} × {shape[2]}" in page
    assert "not possible here" not in page
    assert ("no generator was given" in page) == (parts == "D")


STYLED = """
import torch
from torch import nn


class G(nn.Module):
    def __init__(self):
        super().__init__()
        self.style = nn.Sequential(nn.Linear(6, 9), nn.LeakyReLU(0.2))
        self.synthesis = nn.Sequential(
            nn.Unflatten(1, (9, 1, 1)), nn.ConvTranspose2d(9, 8, 4), nn.ReLU(True),
            nn.ConvTranspose2d(8, 1, 4, 4), nn.Tanh())
        for weights in self.parameters():
            weights.data = torch.randn(weights.shape, generator=torch.Generator().manual_seed(1))

    def forward(self, z):
        return self.synthesis(self.style(z))
"""


def test_a_generator_is_explained_by_w(place: Path) -> None:
    (place / "styled_nets.py").write_text(STYLED)
    gan = place / "my-gan.yaml"
    gan.write_text(
        "generator: {build: styled_nets:G}\nlatent: {dim: 6, space: w, mapping: style}\n"
    )
    words = ["--count", "4", "--device", "cpu", "--quick", "--out", "page.html"]
    assert command_line.main(["explain", str(gan), *words]) == 0
    page = unexplained(Path("page.html").read_text())
    assert {"contract", "samples", "directions"} <= set(re.findall(r'<section id="([^"]+)"', page))
    assert "On this page they are w, 9 numbers that" in page
    assert "truncate w in between" not in page
    assert "not possible here" not in page
