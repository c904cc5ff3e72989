"""Weighted ridge regressions of many explanations at once, with intervals and held-out R^2.

Everything here is a closed form in the masks, the values and their weights; nothing is about
images.
"""

from dataclasses import dataclass, fields

import torch
from scipy.special import stdtrit  # scipy.stats takes a second to import

from ganatomy.explain.lime.settings import KERNEL_WIDTH
from ganatomy.statistics import LEVEL

RIDGE = 1e-3
_ELEMENTS = 2**22  # of one float64 copy of the masks that are solved at once


@dataclass(frozen=True)
class Surrogate:
    """Linear models of n targets, each ``intercept + coefficients @ mask``; all float64.

    Attributes
    ----------
    coefficients : Tensor of shape (n, d)
        Change of the target when a feature is shown instead of hidden, in units of the target.
    intercept : Tensor of shape (n,)
    standard_errors, low, high : Tensor of shape (n, d)
        Of a coefficient over draws of the samples, and its 95 % interval. NaN where there are too
        few samples to tell.
    r2 : Tensor of shape (n,)
        Weighted R^2 on the samples of the fit. NaN for a constant target.
    held_out_r2 : Tensor of shape (n,)
        The same of predictions for samples (pairs of them) that were left out of the fit.
    """

    coefficients: torch.Tensor
    intercept: torch.Tensor
    standard_errors: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    r2: torch.Tensor
    held_out_r2: torch.Tensor


def cosine_weights(masks: torch.Tensor, width: float = KERNEL_WIDTH) -> torch.Tensor:
    """Weigh each sample by its nearness to the whole input, as `lime_image` does.

    ``sqrt(exp(-distance^2 / width^2))`` with the cosine distance to the mask that shows all.

    Parameters
    ----------
    masks : Tensor of shape (..., d), bool
    width : float

    Returns
    -------
    Tensor of shape (...), float64 in (0, 1]
    """
    distance = 1 - (masks.sum(-1).double() / masks.shape[-1]).sqrt()
    return (-(distance**2) / width**2 / 2).exp()


def fit(
    masks: torch.Tensor,
    values: torch.Tensor,
    weights: torch.Tensor,
    *,
    ridge: float = RIDGE,
    cluster_size: int = 1,
) -> Surrogate:
    """Fit n weighted ridge regressions (the intercept is not penalised).

    Standard errors are cluster-robust (the sandwich, with the residuals of each cluster divided by
    the square root of one minus its leverage: CR2, Bell & McCaffrey 2002), and intervals use
    Student's t with as many degrees of freedom as there are clusters more than parameters. In
    pairs of complements the part of the target that is even in the features cancels; the two
    residuals are thus far from independent and errors that took them for it would be far too
    wide. Held-out R^2 leaves out one cluster after the other (PRESS, in closed form).

    Parameters
    ----------
    masks : Tensor of shape (n, s, d), bool
    values : Tensor of shape (n, s)
    weights : Tensor of shape (n, s), not negative
        A sample of weight 0 takes no part.
    ridge : float, above 0
        Penalty on squared coefficients. `lime` has 1, which shrinks coefficients by about
        1 / (1 + s / 8): 6 % at 128 samples, nothing at 60,000, so that a surrogate of few samples
        is not an estimate of that of many. The default shrinks by less than 0.01 % from 100
        samples on and only serves to make a singular system solvable; what noise it leaves is
        for the design to lower and for the intervals to tell.
    cluster_size : {1, 2}
        Consecutive samples that were drawn together.

    Returns
    -------
    Surrogate
    """
    at_once = max(_ELEMENTS // max(masks[0].numel(), 1), 1)
    parts = [
        _fit(
            masks[start : start + at_once],
            values[start : start + at_once].double(),
            weights[start : start + at_once].double(),
            ridge,
            cluster_size,
        )
        for start in range(0, len(masks), at_once)
    ]
    names = [field.name for field in fields(Surrogate)]
    return Surrogate(*(torch.cat([getattr(part, name) for part in parts]) for name in names))


def _fit(
    masks: torch.Tensor, y: torch.Tensor, weights: torch.Tensor, ridge: float, cluster_size: int
) -> Surrogate:
    x = masks.double()
    num_features = x.shape[2]
    share = weights / weights.sum(1, keepdim=True)
    x_mean = share[:, None] @ x
    y_mean = (share * y).sum(1, keepdim=True)
    root = weights.sqrt()
    # from here on, rows are scaled by the root of their weight: an unweighted regression
    x = (x - x_mean) * root[..., None]
    y = (y - y_mean) * root
    gram = x.mT @ x + ridge * torch.eye(num_features).to(x)
    factor = torch.linalg.cholesky(gram)
    coefficients = torch.cholesky_solve(x.mT @ y[..., None], factor)
    residual = y - (x @ coefficients)[..., 0]
    coefficients = coefficients[..., 0]

    half = torch.linalg.solve_triangular(factor, x.mT, upper=False).mT
    half = torch.cat([half, share.sqrt()[..., None]], 2).unflatten(1, (-1, cluster_size))
    spread, left_out = _without_own(half @ half.mT, residual.unflatten(1, (-1, cluster_size)))
    scores = (x.unflatten(1, (-1, cluster_size)) * spread[..., None]).sum(2)
    error = torch.cholesky_solve(scores.mT, factor).square().sum(2).sqrt()
    taking_part = (weights.unflatten(1, (-1, cluster_size)).sum(2) > 0).sum(1, keepdim=True)
    freedom = (taking_part - num_features - 1).cpu().numpy()
    quantile = torch.from_numpy(stdtrit(freedom.clip(min=1), (1 + LEVEL) / 2)).to(error)
    told = torch.from_numpy(freedom > 0).to(error.device)
    error = torch.where(told, error, torch.nan)
    total = y.square().sum(1)
    rounding = 1e-24 * (weights.sum(1) * y_mean[:, 0].square())
    total = torch.where(total > rounding, total, torch.nan)
    return Surrogate(
        coefficients,
        (y_mean - (x_mean @ coefficients[..., None])[..., 0])[:, 0],
        error,
        coefficients - quantile * error,
        coefficients + quantile * error,
        1 - residual.square().sum(1) / total,
        1 - left_out.square().sum((1, 2)) / total,
    )


def _without_own(
    leverage: torch.Tensor, residual: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Residuals of each cluster times ``(I - H)^(-1/2)`` and times ``(I - H)^-1``.

    leverage : (n, g, k, k); residual : (n, g, k); k is 1 or 2.
    """
    if residual.shape[-1] == 1:
        left = (1 - leverage[..., 0]).clamp_min(1e-12)
        return residual / left.sqrt(), residual / left
    first, second = 1 - leverage[..., 0, 0], 1 - leverage[..., 1, 1]
    both = -leverage[..., 0, 1]
    determinant = (first * second - both**2).clamp_min(1e-12)
    # the square root of a symmetric 2 x 2 matrix M is (M + r I) / t
    r = determinant.sqrt()
    t = (first + second + 2 * r).sqrt()
    one, two = residual[..., 0], residual[..., 1]

    def applied(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        return torch.stack([a * one + b * two, b * one + c * two], -1)

    rooted = applied(second + r, -both, first + r) / (t * r)[..., None]
    inverse = applied(second, -both, first) / determinant[..., None]
    return rooted, inverse
