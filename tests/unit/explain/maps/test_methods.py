"""Every kind of map side by side: of a linear network each is a closed form."""

from collections import OrderedDict
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.integrated_gradients import integrated_gradients
from ganatomy.explain.maps.methods import (
    INTEGRATED_GRADIENTS,
    LIME,
    OCCLUSION,
    Methods,
    cam_name,
    cams_or_nan,
    is_signed,
    refusals,
)
from ganatomy.explain.networks.targets import Target, d_logit

SIZE, SIDE, COUNT = 12, 4, 9
CAMS = ("gradcam", "hirescam")
PIXELS = SIZE**2


def _draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _network(weights: torch.Tensor) -> nn.Module:
    """Logit = sum of weights * image; its layer ``first`` hands on what it is given."""
    first = nn.Conv2d(1, 1, 1, bias=False)
    last = nn.Linear(PIXELS, 1)
    with torch.no_grad():
        first.weight.fill_(1)
        last.weight.copy_(weights.flatten())
        last.bias.fill_(0.3)
    layers = [("first", first), ("again", nn.Identity()), ("flat", nn.Flatten()), ("last", last)]
    return nn.Sequential(OrderedDict([*layers, ("one", nn.Flatten(0))])).eval()


WEIGHTS = _draw(SIZE, SIZE, seed=1)


@pytest.fixture
def target() -> Target:
    return d_logit(_network(WEIGHTS))


@pytest.fixture
def images() -> torch.Tensor:
    return _draw(COUNT, 1, SIZE, SIZE)


def _fills(images: torch.Tensor) -> torch.Tensor:
    """Two for each image, the second of which is the first and a little more."""
    first = 0.5 * images.flip(-1)
    return torch.stack([first, first + 0.1], 1)


def _methods(cams: tuple[str, ...] = CAMS, side: int = SIDE, **sampling: Any) -> Methods:
    given = LimeSampling(**{"num_samples": 256, **sampling})
    return Methods(cams, given, Hiding(segment_side=side), num_steps=3)


def _by_square(values: torch.Tensor, side: int = SIDE) -> torch.Tensor:
    """At each pixel the sum over its square, (n, h, w)."""
    squares = values.unflatten(2, (-1, side)).unflatten(1, (-1, side)).sum((2, 4))
    return torch.as_tensor(squares.repeat_interleave(side, 1).repeat_interleave(side, 2))


def test_each_map_of_a_linear_network_is_what_theory_says(
    target: Target, images: torch.Tensor
) -> None:
    fills = _fills(images)[:, :1]
    found = _methods().maps(target, ["first"], images, fills, seed=0)
    x = images[:, 0]
    hidden = WEIGHTS * (x - fills[:, 0, 0])
    expected = {
        "gradcam first": WEIGHTS.mean() * x,
        "hirescam first": WEIGHTS * x,
        LIME: _by_square(hidden),
        INTEGRATED_GRADIENTS: hidden,
        OCCLUSION: _by_square(hidden),
    }
    assert list(found) == list(expected)
    for name, maps in expected.items():
        assert found[name].dtype == torch.float32
        tolerance = 0.01 if name == LIME else 1e-5  # LIME's ridge
        torch.testing.assert_close(found[name], maps, rtol=0, atol=tolerance * float(maps.std()))


def test_of_several_fills_maps_are_the_mean(target: Target, images: torch.Tensor) -> None:
    fills = _fills(images)
    found = _methods(("layercam",), side=3).maps(target, ["first"], images, fills, 0)
    assert list(found) == ["layercam first", LIME, INTEGRATED_GRADIENTS, OCCLUSION]
    hidden = WEIGHTS * (images[:, 0] - fills[:, :, 0].mean(1))
    torch.testing.assert_close(found[INTEGRATED_GRADIENTS], hidden, rtol=0, atol=1e-5)
    square = hidden[:, :3, 9:].sum((1, 2))
    torch.testing.assert_close(found[OCCLUSION][:, 2, 9], square, rtol=0, atol=1e-4)
    middle = _by_square(hidden, 3)
    torch.testing.assert_close(found[LIME], middle, rtol=0, atol=0.1 * float(middle.std()))


def test_maps_of_several_layers_have_their_names(images: torch.Tensor) -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Flatten(), nn.Linear(18, 1)
    )
    target = Target("t", network, lambda images: network(images).squeeze(1))
    found = _methods().cam_maps(target, ["0", "2"], images, (SIZE, SIZE))
    assert set(found) == {cam_name(method, layer) for method in CAMS for layer in ("0", "2")}
    assert not torch.equal(found["gradcam 0"], found["gradcam 2"])
    assert all(maps.shape == (COUNT, SIZE, SIZE) for maps in found.values())


def test_an_image_that_lime_refuses_is_nan_and_the_others_are_not(
    target: Target, images: torch.Tensor
) -> None:
    fills = _fills(images)
    whole = _methods().lime_map(target, images, fills, 0)
    fills[2] = images[2]  # hiding it changes nothing
    found = _methods().lime_map(target, images, fills, 0)
    refused = torch.arange(COUNT) == 2
    assert found[refused].isnan().all()
    torch.testing.assert_close(found[~refused], whole[~refused])


@pytest.mark.parametrize(
    "options",
    [
        {"engine": "lime"},
        {"tolerance": 0.05},
        {"tolerance": 1e-6, "max_samples": 900},
        {"design": "iid", "ridge": 1.0, "kernel_width": None},
    ],
)
def test_the_map_that_is_judged_is_the_one_that_is_shown(
    options: dict[str, Any], images: torch.Tensor
) -> None:
    """However LIME is told to sample: equal bytes, and not what it finds by default."""
    network = _network(WEIGHTS)
    bent = Target("bent", network, lambda images: torch.square(network(images)))
    fills, segments = _fills(images), grid(SIZE, SIZE, SIDE)
    given: dict[str, Any] = {"num_samples": 256, **options}
    shown = lime(bent, images, segments, fills=fills, seed=3, sampling=LimeSampling(**given))
    judged = _methods(**options).maps(bent, ["first"], images, fills, 3)[LIME]
    assert torch.equal(judged, shown.maps)
    assert not torch.equal(judged, _methods().lime_map(bent, images, fills, 3))


def test_lime_draws_anew_with_another_seed(images: torch.Tensor) -> None:
    network = _network(WEIGHTS)
    bent = Target("bent", network, lambda images: torch.square(network(images)))
    first, again, other = (
        _methods().lime_map(bent, images, _fills(images), seed) for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert (first - other).abs().max() > 1e-3 * first.abs().max()


def test_a_target_without_an_explanation_has_maps_of_nan(images: torch.Tensor) -> None:
    """One that is not a number; its scores are told all the same."""
    broken = d_logit(_network(torch.full((SIZE, SIZE), torch.nan)))
    found = cams_or_nan(broken, ["first", "again"], images, size=(SIZE, SIZE), methods=CAMS)
    assert set(found.maps) == set(CAMS)
    maps = [found.maps[method][layer] for method in CAMS for layer in ("first", "again")]
    assert all(each.shape == (COUNT, SIZE, SIZE) and each.isnan().all() for each in maps)
    assert len({each.data_ptr() for each in maps}) == len(maps)  # a file holds no tensor twice
    assert found.contributions == {}
    assert found.scores.shape == (COUNT,)
    reasons = refusals(
        broken, images, {"gradcam first": found.maps["gradcam"]["first"]}, images=images
    )
    assert all("NaN" in reason for reason in reasons["gradcam first"])


def test_without_layers_there_are_scores_and_no_maps(target: Target, images: torch.Tensor) -> None:
    found = cams_or_nan(target, [], images, size=(SIZE, SIZE), methods=CAMS)
    assert all(not layers for layers in found.maps.values())
    expected = (WEIGHTS * images[:, 0]).sum((1, 2)) + 0.3
    torch.testing.assert_close(found.scores, expected, rtol=0, atol=1e-4)


def test_a_fault_that_is_not_the_targets_is_no_map_of_nan(
    target: Target, images: torch.Tensor
) -> None:
    with pytest.raises(InputError, match="nowhere"):
        cams_or_nan(target, ["nowhere"], images, size=(SIZE, SIZE), methods=CAMS)


@pytest.mark.parametrize(
    ("name", "signed"),
    [
        ("gradcam layers.0", True),
        ("hirescam generator.layers.3", True),
        ("gradcam++ layers.0", False),
        ("layercam generator.layers.3", False),
        (LIME, True),
        (INTEGRATED_GRADIENTS, True),
    ],
)
def test_which_kinds_can_speak_against(name: str, signed: bool) -> None:
    assert is_signed(name) == signed


def test_a_constant_target_refuses_every_map_of_every_image(images: torch.Tensor) -> None:
    target = d_logit(_network(torch.zeros(SIZE, SIZE)))
    maps = {"a": _draw(COUNT, SIZE, SIZE), "b": _draw(COUNT, SIZE, SIZE, seed=2)}
    found = refusals(target, images, maps, images=images)
    assert set(found) == {"a", "b"}
    assert len(set(found["a"] + found["b"])) == 1
    assert len(found["a"]) == COUNT
    assert "0.3 for every image" in found["a"][0]


def test_a_sound_target_has_its_maps_judged_one_by_one(
    target: Target, images: torch.Tensor
) -> None:
    """A map without a negative value is odd of a signed method only."""
    signed = _draw(COUNT, SIZE, SIZE)
    some = signed.clone()
    some[1], some[3, 0, 0] = 0.25, torch.nan
    maps = {"gradcam 0": signed, "hirescam 0": some, "lime": signed.relu()}
    maps["layercam 0"] = signed.relu()

    def again(other: Target, few: torch.Tensor) -> dict[str, torch.Tensor]:
        torch.testing.assert_close(other.values(few), -target.values(few))
        return dict.fromkeys(maps, (-signed[: len(few)]).relu())

    told: list[str] = []
    found = refusals(target, images, maps, images=images, on_warning=told.append)
    assert found["lime"] == [""] * COUNT  # whoever made it cannot be asked: it may be true
    assert len(told) == 1
    found = refusals(target, images, maps, images=images, again=again)
    assert found["gradcam 0"] == found["layercam 0"] == [""] * COUNT
    assert [bool(reason) for reason in found["hirescam 0"]] == [k in (1, 3) for k in range(COUNT)]
    assert "flat" in found["hirescam 0"][1]
    assert "NaN" in found["hirescam 0"][3]
    assert all("signed" in reason for reason in found["lime"])


def test_maps_of_latents_are_judged_by_the_images_that_they_are_drawn_over() -> None:
    network = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    target = Target("of z", network, network)
    z, maps = _draw(COUNT, 3), {"gradcam 0": _draw(COUNT, SIZE, SIZE)}
    assert refusals(target, z, maps, images=_draw(COUNT, 1, SIZE, SIZE)) == {
        "gradcam 0": [""] * COUNT
    }
    found = refusals(target, z, maps, images=_draw(COUNT, 1, SIZE, SIZE + 1))
    assert all("shape" in reason for reason in found["gradcam 0"])


def test_a_network_that_is_cut_off_from_its_input_has_no_integrated_gradients(
    images: torch.Tensor,
) -> None:
    """LIME and occlusion, which ask for values alone, have their maps."""

    class CutOff(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = _network(WEIGHTS)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.whole(images).detach()
            return logits

    target = d_logit(CutOff())
    found = _methods(()).maps(target, [], images, _fills(images), 0)
    assert found[INTEGRATED_GRADIENTS].isnan().all()
    assert found[LIME].isfinite().all()
    assert found[OCCLUSION].isfinite().all()
    with pytest.raises(InputError, match="has no gradient"):
        integrated_gradients(target, images, -torch.ones(1))
