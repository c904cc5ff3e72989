"""LIME, by both engines, on targets whose explanation is known."""

from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.segments import grid, quickshift
from ganatomy.explain.lime.settings import ENGINES, Engine, LimeSampling
from ganatomy.explain.networks.targets import Target


class Planted(nn.Module):
    """sum over segments of weight * whether the segment is shown, for an image without black."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        corners = images[:, 0, ::4, ::4]
        return ((corners > -1).double().flatten(1) * self.weights).sum(1) + 5.0


class RegionBrightness(nn.Module):
    """How bright a region is, 0 black to 1 white, times a factor."""

    def __init__(self, rows: slice, columns: slice, factor: float = 1.0) -> None:
        super().__init__()
        self.rows, self.columns, self.factor = rows, columns, factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        region = images[:, :, self.rows, self.columns]
        return self.factor * ((region + 1) / 2).mean((1, 2, 3))


GREY = torch.zeros(1, 1, 28, 28)
WEIGHTS = torch.zeros(49, dtype=torch.float64)
WEIGHTS[[3, 17, 24, 40]] = torch.tensor([2.0, -1.0, 0.5, -3.0], dtype=torch.float64)


def _explain(
    network: nn.Module, images: torch.Tensor, engine: str = "torch", **options: Any
) -> LimeExplanations:
    segments, fills = grid(28, 28, 4), baselines("black", images)
    given: dict[str, Any] = {"num_samples": 400, "engine": engine} | options
    target = Target("t", network, network)
    return lime(target, images, segments, fills=fills, seed=0, sampling=LimeSampling(**given))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("channels", [1, 3])
def test_planted_weights_are_recovered(channels: int, engine: str) -> None:
    images = GREY.repeat(2, channels, 1, 1)
    found = _explain(Planted(WEIGHTS), images, engine, ridge=1e-3, num_samples=200)
    for row in range(2):
        torch.testing.assert_close(found.coefficients[row], WEIGHTS, rtol=0.002, atol=0.002)
        for y in range(0, 28, 3):
            for x in range(0, 28, 9):
                expected = found.coefficients[row][y // 4 * 7 + x // 4].float()
                assert found.maps[row, y, x] == expected
    assert 0.999 < float(found.r2.min()) <= float(found.r2.max()) <= 1
    assert found.target_values.tolist() == pytest.approx([float(WEIGHTS.sum()) + 5] * 2)
    assert found.refusals == ["", ""]
    assert found.num_samples.tolist() == [200, 200]
    if engine == "torch":
        assert 0.998 < float(found.held_out_r2.min()) <= float(found.r2.min())
        assert float(found.widths.max()) < 0.01


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("factor", [2.0, -2.0])
def test_a_region_of_a_real_image_is_found(factor: float, engine: str, digits: Dataset) -> None:
    """A 0 in a discriminator that looks at two of its segments: the others are inert."""
    image = digits.images[0].float() / 127.5 - 1
    network = RegionBrightness(slice(4, 8), slice(12, 20), factor)
    found = _explain(network, image[None], engine, num_samples=1000)
    shown = (image[0, 4:8, 12:20] + 1) / 2
    expected = torch.zeros(49, dtype=torch.float64)
    expected[[10, 11]] = (
        factor / 2 * torch.stack([shown[:, :4].mean(), shown[:, 4:].mean()]).double()
    )
    assert float(expected.abs().max()) > 0.1
    torch.testing.assert_close(found.coefficients[0], expected, rtol=0.03, atol=0.01)
    assert float(found.r2[0]) > 0.99
    assert float(found.target_values[0]) == pytest.approx(factor * float(shown.mean()), rel=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_r2_tells_where_a_linear_account_fails(engine: str) -> None:
    class Parity(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return ((images[:, 0, ::4, ::4] > -1).flatten(1).sum(1) % 2).double()

    found = _explain(Parity(), GREY, engine, num_samples=1000)
    assert abs(float(found.r2[0])) < 0.25
    if engine == "torch":
        assert -0.25 < float(found.held_out_r2[0]) < 0.05


@pytest.mark.parametrize("engine", ENGINES)
def test_the_target_itself_is_explained_not_its_softmax(engine: str) -> None:
    one = _explain(Planted(WEIGHTS), GREY, engine).coefficients[0]
    ten = _explain(Planted(10 * WEIGHTS), GREY, engine).coefficients[0]
    torch.testing.assert_close(ten, 10 * one, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_softmax_over_one_logit_is_refused_as_constant(engine: str) -> None:
    class OneLogit(Planted):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images)[:, None].softmax(1)[:, 0]

    found = _explain(OneLogit(WEIGHTS), GREY, engine)
    assert "constant: 1 " in found.refusals[0]
    assert not found.coefficients[0].any()
    assert not found.maps.any()
    assert bool(found.r2.isnan().all())
    assert bool(found.low[0].isnan().all())
    assert float(found.target_values[0]) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_an_image_that_equals_its_baseline_is_refused_and_the_others_are_not(engine: str) -> None:
    images = torch.full((4, 3, 28, 28), -1.0)
    images[1] = 0.5
    images[2, 1, 5, 5] = 0.3  # in one segment alone
    images[3, 2, 5, 5] = images[3, 0, 21, 21] = 0.3
    found = _explain(Planted(WEIGHTS), images, engine)
    assert "equals its baseline everywhere" in found.refusals[0]
    assert found.refusals[1] == ""
    assert "all segments but one" in found.refusals[2]
    assert "constant" in found.refusals[3]  # the target looks at the first pixel of a segment
    assert found.num_samples.tolist() == [0, 400, 0, 400]
    assert found.target_values.tolist() == pytest.approx([5, 5 + float(WEIGHTS.sum()), 5, 5])
    torch.testing.assert_close(found.coefficients[1], WEIGHTS, rtol=0.1, atol=0.1)
    assert found.coefficients[0].shape == (49,)
    assert not found.maps[[0, 2, 3]].any()


def test_less_than_half_a_grey_level_is_no_difference() -> None:
    images = torch.cat([torch.full_like(GREY, -0.998), torch.full_like(GREY, -0.99)])
    found = _explain(Planted(WEIGHTS), images)
    assert "everywhere" in found.refusals[0]
    assert found.refusals[1] == ""


def test_a_target_that_is_not_a_number_is_refused() -> None:
    class Root(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((1, 2, 3)).add(0.5).sqrt()

    assert "not a finite number" in _explain(Root(), GREY).refusals[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_two_segments_of_quickshift_are_refused(engine: Engine, digits: Dataset) -> None:
    image = digits.images[:1].float() / 127.5 - 1
    network = RegionBrightness(slice(0, 14), slice(0, 28))
    target = Target("t", network, network)
    fills, sampling = baselines("black", image), LimeSampling(engine=engine)
    with pytest.raises(InputError, match="only 2 segments"):
        lime(target, image, quickshift(image), fills=fills, seed=0, sampling=sampling)
    both = torch.cat([quickshift(image), grid(28, 28, 4)[None]])
    found = lime(
        target,
        image.repeat(2, 1, 1, 1),
        both,
        fills=fills.repeat(2, 1, 1, 1, 1),
        seed=0,
        sampling=sampling,
    )
    assert "only 2 segments" in found.refusals[0]
    assert found.refusals[1] == ""
    assert [len(each) for each in found.coefficients] == [2, 49]
