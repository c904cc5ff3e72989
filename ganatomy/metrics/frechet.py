"""The Frechet distance between two sets of feature vectors, in float64."""

import torch


def frechet_distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """Squared 2-Wasserstein distance of the two Gaussians with the sets' means and covariances.

    Heusel et al. 2017 (arXiv 1706.08500), with the trace of the matrix root taken from the
    eigenvalues of the symmetric product S1^(1/2) S2 S1^(1/2): exact for singular covariances too.

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
    """
    if len(first) < 2 or len(second) < 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"cannot compare feature sets of shape {first.shape} and {second.shape}")
    first, second = first.double(), second.double()
    shift = first.mean(0) - second.mean(0)
    cov_first, cov_second = torch.cov(first.T), torch.cov(second.T)
    if cov_first.ndim == 0:
        cov_first, cov_second = cov_first.view(1, 1), cov_second.view(1, 1)
    values, vectors = torch.linalg.eigh(cov_first)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    product = root @ cov_second @ root
    root_trace = torch.linalg.eigvalsh((product + product.T) / 2).clamp(min=0).sqrt().sum()
    distance = shift @ shift + cov_first.trace() + cov_second.trace() - 2 * root_trace
    return max(float(distance), 0.0)
