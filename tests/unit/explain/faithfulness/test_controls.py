"""Control maps against scipy's filters."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from ganatomy.explain.faithfulness.controls import (
    BLUR_SHARE,
    blur_matrix,
    controls,
    edges,
    with_controls,
)
from ganatomy.explain.faithfulness.ranks import grid_cells
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
    values = _random(16).double().numpy()
    options = {"sigma": 16 * BLUR_SHARE, "mode": "constant", "truncate": 20}
    expected = ndimage.gaussian_filter1d(values, **options)
    expected /= ndimage.gaussian_filter1d(np.ones_like(values), **options)
    np.testing.assert_allclose(blur_matrix(16).double().numpy() @ values, expected, atol=1e-5)


def test_every_method_has_its_controls() -> None:
    images = _random(30, 1, 8, 8)
    maps = {"cam": _random(30, 8, 8, seed=1), "lime": _random(30, 8, 8, seed=2)}
    found = controls(images, maps, seed=0)
    assert tuple(found) == CONTROLS
    assert all(list(by_method) == ["cam", "lime"] for by_method in found.values())
    for name, given in maps.items():
        for image in range(30):
            assert torch.equal(found["other"][name][image], given[image - 1])
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
    together, names, cells = with_controls(maps, found)
    assert list(together) == [
        *("cam", "lime", "random(cam)", "edge(cam)", "other(cam)", "other(lime)")
    ]
    assert len(names) == 6
    assert cells == {}
    for (method, control), name in names.items():
        assert together[name] is found[control][method]


def test_a_control_is_judged_in_the_cells_of_its_map() -> None:
    """Those of maps in the same cells are measured once, though the cells are other tensors."""
    images = _random(2, 1, 8, 8)
    maps = {name: _random(2, 8, 8, seed=at) for at, name in enumerate(("fine", "a", "b", "c"))}
    coarse, coarser = grid_cells((4, 4), (8, 8)), grid_cells((2, 2), (8, 8))
    given = {"a": coarse, "b": coarse.clone(), "c": coarser}
    together, names, cells = with_controls(maps, controls(images, maps, seed=0), given)
    for control in ("random", "edge"):
        shared = [names[name, control] for name in maps]
        assert shared == [f"{control}({name})" for name in ("fine", "a", "a", "c")]
    assert set(cells) == set(together) - {*("fine", "random(fine)", "edge(fine)", "other(fine)")}
    for (method, _), name in names.items():
        if method != "fine":
            assert torch.equal(cells[name], given[method])


def test_inputs_are_left_as_they_were() -> None:
    images, maps = _random(2, 1, 8, 8), {"cam": _random(2, 8, 8, seed=1)}
    before = images.clone(), maps["cam"].clone()
    controls(images, maps, seed=0)
    assert torch.equal(images, before[0])
    assert torch.equal(maps["cam"], before[1])
