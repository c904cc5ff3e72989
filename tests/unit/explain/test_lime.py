"""LIME on targets whose explanation is known."""

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.lime import LimeExplanation, lime, square_segments
from ganatomy.explain.targets import Target


class Planted(nn.Module):
    """sum over segments of weight * whether the segment is shown, for an image without black."""

    def __init__(self, weights: torch.Tensor, side: int) -> None:
        super().__init__()
        self.weights = weights
        self.side = side

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        corners = images[:, 0, :: self.side, :: self.side]
        return ((corners > -1).double().flatten(1) * self.weights).sum(1) + 5.0


class RegionBrightness(nn.Module):
    """How bright a region is, 0 black to 1 white, times a factor."""

    def __init__(self, rows: slice, columns: slice, factor: float = 1.0) -> None:
        super().__init__()
        self.rows, self.columns, self.factor = rows, columns, factor

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        region = images[:, :, self.rows, self.columns]
        return self.factor * ((region + 1) / 2).mean((1, 2, 3))


def _explain(
    network: nn.Module, image: torch.Tensor, side: int = 4, seed: int = 0
) -> LimeExplanation:
    return lime(Target("t", network, network), image, side, 1000, seed, "test")


GREY = torch.zeros(1, 28, 28)
WEIGHTS = torch.zeros(49, dtype=torch.float64)
WEIGHTS[[3, 17, 24, 40]] = torch.tensor([2.0, -1.0, 0.5, -3.0], dtype=torch.float64)


@pytest.mark.parametrize(("size", "side"), [(28, 4), (28, 7), (32, 5), (64, 16)])
def test_segments_are_squares_numbered_row_by_row(size: int, side: int) -> None:
    segments = square_segments(size, size, side)
    per_row = -(-size // side)
    expected = [[y // side * per_row + x // side for x in range(size)] for y in range(size)]
    assert segments.tolist() == expected
    assert len(segments.unique()) == per_row**2


def test_segments_of_an_oblong_image() -> None:
    assert square_segments(3, 5, 2).tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]


@pytest.mark.parametrize("channels", [1, 3])
def test_planted_weights_are_recovered(channels: int) -> None:
    explanation = _explain(Planted(WEIGHTS, 4), GREY.repeat(channels, 1, 1))
    torch.testing.assert_close(explanation.coefficients, WEIGHTS, rtol=0.03, atol=0.03)
    assert 0.99 < explanation.r2 <= 1
    assert explanation.target_value == pytest.approx(float(WEIGHTS.sum()) + 5)
    assert explanation.refusal == ""
    for row in range(28):
        for column in range(0, 28, 9):
            expected = explanation.coefficients[row // 4 * 7 + column // 4]
            assert explanation.attribution[row, column] == expected


@pytest.mark.parametrize("factor", [2.0, -2.0])
def test_a_region_of_a_real_image_is_found(factor: float, digits: Dataset) -> None:
    """A 0 in a discriminator that looks at two of its segments: the others are inert."""
    image = digits.images[0].float() / 127.5 - 1
    network = RegionBrightness(slice(4, 8), slice(12, 20), factor)
    explanation = _explain(network, image)
    shown = (image[0, 4:8, 12:20] + 1) / 2
    expected = torch.zeros(49, dtype=torch.float64)
    expected[[10, 11]] = (
        factor / 2 * torch.stack([shown[:, :4].mean(), shown[:, 4:].mean()]).double()
    )
    assert float(expected.abs().max()) > 0.1
    torch.testing.assert_close(explanation.coefficients, expected, rtol=0.03, atol=0.01)
    assert explanation.r2 > 0.99
    assert explanation.target_value == pytest.approx(factor * float(shown.mean()), rel=1e-5)


def test_r2_tells_where_a_linear_account_fails() -> None:
    class Parity(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return ((images[:, 0, ::4, ::4] > -1).flatten(1).sum(1) % 2).double()

    assert abs(_explain(Parity(), GREY).r2) < 0.25


def test_the_target_itself_is_explained_not_its_softmax() -> None:
    """A softmax over one logit is constant, and over any logits it is not linear in their scale."""
    one = _explain(Planted(WEIGHTS, 4), GREY).coefficients
    ten = _explain(Planted(10 * WEIGHTS, 4), GREY).coefficients
    torch.testing.assert_close(ten, 10 * one, rtol=1e-6, atol=1e-6)


def test_seed_and_purpose_give_the_coefficients() -> None:
    target = Target("t", network := Planted(WEIGHTS, 4), network)

    def coefficients(seed: int, *purpose: str | int) -> torch.Tensor:
        return lime(target, GREY, 4, 200, seed, *purpose).coefficients

    first = coefficients(0, "real", 1)
    np.random.seed(5)
    torch.manual_seed(5)
    assert torch.equal(coefficients(0, "real", 1), first)
    for other in (
        coefficients(1, "real", 1),
        coefficients(0, "real", 2),
        coefficients(0, "fake", 1),
    ):
        assert not torch.equal(other, first)


def test_more_than_a_batch_of_samples_reaches_the_target() -> None:
    seen: list[int] = []

    class Counting(Planted):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            seen.append(len(images))
            assert images.shape[1:] == (1, 28, 28)
            assert images.dtype == torch.float32
            assert set(images.unique().tolist()) <= {-1.0, 0.5}
            return super().forward(images)

    network = Counting(WEIGHTS, 4)
    lime(Target("t", network, network), torch.full((1, 28, 28), 0.5), 4, 600, 0)
    assert sum(seen) == 600 + 1  # and the whole image once


def test_black_image_is_refused_in_words() -> None:
    explanation = _explain(Planted(WEIGHTS, 4), torch.full((3, 28, 28), -1.0))
    assert "black" in explanation.refusal
    assert explanation.coefficients.shape == (49,)
    assert not explanation.coefficients.any()
    assert explanation.attribution.shape == (28, 28)
    assert explanation.r2 == 0
    assert explanation.target_value == 5.0


@pytest.mark.parametrize(("side", "segments"), [(10, 9), (12, 9), (14, 4), (28, 1)])
def test_too_few_segments(side: int, segments: int) -> None:
    network = RegionBrightness(slice(0, 14), slice(0, 28))
    if segments >= 8:
        assert len(_explain(network, GREY, side).coefficients) == segments
    else:
        with pytest.raises(InputError, match=f"only {segments} segments"):
            _explain(network, GREY, side)
