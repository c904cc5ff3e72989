"""A blur is scipy's, whatever lies beyond the edges."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from ganatomy.blur import gaussian_blur


@pytest.mark.parametrize(("edges", "beyond"), [("reflect", "mirror"), ("replicate", "nearest")])
def test_blur_is_scipys(edges: str, beyond: str) -> None:
    images = np.random.default_rng(3).uniform(-1, 1, size=(2, 3, 20, 31))
    found = gaussian_blur(torch.from_numpy(images), (1.5, 2.5), (6, 9), edges=edges)
    for axis, (sigma, reach) in enumerate(((1.5, 6), (2.5, 9)), start=2):
        images = ndimage.gaussian_filter1d(images, sigma, axis, mode=beyond, radius=reach)
    np.testing.assert_allclose(found.numpy(), images, atol=1e-12)
