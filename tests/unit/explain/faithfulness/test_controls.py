"""Control maps against scipy's filters."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from ganatomy.explain.faithfulness.controls import blurred, controls, edges, with_controls
from ganatomy.explain.faithfulness.verdict import CONTROLS


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_edges_are_sobels() -> None:
    images = _random(2, 3, 9, 7)
    found = edges(images)
    for image, edge in zip(images.numpy(), found):
        squares = sum(
            ndimage.sobel(channel, axis=axis, mode="nearest") ** 2
            for channel in image
            for axis in (0, 1)
        )
        np.testing.assert_allclose(edge, np.sqrt(squares), atol=1e-5)


def test_the_blur_is_gaussian_and_keeps_weight_within_the_border() -> None:
    maps = _random(2, 16, 24)
    for given, found in zip(maps.double().numpy(), blurred(maps)):
        options = {"sigma": (2, 3), "mode": "constant", "truncate": 20}
        expected = ndimage.gaussian_filter(given, **options)
        expected /= ndimage.gaussian_filter(np.ones_like(given), **options)
        np.testing.assert_allclose(found, expected, atol=1e-5)
    torch.testing.assert_close(blurred(torch.full((1, 8, 8), 3.0)), torch.full((1, 8, 8), 3.0))


def test_every_method_has_its_controls() -> None:
    images = _random(30, 1, 8, 8)
    maps = {"cam": _random(30, 8, 8, seed=1), "lime": _random(30, 8, 8, seed=2)}
    found = controls(images, maps, seed=0)
    assert tuple(found) == CONTROLS
    assert all(list(by_method) == ["cam", "lime"] for by_method in found.values())
    for name, given in maps.items():
        assert torch.equal(found["blurred"][name], blurred(given))
        assert torch.equal(found["edge"][name], edges(images))
    noise = found["random"]["cam"]
    assert noise is found["random"]["lime"]
    assert noise.shape == (30, 8, 8)
    assert 0 <= float(noise.min()) < 0.01 < 0.99 < float(noise.max()) <= 1
    assert float(noise.mean()) == pytest.approx(0.5, abs=4 * 0.29 / noise.numel() ** 0.5)
    assert not torch.equal(noise, controls(images, maps, seed=1)["random"]["cam"])
    assert torch.equal(noise, controls(images, maps, seed=0)["random"]["cam"])


def test_shared_controls_are_measured_once() -> None:
    images = _random(2, 1, 8, 8)
    maps = {"cam": _random(2, 8, 8, seed=1), "lime": _random(2, 8, 8, seed=2)}
    found = controls(images, maps, seed=0)
    together, names = with_controls(maps, found)
    assert list(together) == ["cam", "lime", "random", "edge", "blurred(cam)", "blurred(lime)"]
    assert len(names) == 6
    for (method, control), name in names.items():
        assert together[name] is found[control][method]


def test_inputs_are_left_as_they_were() -> None:
    images, maps = _random(2, 1, 8, 8), {"cam": _random(2, 8, 8, seed=1)}
    before = images.clone(), maps["cam"].clone()
    controls(images, maps, seed=0)
    assert torch.equal(images, before[0])
    assert torch.equal(maps["cam"], before[1])
