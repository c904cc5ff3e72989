"""Planted truth: the network is what it says it is, and methods score as theory has it."""

from itertools import combinations

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam, Occlusion
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.faithfulness.planted import (
    LAYERS,
    RANDOM,
    PlantedDiscriminator,
    by_chance,
    iou,
    mass_inside,
    planted_truth,
    pointing_game,
)
from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.networks.targets import Target, d_logit

SIZE = 12


def _region() -> torch.Tensor:
    region = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    region[3:8, 5:9] = True
    return region


def _images(count: int = 5, channels: int = 1, size: int = SIZE) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=draw) * 2 - 1


def _captum_cam(target: Target, images: torch.Tensor, layer: str) -> torch.Tensor:
    cam = LayerGradCam(target.model, target.model.get_submodule(layer)).attribute(images)
    cam = LayerAttribution.interpolate(cam, images.shape[-2:], "bilinear")
    return torch.as_tensor(cam.detach()[:, 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_logit_is_the_regions_brightness(channels: int) -> None:
    network = PlantedDiscriminator(SIZE, channels, _region(), gain=3, bias=-0.5)
    images = _images(channels=channels)
    expected = 3 * images[:, :, 3:8, 5:9].mean((1, 2, 3)) - 0.5
    torch.testing.assert_close(network(images), expected, rtol=0, atol=1e-5)
    dark, bright = (torch.full_like(images, value) for value in (-1.0, 1.0))
    torch.testing.assert_close(network(dark), torch.full((5,), -3.5), rtol=0, atol=1e-5)
    torch.testing.assert_close(network(bright), torch.full((5,), 2.5), rtol=0, atol=1e-5)


def test_activations_stay_in_their_linear_half() -> None:
    network, images = PlantedDiscriminator(SIZE, 1, _region()), _images()
    expected = network(images)
    network.activation = nn.LeakyReLU(-7.0)
    torch.testing.assert_close(network(images), expected)
    convolutions = [each for each in network.modules() if isinstance(each, nn.Conv2d)]
    assert [each.stride for each in convolutions] == [(1, 1), (2, 2), (2, 2)]
    assert tuple(name for name, _ in network.named_children())[:3] == LAYERS


@pytest.mark.parametrize("channels", [1, 3])
def test_contributions_are_integrated_gradients_and_occlusion_from_black(channels: int) -> None:
    network = PlantedDiscriminator(SIZE, channels, _region(), bias=1)
    images = _images(channels=channels)
    truth = network.contributions(images)
    black = torch.full_like(images, -1)
    torch.testing.assert_close(truth.sum((1, 2)), network(images) - network(black))
    integrated = IntegratedGradients(network).attribute(images, black, n_steps=4).sum(1)
    torch.testing.assert_close(integrated, truth, rtol=0, atol=1e-6, check_dtype=False)
    occluded = Occlusion(network).attribute(images, (channels, 1, 1), baselines=black)[:, 0]
    torch.testing.assert_close(occluded.detach(), truth, rtol=0, atol=3e-6)


def test_what_can_be_read_at_each_layer() -> None:
    target = d_logit(PlantedDiscriminator(SIZE, 1, _region()).eval())
    images, region = _images(), _region()
    # before the window Grad-CAM is the whole image's brightness
    early = _captum_cam(target, images, "early")
    above_black = images[:, 0] + 1
    torch.testing.assert_close(early / early.mean(), above_black / above_black.mean())
    # behind it, the truth averaged over that layer's positions
    assert isinstance(target.model, PlantedDiscriminator)
    truth = target.model.contributions(images)
    for layer, side in (("middle", 2), ("late", 4)):
        cam = LayerGradCam(target.model, target.model.get_submodule(layer)).attribute(images)
        blocks = nn.functional.avg_pool2d(truth[:, None], side)
        torch.testing.assert_close(cam / cam.mean(), blocks / blocks.mean())
    hires = gradcam(target, ["early"], images, size=(SIZE, SIZE), methods=("hirescam",)).maps[
        "hirescam"
    ]
    torch.testing.assert_close(hires["early"], truth, rtol=0, atol=1e-6)
    assert pointing_game(hires["early"], region).all()


def test_a_network_that_cannot_be_planted() -> None:
    with pytest.raises(InputError, match="image size 14"):
        PlantedDiscriminator(14, 1, torch.ones(14, 14, dtype=torch.bool))
    with pytest.raises(InputError, match="0 pixels"):
        PlantedDiscriminator(12, 1, torch.zeros(12, 12, dtype=torch.bool))
    with pytest.raises(InputError, match=r"\(12, 8\)"):
        PlantedDiscriminator(12, 1, torch.ones(12, 8, dtype=torch.bool))


def test_pointing_game() -> None:
    mask = torch.zeros(6, 6, dtype=torch.bool)
    mask[1:3, 1:3] = True
    maps = torch.zeros(6, 6, 6) - 1
    maps[0, 1, 2] = 1  # inside
    maps[1, 3, 2] = 1  # a pixel below it
    maps[2, 3, 3] = 1  # a pixel off its corner: 1.41 away
    maps[3, 1, 1] = maps[3, 5, 5] = 1  # one inside, one outside
    maps[5, 1, 1] = torch.nan
    assert pointing_game(maps, mask).tolist() == [True, False, False, False, False, False]
    assert pointing_game(maps, mask, 1).tolist() == [True, True, False, False, False, False]
    assert pointing_game(maps, mask, 1.5).tolist() == [True, True, True, False, False, False]


def test_iou_and_mass() -> None:
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[0] = True
    maps = torch.zeros(5, 4, 4)
    maps[0, 0] = torch.tensor([1.0, 2, 3, 4])  # all of it
    maps[1, 1] = 1  # none of it
    maps[2, :2] = 1  # eight equals for four places: two of them inside
    maps[3, 0, :3], maps[3, 3, 0] = 2, 1  # three of four
    maps[4] = torch.nan
    np.testing.assert_allclose(iou(maps, mask), [1, 0, 2 / 6, 3 / 5, np.nan], equal_nan=True)
    maps[1, 0] = -5  # what speaks against the target has no mass
    np.testing.assert_allclose(mass_inside(maps, mask)[:4], [1, 0, 0.5, 6 / 7])
    assert mass_inside(torch.zeros(1, 4, 4) - 1, mask).isnan().all()


def test_iou_shares_places_as_all_ways_to_break_ties_do() -> None:
    mask = torch.tensor([[True, True, False, False, False]])
    level = torch.tensor([[[3.0, 1, 1, 1, 0]]])  # one place left for the three in the middle
    chosen = [set(pair) for pair in combinations(range(5), 2) if 0 in pair and 4 not in pair]
    common = np.mean([len(pair & {0, 1}) for pair in chosen])
    assert iou(level, mask).item() == pytest.approx(common / (4 - common))


def test_chance_is_what_random_maps_get() -> None:
    mask = _region()
    draw = torch.Generator().manual_seed(0)
    maps = torch.rand(20_000, SIZE, SIZE, generator=draw)
    found = [pointing_game(maps, mask, 1).double(), iou(maps, mask), mass_inside(maps, mask)]
    expected = by_chance(mask, tolerance=1)
    for values, value in zip(found, expected):
        error = float(values.std()) / len(values) ** 0.5
        assert float(values.mean()) == pytest.approx(value, abs=4 * error)
    assert expected[0] == pytest.approx((5 * 4 + 2 * 5 + 2 * 4) / SIZE**2)  # without its corners


def test_methods_are_scored_on_every_region_and_image() -> None:
    seen = []

    def truth(target: Target, images: torch.Tensor) -> torch.Tensor:
        assert isinstance(target.model, PlantedDiscriminator)
        seen.append(target.model.region)
        return target.model.contributions(images)

    explainers = {
        "truth": truth,
        "wrong": lambda target, images: -truth(target, images),
        "Grad-CAM early": lambda target, images: _captum_cam(target, images, "early"),
        "Grad-CAM middle": lambda target, images: _captum_cam(target, images, "middle"),
        "broken": lambda target, images: images[:, 0] * torch.nan,
    }
    table = planted_truth(explainers, seed=3, image_size=SIZE, num_regions=6, num_images=4)
    assert table["method"].tolist() == [*explainers, RANDOM]
    assert (table["n"] == 24).all()
    rows = {row["method"]: row for row in table.to_dict("records")}
    assert [rows["truth"][name] for name in ("pointing", "mass")] == pytest.approx([1, 1])
    assert rows["truth"]["iou"] == pytest.approx(1, abs=1e-2)
    assert rows["wrong"]["pointing"] == 0
    assert np.isnan(rows["wrong"]["mass"])
    assert rows["broken"]["pointing"] == 0
    chance = rows[RANDOM]
    regions = seen[::2]
    areas = [float(region.double().mean()) for region in regions]
    assert len({tuple(torch.nonzero(region)[0].tolist()) for region in regions}) > 3
    assert all(1 / 16 <= area <= 1 / 4 for area in areas)
    assert [chance["pointing"], chance["mass"]] == pytest.approx([np.mean(areas)] * 2)
    # the brightness of the whole image is no better than chance; behind the window it is
    assert rows["Grad-CAM early"]["mass"] == pytest.approx(chance["mass"], abs=0.1)
    assert rows["Grad-CAM early"]["pointing"] < 0.5
    assert rows["Grad-CAM middle"]["pointing"] > 0.8
    assert 3 * chance["mass"] < rows["Grad-CAM middle"]["mass"] < 0.9  # its blur reaches out


def test_equal_seeds_give_equal_tables() -> None:
    explainers = {"bright": lambda target, images: images.mean(1)}
    tables = [
        planted_truth(explainers, seed, SIZE, channels=3, num_regions=2, num_images=3)
        for seed in (0, 0, 1)
    ]
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])
