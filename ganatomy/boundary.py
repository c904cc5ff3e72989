"""Where a logit is best cut into real and fake, and whether that is 0."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Boundary:
    """Thresholds that cut D's logit into real and fake.

    Attributes
    ----------
    accuracy_at_0 : float in [0, 1]
        Balanced accuracy where a logit above 0 means real: mean of the shares of reals and of fakes
        that are told rightly.
    accuracy_at_best : float in [0, 1]
        The same at the best threshold for these images.
    best : float
        That threshold; of equally good ones the nearest to 0.
    error : float
        Standard error of the difference of the two accuracies.
    """

    accuracy_at_0: float
    accuracy_at_best: float
    best: float
    error: float

    @property
    def lost(self) -> float:
        """Balanced accuracy that is lost by cutting at 0."""
        return self.accuracy_at_best - self.accuracy_at_0


def boundary(reals: torch.Tensor, fakes: torch.Tensor) -> Boundary:
    """Look for the best threshold between two samples of logits, and compare it with 0.

    Parameters
    ----------
    reals, fakes : Tensor of shape (n,) and (m,), float64
    """
    values = torch.cat([reals, fakes]).unique()
    between = (values[1:] + values[:-1]) / 2
    thresholds = torch.cat([values[:1] - 1, between, values[-1:] + 1, values.new_zeros(1)])
    accuracies = _balanced(reals, fakes, thresholds)
    highest = accuracies.max()
    good = thresholds[accuracies >= highest - 1e-12]
    best = good[good.abs().argmin()]
    square = sum(
        float(((sample > best).double() - (sample > 0).double()).var()) / len(sample)
        for sample in (reals, fakes)
    )
    return Boundary(float(accuracies[-1]), float(highest), float(best), square**0.5 / 2)


def _balanced(reals: torch.Tensor, fakes: torch.Tensor, thresholds: torch.Tensor) -> torch.Tensor:
    missed, caught = (
        torch.searchsorted(sample.sort().values, thresholds, right=True).double() / len(sample)
        for sample in (reals, fakes)
    )
    return (1 - missed + caught) / 2
