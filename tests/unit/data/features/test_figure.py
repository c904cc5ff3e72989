"""What is measured of the figure, against scikit-image, scipy and closed forms."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import euler_number as euler_by_skimage
from skimage.measure import label, regionprops

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, known
from ganatomy.data.features.edges import EdgeWidth
from ganatomy.data.features.figure import figure
from ganatomy.data.features.recipes import recipes
from ganatomy.data.features.shape import Area, Aspect, Elongation
from ganatomy.data.features.topology import Components, Holes, euler_number, num_components
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from tests.unit.data.features import planted

FOUR = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]


def _masks(count: int, height: int, width: int) -> torch.Tensor:
    """Random ones, from nearly empty to nearly full."""
    draw = np.random.default_rng(0)
    share = np.linspace(0.0, 1.0, count)[:, None, None, None]
    return torch.from_numpy(draw.random((count, 1, height, width)) < share)


@pytest.mark.parametrize(("height", "width"), [(9, 13), (28, 28), (1, 7), (2, 2)])
def test_pieces_and_holes_agree_with_other_libraries(height: int, width: int) -> None:
    masks = _masks(60, height, width)
    arrays = masks[:, 0].numpy()
    pieces = [label(each, connectivity=2).max() for each in arrays]
    assert num_components(masks).tolist() == pieces
    # what the ground is in, less what lies around the image
    holes = [ndimage.label(np.pad(~each, 1, constant_values=True), FOUR)[1] - 1 for each in arrays]
    assert (num_components(masks) - euler_number(masks)).tolist() == holes
    if min(height, width) > 1:
        by_skimage = [euler_by_skimage(each, connectivity=2) for each in arrays]
        assert euler_number(masks).tolist() == by_skimage
        assert len(set(by_skimage)) > 3 or height == 2


def test_pieces_do_not_hang_together_across_images() -> None:
    full = torch.ones(3, 1, 4, 4, dtype=torch.bool)
    full[1] = False
    assert num_components(full).tolist() == [1, 0, 1]
    assert num_components(full[:0]).tolist() == []


def _drawn() -> dict[str, torch.Tensor]:
    y, x = np.mgrid[:40, :40] - 19.5
    radius = np.hypot(x, y)
    left, right = np.hypot(x + 9, y) < 6, np.hypot(x - 9, y) < 6
    shapes = {
        "disc": radius < 9,
        "ring": (radius < 12) & (radius > 6),
        "two discs": left | right,
        "eight": (left & (np.hypot(x + 9, y) > 2)) | (right & (np.hypot(x - 9, y) > 2)),
        "touching": (np.hypot(x + 5, y) < 6) | (np.hypot(x - 5, y) < 6),
        "nothing": radius < 0,
    }
    return {
        k: torch.from_numpy(each).float().view(1, 1, 40, 40) * 2 - 1 for k, each in shapes.items()
    }


@pytest.mark.parametrize(
    ("shape", "pieces", "holes"),
    [
        ("disc", 1, 0),
        ("ring", 1, 1),
        ("two discs", 2, 0),
        ("eight", 2, 2),
        ("touching", 1, 0),
        ("nothing", 0, 0),
    ],
)
def test_drawn_shapes_have_the_pieces_and_holes_they_were_drawn_with(
    shape: str, pieces: int, holes: int
) -> None:
    image = _drawn()[shape]
    for way in (image, -image, image.repeat(1, 3, 1, 1) * 0.3 + 0.1):  # bright or dark, faint
        assert Components().measure(way).tolist() == [pieces]
        assert Holes().measure(way).tolist() == [holes]


def test_the_figure_is_what_differs_from_the_border_by_more_than_otsus_threshold(
    digits: Dataset,
) -> None:
    images = to_float(digits.images[:40])
    for image, mask in zip(images, figure(images)):
        level = threshold_otsu(image[0].numpy(), nbins=256)
        assert (mask[0].numpy() != (image[0].numpy() > level)).mean() < 0.03  # 32 bins, not 256
    assert torch.equal(figure(-images), figure(images))
    assert not figure(torch.full((2, 3, 5, 5), 0.2)).any()


@pytest.mark.parametrize(("width", "height"), [(10, 4), (3, 12), (7, 7), (1, 9)])
def test_a_rectangle_has_its_area_its_aspect_and_its_elongation(width: int, height: int) -> None:
    image = torch.full((1, 1, 20, 24), 0.8)
    image[..., 3 : 3 + height, 5 : 5 + width] = -0.8
    assert float(Area().measure(image)) == pytest.approx(width * height / 480)
    assert float(Aspect().measure(image)) == pytest.approx(width / height, rel=1e-5)
    longer = max(width, height) / min(width, height)
    assert float(Elongation().measure(image)) == pytest.approx(longer, rel=1e-4)


@pytest.mark.parametrize("degrees", [0, 25, 60, 90])
def test_an_ellipse_keeps_its_elongation_however_it_is_turned(degrees: float) -> None:
    y, x = np.mgrid[:64, :64] - 31.5
    turn = math.radians(degrees)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    mask = (along / 24) ** 2 + (across / 8) ** 2 <= 1
    image = torch.from_numpy(mask).float().view(1, 1, 64, 64) * 2 - 1
    (props,) = regionprops(mask.astype(int))
    measured = float(Elongation().measure(image))
    longer, shorter = (spread + 1 / 12 for spread in props.inertia_tensor_eigvals)
    assert measured == pytest.approx(math.sqrt(longer / shorter), rel=1e-4)
    assert measured == pytest.approx(3, rel=0.02)
    wide = math.hypot(24 * math.cos(turn), 8 * math.sin(turn))
    high = math.hypot(24 * math.sin(turn), 8 * math.cos(turn))
    assert float(Aspect().measure(image)) == pytest.approx(wide / high, rel=0.02)


@pytest.mark.parametrize("slope", [1, 3, 6])
def test_the_width_of_an_even_slope_is_its_pixels(slope: int) -> None:
    image = torch.full((1, 1, 30, 160), 0.5)
    image[..., :90] = -0.5  # most of the border: the ground
    image[..., 90 : 90 + slope - 1] = torch.arange(1, slope) / slope - 0.5
    assert float(EdgeWidth().measure(image)) == pytest.approx(slope, rel=0.04)
    assert float(EdgeWidth().measure(image.mT)) == pytest.approx(slope, rel=0.04)


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_the_width_of_a_blurred_edge_is_as_the_closed_form_says(sigma: float) -> None:
    step = np.full((160, 160), -1.0)
    step[40:120, 40:120] = 1.0
    blurred = ndimage.gaussian_filter(step, sigma)
    image = torch.from_numpy(blurred).float().view(1, 1, 160, 160)
    expected = 2 * math.sqrt(math.pi) * sigma
    assert float(EdgeWidth().measure(image)) == pytest.approx(expected, rel=0.1)


def test_without_a_figure_shapes_are_undefined_and_counts_are_none() -> None:
    flat = torch.zeros(2, 1, 8, 8)
    for undefined in (Aspect(), Elongation(), EdgeWidth()):
        assert undefined.measure(flat).isnan().all()
    for none in (Area(), Components(), Holes()):
        assert none.measure(flat).tolist() == [0, 0]


def test_opponent_colours_have_the_sign_of_the_hue() -> None:
    red, yellow, green, blue = planted.coloured([0.0, 1 / 6, 1 / 3, 2 / 3], 1.0).split(1)
    measured = {
        name: [
            float(planted.feature(name, red).measure(each)) for each in (red, green, yellow, blue)
        ]
        for name in ("red_green", "yellow_blue")
    }
    first, second, third, fourth = measured["red_green"]
    assert first > 0 > second
    assert third == fourth == pytest.approx(0, abs=1e-6)
    assert measured["yellow_blue"][2] > 0 > measured["yellow_blue"][3]
    expected = 0.8 * float((red[:, 0] > -1).float().mean())
    assert first == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    "name", ["area", "aspect", "elongation", "components", "holes", "edge_width"]
)
def test_an_image_is_measured_alike_alone_and_among_others(name: str, channels: int) -> None:
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(24, channels, 11, 14, generator=draw) * 2 - 1
    measured = planted.feature(name, images)
    one_by_one = torch.cat([measured.measure(each) for each in images.split(1)])
    torch.testing.assert_close(measured.measure(images), one_by_one, rtol=1e-5, atol=0)
    assert len(one_by_one.unique()) > 3


@pytest.mark.parametrize("entry", ["holes", "holes:remove", "area:noise"])
def test_what_can_only_be_measured_is_refused_where_features_are_changed(
    entry: str, digits: Dataset
) -> None:
    name = entry.partition(":")[0]
    with pytest.raises(InputError, match=f"feature {name} can be measured, not changed") as caught:
        recipes([entry], digits, num_nulls=0, seed=0)
    assert caught.value.where == "features"
    feature = known(digits)[name]
    assert isinstance(feature, Feature)
    with pytest.raises(InputError, match="can be measured, not changed"):
        feature.change(to_float(digits.images[:4]), "remove", 0)
