"""DiffAugment against a slow reference, image by image, and its statistics over many draws."""

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan.augment import augment

POLICIES = [
    ("translation",),
    ("cutout",),
    ("colour",),
    ("colour", "translation", "cutout"),
    ("cutout", "translation"),
]


def _images(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(shape, generator=_draw(0), dtype=dtype) * 2 - 1


def _draw(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _half_up(x: float) -> int:
    return int(x + 0.5)


def _by_hand(images: torch.Tensor, policy: tuple[str, ...], draw: torch.Generator) -> torch.Tensor:
    """One image and one pixel after the other, with numbers drawn in the same order."""
    images = images.clone()
    count, channels, height, width = images.shape

    def integers(low: int, high: int) -> list[int]:
        return torch.randint(low, high, (count, 1), generator=draw).flatten().tolist()

    def uniform() -> list[float]:
        return torch.rand(count, generator=draw).tolist()

    for name in policy:
        if name == "translation":
            most_y, most_x = _half_up(height / 8), _half_up(width / 8)
            down, right = integers(-most_y, most_y + 1), integers(-most_x, most_x + 1)
            source = images.clone()
            for i in range(count):
                for y in range(height):
                    for x in range(width):
                        from_y, from_x = y + down[i], x + right[i]
                        inside = 0 <= from_y < height and 0 <= from_x < width
                        images[i, :, y, x] = source[i, :, from_y, from_x] if inside else -1.0
        elif name == "cutout":
            side_y, side_x = _half_up(height / 2), _half_up(width / 2)
            centre_y = integers(0, height + (1 - side_y % 2))
            centre_x = integers(0, width + (1 - side_x % 2))
            for i in range(count):
                top, left = centre_y[i] - side_y // 2, centre_x[i] - side_x // 2
                for y in range(max(top, 0), min(top + side_y, height)):
                    for x in range(max(left, 0), min(left + side_x, width)):
                        images[i, :, y, x] = -1.0
        else:
            brightness = uniform()
            saturation = uniform() if channels == 3 else [0.5] * count
            contrast = uniform()
            for i in range(count):
                image = images[i] + brightness[i] - 0.5
                grey = sum(image[c] for c in range(channels)) / channels
                image = grey + 2 * saturation[i] * (image - grey)
                mean = float(image.sum()) / image.numel()
                images[i] = mean + (contrast[i] + 0.5) * (image - mean)
    return images


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(8, 8), (12, 12), (9, 14)])
def test_agrees_with_the_slow_reference(
    policy: tuple[str, ...], channels: int, size: tuple[int, int]
) -> None:
    images = _images(6, channels, *size)
    before = images.clone()
    found = augment(images, policy, _draw(3))
    expected = _by_hand(images, policy, _draw(3))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    assert not torch.equal(found, images)
    assert torch.equal(images, before)


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
def test_gradients_are_the_finite_differences(policy: tuple[str, ...]) -> None:
    images = _images(2, 3, 4, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: augment(x, policy, _draw(1)), (images,))


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
def test_the_generator_alone_decides(policy: tuple[str, ...]) -> None:
    images = _images(5, 3, 16, 16, dtype=torch.float32)
    torch.manual_seed(0)
    one = augment(images, policy, _draw(1))
    torch.manual_seed(1)
    assert torch.equal(one, augment(images, policy, _draw(1)))
    assert not torch.equal(one, augment(images, policy, _draw(2)))


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_dtype_and_memory_format_are_kept(
    policy: tuple[str, ...], dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    images = _images(5, 3, 16, 16).to(dtype).contiguous(memory_format=memory_format)
    found = augment(images, policy, _draw(1))
    assert found.dtype == dtype
    assert found.stride() == images.stride()


def test_translation_reaches_an_eighth_evenly_in_every_direction() -> None:
    """One bright pixel in the middle shows the shift; 9 x 9 shifts at 32 px."""
    count = 8100
    images = torch.full((count, 1, 32, 32), -1.0)
    images[:, :, 16, 16] = 1.0
    found = augment(images, ("translation",), _draw(0))
    assert found.gt(0).sum((1, 2, 3)).eq(1).all()
    where = found.flatten(1).argmax(1)
    y, x = where // 32 - 16, where % 32 - 16
    shifts = torch.bincount((y + 4) * 9 + (x + 4), minlength=81)
    assert len(shifts) == 81
    assert int(y.abs().max()) == int(x.abs().max()) == 4
    # chi-squared with 80 degrees of freedom: mean 80, standard deviation 12.6
    assert 30 < float((shifts - 100).square().sum() / 100) < 143


def test_what_moves_in_is_black() -> None:
    found = augment(torch.ones(200, 3, 16, 16), ("translation",), _draw(0))
    assert set(found.unique().tolist()) == {-1.0, 1.0}
    kept = found[:, 0].eq(1).sum((1, 2))
    assert int(kept.min()) == 14 * 14
    assert int(kept.max()) == 16 * 16


@pytest.mark.parametrize("size", [28, 10])
def test_cutout_is_a_black_square_that_borders_clip(size: int) -> None:
    """Expected area: (expected clipped length)^2, as rows and columns are independent."""
    count = 4000
    found = augment(torch.ones(count, 1, size, size), ("cutout",), _draw(0))[:, 0]
    assert set(found.unique().tolist()) == {-1.0, 1.0}
    hidden = found.eq(-1)
    rows, columns = hidden.any(2).sum(1), hidden.any(1).sum(1)
    assert torch.equal(hidden.sum((1, 2)), rows * columns)  # a rectangle
    side = size // 2
    lengths = [
        len(set(range(centre - side // 2, centre - side // 2 + side)) & set(range(size)))
        for centre in range(size + (side + 1) % 2)
    ]
    assert int(rows.min()) == int(columns.min()) == min(lengths)
    assert int(rows.max()) == int(columns.max()) == side
    mean = sum(lengths) / len(lengths)
    error = float((rows * columns).double().std()) / count**0.5
    assert float((rows * columns).double().mean()) == pytest.approx(mean**2, abs=4 * error)


def test_colour_of_grey_images_is_brightness_and_contrast() -> None:
    images = _images(500, 1, 8, 8)
    found = augment(images, ("colour",), _draw(0))
    brightness = (found - images).mean((1, 2, 3))
    contrast = found.std((1, 2, 3)) / images.std((1, 2, 3))
    for values, low, high in ((brightness, -0.5, 0.5), (contrast, 0.5, 1.5)):
        assert low <= float(values.min()) < low + 0.02
        assert high - 0.02 < float(values.max()) <= high
    affine = contrast.view(-1, 1, 1, 1) * (images - images.mean((1, 2, 3), keepdim=True))
    affine += (images.mean((1, 2, 3)) + brightness).view(-1, 1, 1, 1)
    torch.testing.assert_close(found, affine)


def test_saturation_of_colour_images_reaches_twice_and_none() -> None:
    images = _images(500, 3, 8, 8)
    found = augment(images, ("colour",), _draw(0))

    def chroma(x: torch.Tensor) -> torch.Tensor:
        return (x - x.mean(1, keepdim=True)).flatten(1).norm(dim=1)

    # contrast multiplies both the chroma and the grey picture
    def grey(x: torch.Tensor) -> torch.Tensor:
        return x.mean(1).flatten(1).std(1)

    saturation = chroma(found) / chroma(images) / (grey(found) / grey(images))
    assert 0 <= float(saturation.min()) < 0.02
    assert 1.98 < float(saturation.max()) <= 2 + 1e-9
    assert float(saturation.mean()) == pytest.approx(1, abs=4 * 2 / 12**0.5 / 500**0.5)


def test_no_policy_is_no_change() -> None:
    images = _images(2, 1, 8, 8)
    draw = _draw(0)
    assert augment(images, (), draw) is images
    assert torch.equal(draw.get_state(), _draw(0).get_state())


@pytest.mark.parametrize("policy", [("colur",), ("cutout", "color")])
def test_unknown_names_are_refused(policy: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=f"'{policy[-1]}'.*translation, cutout, colour") as caught:
        augment(_images(2, 1, 8, 8), policy, _draw(0))
    assert caught.value.where == "augment"
