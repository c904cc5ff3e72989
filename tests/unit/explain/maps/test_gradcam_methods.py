"""The formulas of Grad-CAM and its relatives, written out place by place."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.targets import Target

Array = NDArray[np.float64]


class Polynomial(nn.Module):
    """sum over channels and places of w a + v a^2, a being what `maps` passes on.

    The gradient is w + 2 v a: known without differentiation.
    """

    def __init__(self, w: Array, v: Array) -> None:
        super().__init__()
        self.maps = nn.Identity()
        self.register_buffer("w", torch.from_numpy(w))
        self.register_buffer("v", torch.from_numpy(v))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        a = self.maps(images)
        terms: torch.Tensor = self.get_buffer("w") * a + self.get_buffer("v") * a**2
        return terms.sum((1, 2, 3))


def _written_out(a: Array, g: Array) -> dict[str, Array]:
    """Maps of one input, from activations and gradients of shape (channels, height, width)."""
    channels, height, width = a.shape
    found = {name: np.zeros((height, width)) for name in ("gradcam", "gradcam++", "hirescam")}
    found["layercam"] = np.zeros((height, width))
    for c in range(channels):
        mean = sum(g[c, y, x] for y in range(height) for x in range(width)) / (height * width)
        weight = 0.0
        for y in range(height):
            for x in range(width):
                square, cube = g[c, y, x] ** 2, g[c, y, x] ** 3
                divisor = 2 * square + a[c].sum() * cube  # equation 19 of arXiv 1710.11063
                alpha = square / divisor if divisor != 0 else 0.0
                weight += alpha * max(g[c, y, x], 0)
        for y in range(height):
            for x in range(width):
                found["gradcam"][y, x] += mean * a[c, y, x]
                found["gradcam++"][y, x] += weight * a[c, y, x]
                found["hirescam"][y, x] += g[c, y, x] * a[c, y, x]
                found["layercam"][y, x] += max(g[c, y, x], 0) * a[c, y, x]
    return found


METHODS = ("gradcam", "gradcam++", "hirescam", "layercam")


def _case(positive: bool, dtype: torch.dtype) -> tuple[Polynomial, Array, Array]:
    draw = np.random.default_rng(1)
    w, v = draw.normal(size=(2, 3, 4, 5))
    w[0, 0, 0] = v[0, 0, 0] = 0  # a place without gradient
    a = draw.normal(size=(6, 3, 4, 5))
    a = np.abs(a) if positive else a
    return Polynomial(w, v).to(dtype), a, w + 2 * v * a


@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-3)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_formulas(
    positive: bool, dtype: torch.dtype, tolerance: float, layout: torch.memory_format
) -> None:
    network, a, g = _case(positive, dtype)
    inputs = torch.from_numpy(a).to(dtype).contiguous(memory_format=layout)
    cams = gradcam(
        Target("t", network, network), ["maps"], inputs, size=(4, 5), methods=METHODS, batch_size=4
    )
    for index in range(6):
        expected = _written_out(a[index], g[index])
        for method, written in expected.items():
            scale = np.abs(written).max()
            np.testing.assert_allclose(
                cams.maps[method]["maps"][index], written, rtol=0, atol=tolerance * scale
            )
    assert float(cams.maps["gradcam"]["maps"].min()) < 0 < float(cams.maps["gradcam"]["maps"].max())
    contributions = g.mean((2, 3)) * a.sum((2, 3))
    np.testing.assert_allclose(cams.contributions["maps"], contributions, rtol=1e-3, atol=1e-4)
    # at the layer's own size they are the map's sum
    np.testing.assert_allclose(
        cams.contributions["maps"].sum(1),
        cams.maps["gradcam"]["maps"].sum((1, 2)),
        rtol=1e-3,
        atol=1e-4,
    )


@pytest.mark.parametrize("method", ["gradcam", "hirescam", "layercam"])
def test_maps_are_in_units_of_the_target(method: str) -> None:
    network, a, _ = _case(True, torch.float64)
    inputs = torch.from_numpy(a)
    larger = Target("t", network, lambda images: 10 * network(images))
    one = gradcam(Target("t", network, network), ["maps"], inputs, size=(4, 5), methods=[method])
    ten = gradcam(larger, ["maps"], inputs, size=(4, 5), methods=[method])
    torch.testing.assert_close(ten.maps[method]["maps"], 10 * one.maps[method]["maps"])


@pytest.mark.parametrize("method", ["gradcam", "hirescam"])
def test_what_raises_one_side_lowers_the_other(method: str) -> None:
    network, a, _ = _case(False, torch.float64)
    inputs = torch.from_numpy(a)
    other = Target("t", network, lambda images: -network(images))
    one = gradcam(Target("t", network, network), ["maps"], inputs, size=(4, 5), methods=[method])
    minus = gradcam(other, ["maps"], inputs, size=(4, 5), methods=[method])
    torch.testing.assert_close(minus.maps[method]["maps"], -one.maps[method]["maps"])


def test_hirescam_of_a_linear_target_adds_up_to_it() -> None:
    """Draelos & Carin 2020: the map's sum is the target, up to the bias."""
    torch.manual_seed(0)
    linear = nn.Linear(144, 1)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), linear, nn.Flatten(0))
    images = torch.rand(5, 1, 8, 8) * 2 - 1
    cams = gradcam(Target("t", network, network), ["1"], images, size=(6, 6), methods=["hirescam"])
    torch.testing.assert_close(
        cams.maps["hirescam"]["1"].sum((1, 2)) + linear.bias.detach(), cams.scores
    )


def test_gradcam_plus_plus_of_tiny_gradients_does_not_vanish() -> None:
    """g^3 of 1e-15 is nothing in float32; alpha is 1/2 all the same."""
    network = Polynomial(np.full((1, 2, 2), 1e-15), np.zeros((1, 2, 2))).float()
    images = torch.ones(1, 1, 2, 2)
    cams = gradcam(
        Target("t", network, network), ["maps"], images, size=(2, 2), methods=["gradcam++"]
    )
    expected = torch.full((1, 2, 2), 4 * 1e-15 / 2)
    torch.testing.assert_close(cams.maps["gradcam++"]["maps"], expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("size", [(4, 5), (8, 10), (28, 28), (9, 2)])
def test_maps_have_the_asked_size_as_by_interpolate(size: tuple[int, int]) -> None:
    network, a, _ = _case(False, torch.float64)
    target, inputs = Target("t", network, network), torch.from_numpy(a)
    own = gradcam(target, ["maps"], inputs, size=(4, 5), methods=METHODS)
    for method, maps in gradcam(target, ["maps"], inputs, size=size, methods=METHODS).maps.items():
        low = own.maps[method]["maps"][:, None]
        expected = functional.interpolate(low, size, mode="bilinear", align_corners=False)[:, 0]
        torch.testing.assert_close(maps["maps"], expected, rtol=1e-4, atol=1e-5)


def test_maps_are_upsampled_between_centres_of_cells() -> None:
    """Bilinear, corners not aligned: what PIL and OpenCV do when they enlarge by whole factors."""
    network = Polynomial(np.ones((1, 1, 2)), np.zeros((1, 1, 2)))
    images = torch.tensor([[[[0.0, 4.0]]]], dtype=torch.float64)
    cams = gradcam(Target("t", network, network), ["maps"], images, size=(1, 8))
    expected = [0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4]
    np.testing.assert_allclose(cams.maps["gradcam"]["maps"][0, 0], expected)
