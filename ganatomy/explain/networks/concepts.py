"""Concepts as directions in the evaluator's features (TCAV, Kim et al. 2018, arXiv 1711.11279).

A concept is a quantity that can be measured in images (a stroke's thickness, an attribute of the
data). A ridge regression on the frozen evaluator's features predicts it, and its held-out R^2 says
how far it can be read there: a concept that the features do not carry is no target.
"""

from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.rng import generator

READABLE = 0.5  # held-out R^2 from which on a concept is a target
_PENALTY = 0.01
_CONSTANT = 1e-6  # spread relative to size


@dataclass(frozen=True)
class Concept:
    """A linear reading of features.

    Attributes
    ----------
    name : str
    weights : Tensor of shape (f,), float32
    bias : float
        The reading is in standard deviations of the concept over the data.
    r2 : float
        Of images that the regression has not seen.
    """

    name: str
    weights: torch.Tensor
    bias: float
    r2: float

    @property
    def is_readable(self) -> bool:
        """Whether the features carry it."""
        return self.r2 >= READABLE

    def read(self, features: torch.Tensor) -> torch.Tensor:
        """Return the concept in each of the vectors of shape (n, f); shape (n,)."""
        return features @ self.weights.to(features) + self.bias


def fit_concept(name: str, features: torch.Tensor, values: torch.Tensor) -> Concept:
    """Fit a concept to half of the images, chosen at random, and judge it by the other half.

    Parameters
    ----------
    name : str
    features : Tensor of shape (n, f)
    values : Tensor of shape (n,)
        NaN where it is not known.

    Raises
    ------
    InputError
        Fewer than 20 known values, or hardly any that differ; features that are not finite.
    """
    known = values.isfinite().cpu()
    x, y = features.detach().cpu()[known].double(), values.detach().cpu()[known].double()
    if not x.isfinite().all():
        raise InputError(
            f"features for concept {name} are not finite", "concepts", "Train the evaluator anew."
        )
    # at random: images may come in an order, say one class after the other in turn
    seen = torch.zeros(len(y), dtype=torch.bool)
    seen[torch.randperm(len(y), generator=generator(0, "concept", len(y)))[::2]] = True
    if len(y) < 20 or not all(len(half.unique()) > 1 for half in (y[seen], y[~seen])):
        raise InputError(
            f"concept {name} has {len(y)} known values, {len(y.unique())} of them different",
            "concepts",
            "Name a feature that varies over at least 20 images.",
        )
    y = (y - y.mean()) / y.std()
    weights, middle = _ridge(x[seen], y[seen])
    centre = x[seen].mean(0)
    left = y[~seen] - middle - (x[~seen] - centre) @ weights
    r2 = 1 - float(left.square().sum() / (y[~seen] - y[~seen].mean()).square().sum())
    return Concept(name, weights.float(), float(middle - centre @ weights), r2)


def _ridge(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Weights on centred features, and y's mean; the penalty is 1 % of a standardised feature's."""
    centred = x - x.mean(0)
    scale = centred.std(0)
    # a unit that is silent here says nothing, however large it may be elsewhere
    scale[scale <= _CONSTANT * x.abs().amax(0)] = torch.inf
    design = centred / scale
    gram = design.T @ design + _PENALTY * len(x) * torch.eye(x.shape[1], dtype=x.dtype)
    middle = y.mean()
    return torch.linalg.solve(gram, design.T @ (y - middle)) / scale, middle
