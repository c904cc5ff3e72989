"""Non-negative factors of a layer's activations (Lee & Seung 1999, Nature 401:788-791).

A layer may return negative values, as behind a leaky ReLU. Its positive and its negative part stand
side by side as twice as many channels, of which none is negative and nothing is lost.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from ganatomy.rng import derive_seed, generator

_ROWS = 6000  # places that are factorised, at most
_ITERATIONS = 300
_SEEDS = 2**32


@dataclass(frozen=True, eq=False)
class Factors:
    """Factors that places of a layer are sums of.

    Attributes
    ----------
    parts : Tensor of shape (k, 2 channels), float32
        Of length 1 each, not negative: positive parts of the channels, then negative ones.
    """

    parts: torch.Tensor

    @property
    def directions(self) -> torch.Tensor:
        """Return what each adds to the channels of a place, shape (k, channels)."""
        positive, negative = self.parts.chunk(2, 1)
        return positive - negative

    def amounts(self, activations: torch.Tensor) -> torch.Tensor:
        """Return how much of each every place has: (n, c, h, w) to (n, k, h, w), not negative."""
        rows = places(activations).double()
        found = _least_squares(rows, self.parts.double())
        count, _, height, width = activations.shape
        return found.float().view(count, height, width, -1).permute(0, 3, 1, 2).contiguous()

    def rebuilt(self, amounts: torch.Tensor) -> torch.Tensor:
        """Return the activations that amounts make, (n, k, h, w) to (n, c, h, w)."""
        return torch.einsum("nkhw,kc->nchw", amounts, self.directions)


def places(activations: torch.Tensor) -> torch.Tensor:
    """Lay the places of activations out as rows: (n, c, h, w) to (n h w, 2 c), not negative.

    Examples
    --------
    >>> places(torch.tensor([[[[1.0]], [[-2.0]]]]))
    tensor([[1., 0., 0., 2.]])
    """
    rows = activations.permute(0, 2, 3, 1).flatten(0, 2)
    return torch.cat([rows.clamp(min=0), (-rows).clamp(min=0)], 1)


def factorise(activations: torch.Tensor, count: int, *, seed: int) -> Factors:
    """Find `count` factors of the places of activations, shape (n, c, h, w).

    Of more places than 6,000 so many are drawn.
    """
    rows = places(activations)
    if len(rows) > _ROWS:
        draw = generator(seed, "craft", "places")
        rows = rows[torch.randperm(len(rows), generator=draw)[:_ROWS]]
    state = derive_seed(seed, "craft", "factors") % _SEEDS
    model = NMF(count, init="nndsvda", max_iter=_ITERATIONS, tol=1e-4, random_state=state)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # how good they are is measured
        model.fit(rows.double().numpy())
    parts = torch.from_numpy(model.components_)
    return Factors((parts / parts.norm(dim=1, keepdim=True).clamp(min=1e-12)).float())


def random_factors(count: int, size: int, seed: int) -> Factors:
    """Draw factors that nobody found, shape (count, size): for comparison."""
    drawn = torch.randn(count, size, generator=generator(seed, "craft", "random")).abs()
    return Factors(drawn / drawn.norm(dim=1, keepdim=True))


def matched(one: Factors, other: Factors) -> torch.Tensor:
    """Return the cosine of each factor with the one of the others that it is paired with.

    Pairs are chosen so that the sum is largest (Kuhn 1955); no factor is in two.
    """
    cosines = (one.parts @ other.parts.T).numpy()
    rows, columns = linear_sum_assignment(-cosines)
    found = np.zeros(len(cosines), dtype=np.float32)
    found[rows] = cosines[rows, columns]
    return torch.from_numpy(found)


def _least_squares(rows: torch.Tensor, parts: torch.Tensor, rounds: int = 100) -> torch.Tensor:
    """Solve min |rows - x parts| for x >= 0, a coordinate at a time (Hsieh & Dhillon 2011)."""
    gram, wanted = parts @ parts.T, rows @ parts.T
    found = torch.zeros_like(wanted)
    for _ in range(rounds):
        before = found.clone()
        for k in range(len(parts)):
            step = (wanted[:, k] - found @ gram[:, k]) / gram[k, k].clamp(min=1e-12)
            found[:, k] = (found[:, k] + step).clamp(min=0)
        if float((found - before).abs().max()) <= 1e-6 * float(found.abs().max()):
            break
    return found
