"""How well D tells reals from fakes."""

from dataclasses import dataclass

import torch

from ganatomy.metrics.auc import auc, auc_interval


@dataclass(frozen=True)
class Separation:
    """Distance of two samples of logits by their ranks.

    Attributes
    ----------
    auc : float in [0, 1]
        Probability that a real image gets a higher logit than a fake.
    low, high : float
        Its 95 % bootstrap interval over both.
    """

    auc: float
    low: float
    high: float


def separation(positives: torch.Tensor, negatives: torch.Tensor, seed: int) -> Separation:
    """Compare two samples of logits of shape (n,) and (m,)."""
    return Separation(auc(positives, negatives), *auc_interval(positives, negatives, seed))
