"""The Frechet distance between two sets of feature vectors, in float64."""

import torch

Moments = tuple[torch.Tensor, torch.Tensor]


def frechet_distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Return the squared 2-Wasserstein distance of the Gaussians that are fitted to two sets.

    With the sets' means and covariances, that is: Heusel et al. 2017 (arXiv 1706.08500).

    Parameters
    ----------
    first, second : Tensor of shape (n, d) and (m, d)
        n, m > 1. The value falls with growing n and m; compare only values of equal counts.

    Returns
    -------
    float
        Zero for equal sets, else positive.

    Raises
    ------
    ValueError
        Fewer than two rows, or different d.

    Examples
    --------
    >>> features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    >>> moved = features + torch.tensor([3.0, 4.0])  # the covariance stays
    >>> round(frechet_distance(features, moved), 4)
    25.0
    """
    if len(first) < 2 or len(second) < 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"cannot compare feature sets of shape {first.shape} and {second.shape}")
    return frechet_of_moments(moments(first.double()), moments(second.double()))


def moments(rows: torch.Tensor, counts: torch.Tensor | None = None) -> Moments:
    """Return the mean of shape (d,) and the unbiased covariance of shape (d, d).

    Parameters
    ----------
    rows : Tensor of shape (n, d), float64
    counts : Tensor of shape (n,), float64, optional
        How often each row is taken, as in a bootstrap replicate; the result is that of the set
        with each row repeated so often.
    """
    if counts is None:
        return rows.mean(0), torch.cov(rows.T).view(rows.shape[1], rows.shape[1])
    weights = counts.to(rows)
    mean = weights @ rows / weights.sum()
    # faster than cov with fweights, which multiplies a transposed copy
    scaled = (rows - mean) * weights.sqrt().unsqueeze(1)
    return mean, scaled.T @ scaled / (weights.sum() - 1)


def frechet_of_moments(first: Moments, second: Moments) -> float:
    """Return the Frechet distance of two Gaussians, each a mean and a covariance.

    The trace of the matrix root is taken from the eigenvalues of the symmetric product
    S1^(1/2) S2 S1^(1/2): exact for singular covariances too.
    """
    shift = first[0] - second[0]
    cov_first, cov_second = first[1], second[1]
    values, vectors = torch.linalg.eigh(cov_first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    product = root @ cov_second @ root
    root_trace = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()
    distance = shift @ shift + cov_first.trace() + cov_second.trace() - 2 * root_trace
    return max(float(distance), 0.0)
