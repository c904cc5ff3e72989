"""What hides a segment."""

import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.lime.settings import ORDER

DRAW = torch.Generator().manual_seed(4)
IMAGES = torch.rand(3, 2, 16, 12, generator=DRAW) * 2 - 1
POOL = torch.rand(40, 2, 16, 12, generator=DRAW) * 2 - 1
SEGMENTS = grid(16, 12, 4)


@pytest.mark.parametrize("name", ORDER)
def test_shape_and_range(name: str) -> None:
    fills = baselines(name, IMAGES, POOL, seed=0, segments=SEGMENTS)
    assert fills.shape == (3, 16 if name == "marginal" else 1, 2, 16, 12)
    assert fills.dtype == torch.float32
    assert -1 <= float(fills.min()) <= float(fills.max()) <= 1


def test_black_is_minus_one_and_mean_is_that_of_the_pool() -> None:
    assert bool((baselines("black", IMAGES) == -1).all())
    for fill in baselines("mean", IMAGES, POOL)[:, 0]:
        torch.testing.assert_close(fill, POOL.double().mean(0).float())


def test_blur_is_the_gaussian_of_scipy() -> None:
    expected = IMAGES.double().numpy()
    for axis in (2, 3):
        sigma = IMAGES.shape[axis] / 8
        reach = min(int(3 * sigma) + 1, IMAGES.shape[axis] - 1)
        expected = gaussian_filter1d(expected, sigma, axis, mode="nearest", radius=reach)
    found = baselines("blur", IMAGES)[:, 0].double()
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=0, atol=1e-5)


def test_inpainting_continues_a_gradient() -> None:
    """A plane is harmonic: what is around a segment tells all of it."""
    rows, columns = torch.arange(16.0)[:, None], torch.arange(12.0)
    plane = (0.08 * rows - 0.05 * columns - 0.3).expand(1, 1, -1, -1)
    hole = torch.zeros(16, 12, dtype=torch.int64)
    hole[4:9, 3:9] = 1
    noisy = torch.where(hole > 0, torch.randn(16, 12, generator=DRAW), plane)
    found = baselines("inpaint", noisy, segments=hole)[0, 0]
    inner = hole > 0
    torch.testing.assert_close(found[:, inner], plane[0][:, inner], rtol=0, atol=5e-3)


def test_each_inpainted_pixel_is_the_mean_of_its_neighbours() -> None:
    """Neighbours in the same segment are inpainted themselves, those in another are the image's."""
    own = torch.stack([SEGMENTS, SEGMENTS.flip(0), SEGMENTS.flip(1)])
    found = baselines("inpaint", IMAGES, segments=own)[:, 0]
    for index, segments in enumerate(own):
        for row in range(16):
            for column in range(12):
                around = [(row + 1, column), (row - 1, column)]
                around += [(row, column + 1), (row, column - 1)]
                seen = [
                    (found if segments[y, x] == segments[row, column] else IMAGES)[index, :, y, x]
                    for y, x in around
                    if 0 <= y < 16 and 0 <= x < 12
                ]
                expected = torch.stack(seen).mean(0)
                assert float((found[index, :, row, column] - expected).abs().max()) < 1e-3


def test_marginal_shows_other_images_of_the_pool() -> None:
    pool = torch.cat([POOL, IMAGES[1:2]])
    fills = baselines("marginal", IMAGES, pool, seed=5)
    for image, own in zip(IMAGES, fills):
        found = [[torch.equal(fill, each) for each in pool].index(True) for fill in own]
        assert len(set(found)) == 16
        assert not any(torch.equal(image, fill) for fill in own)
    torch.testing.assert_close(baselines("marginal", IMAGES[1:2], pool, seed=5), fills[1:2])
    assert not torch.equal(baselines("marginal", IMAGES, pool, seed=6), fills)
    assert (
        baselines("marginal", IMAGES, pool[-6:], seed=5).shape[1] == 5
    )  # one of the six is image 1


def test_what_is_missing_is_named() -> None:
    for name in ("mean", "marginal"):
        with pytest.raises(InputError, match="needs a pool"):
            baselines(name, IMAGES)
    with pytest.raises(InputError, match="needs segments"):
        baselines("inpaint", IMAGES)
    with pytest.raises(InputError, match="no image but the explained one"):
        baselines("marginal", IMAGES[:1], IMAGES[:1])
    with pytest.raises(InputError, match="blur, mean, inpaint, black, marginal"):
        baselines("grey", IMAGES)
