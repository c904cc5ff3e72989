"""What LIME found, and when there is nothing to be found."""

from dataclasses import dataclass

import torch

from ganatomy.explain.lime.sampling import Surrogates
from ganatomy.explain.lime.segments import FEWEST

_SAME = 1 / 255  # half a grey level, in [-1, 1]
_CONSTANT = 1e-6  # spread of the target, in units of its size


@dataclass(frozen=True)
class LimeExplanations:
    """Linear surrogates of a target around n images, on the CPU.

    Images may have different numbers of segments d: hence lists.

    Attributes
    ----------
    coefficients : list of Tensor of shape (d,), float64
        Change of the target when a segment is shown instead of hidden. Zero where refused.
    low, high : list of Tensor of shape (d,), float64
        95 % intervals over draws of the samples. NaN where refused, and of the engine ``lime``.
    segments : LongTensor of shape (n, h, w)
    maps : Tensor of shape (n, h, w), float32
        The coefficients painted onto the pixels.
    r2, held_out_r2 : Tensor of shape (n,), float64
        Weighted R^2 of the surrogate, on the samples of its fit and on samples left out of it. NaN
        where refused; `held_out_r2` of the engine ``lime`` as well.
    target_values : Tensor of shape (n,), float64
        The target of the whole image.
    num_samples : LongTensor of shape (n,)
        Perturbed images that were spent on each; 0 where refused beforehand.
    refusals : list of str
        Why there is no explanation; empty where there is one.
    """

    coefficients: list[torch.Tensor]
    low: list[torch.Tensor]
    high: list[torch.Tensor]
    segments: torch.Tensor
    maps: torch.Tensor
    r2: torch.Tensor
    held_out_r2: torch.Tensor
    target_values: torch.Tensor
    num_samples: torch.Tensor
    refusals: list[str]

    @property
    def widths(self) -> torch.Tensor:
        """Half the widest interval of each image, shape (n,); NaN without intervals."""
        halves = [((high - low) / 2).amax() for low, high in zip(self.low, self.high)]
        return torch.stack(halves) if halves else torch.zeros(0, dtype=torch.float64)


@dataclass
class ExplanationsBuilder:
    """Unfinished `LimeExplanations`, to be filled in image by image."""

    segments: torch.Tensor
    num_segments: list[int]
    refusals: list[str]

    def __post_init__(self) -> None:
        count = len(self.segments)
        self.coefficients = [torch.zeros(d, dtype=torch.float64) for d in self.num_segments]
        self.low = [torch.full_like(each, torch.nan) for each in self.coefficients]
        self.high = [each.clone() for each in self.low]
        self.r2 = torch.full((count,), torch.nan, dtype=torch.float64)
        self.held_out_r2 = self.r2.clone()
        self.target_values = self.r2.clone()
        self.num_samples = torch.zeros(count, dtype=torch.int64)

    def explained(self) -> list[int]:
        """List the images that are not refused."""
        return [index for index, reason in enumerate(self.refusals) if not reason]

    def put(self, rows: list[int], surrogates: Surrogates) -> None:
        """Enter the surrogates of some images, or why they say nothing."""
        fitted = surrogates.fitted
        for item, row in enumerate(rows):
            value = float(surrogates.target_values[item])
            self.target_values[row] = value
            self.num_samples[row] = surrogates.num_samples[item]
            self.refusals[row] = refused_afterwards(value, float(surrogates.spread[item]))
            if not self.refusals[row]:
                self.coefficients[row] = fitted.coefficients[item]
                self.low[row], self.high[row] = fitted.low[item], fitted.high[item]
                self.r2[row] = fitted.r2[item]
                self.held_out_r2[row] = fitted.held_out_r2[item]

    def finished(self) -> LimeExplanations:
        """Paint the maps."""
        painted = [c[s] for c, s in zip(self.coefficients, self.segments)]
        maps = torch.stack(painted) if painted else torch.zeros(self.segments.shape)
        return LimeExplanations(
            self.coefficients,
            self.low,
            self.high,
            self.segments,
            maps.float(),
            self.r2,
            self.held_out_r2,
            self.target_values,
            self.num_samples,
            self.refusals,
        )


def refused_beforehand(
    images: torch.Tensor, fills: torch.Tensor, segments: torch.Tensor, *, num_segments: list[int]
) -> list[str]:
    """Say of each image why hiding its segments can tell nothing; empty where it can.

    A segment counts as equal to the baseline if no pixel differs by half a grey level: hiding it
    changes nothing.
    """
    # not all at once: with 16 baselines for each, this would be the largest tensor of all
    differs = torch.stack(
        [((each - fill).abs() > _SAME).flatten(0, 1).any(0) for each, fill in zip(images, fills)]
    ).cpu()
    reasons = []
    for row, labels, count in zip(differs, segments, num_segments):
        changed = torch.zeros(count, dtype=torch.bool)
        changed[labels[row]] = True
        reasons.append(_reason(changed))
    return reasons


def _reason(changed: torch.Tensor) -> str:
    if len(changed) < FEWEST:
        return f"only {len(changed)} segments: too few to explain anything"
    number = int(changed.sum())
    if number == 0:
        return "the image equals its baseline everywhere: hiding a segment changes nothing"
    if number == 1:
        return "the image equals its baseline in all segments but one: nothing to compare"
    return ""


def refused_afterwards(target_value: float, spread: float) -> str:
    """Say why the values that were seen can tell nothing; empty where they can."""
    if not abs(spread) < float("inf"):
        return "the target is not a finite number on some perturbed images"
    if spread <= _CONSTANT * abs(target_value):
        return (
            f"the target is constant: {target_value:.4g} whichever segments are hidden "
            "(as is a softmax over one logit)"
        )
    return ""
