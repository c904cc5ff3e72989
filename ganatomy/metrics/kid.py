"""The kernel distance between two sets of feature vectors, in float64."""

import torch


def kernel_distance(first: torch.Tensor, second: torch.Tensor, chunk: int = 256) -> float:
    """Estimate the squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, unbiased.

    Binkowski et al. 2018 (arXiv 1801.01401), over the whole sets instead of random subsets.

    Parameters
    ----------
    first, second : Tensor of shape (n, d) and (m, d)
        n, m > 1. The expected value does not depend on n and m.
    chunk : int
        Rows of the kernel matrix at a time; memory is O(chunk * max(n, m)).

    Returns
    -------
    float
        Around zero, and as often below it as above, for sets of one distribution.

    Raises
    ------
    ValueError
        Fewer than two rows, or different d.

    Examples
    --------
    >>> features = torch.eye(4)
    >>> kernel_distance(features, features) < 0 < kernel_distance(features, features + 1)
    True
    """
    if len(first) < 2 or len(second) < 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"cannot compare feature sets of shape {first.shape} and {second.shape}")
    first, second = first.double(), second.double()
    once = first.new_ones(1, len(first)), second.new_ones(1, len(second))
    return float(weighted_kernel_distances(first, second, once[0], once[1], chunk=chunk))


def weighted_kernel_distances(
    first: torch.Tensor,
    second: torch.Tensor,
    first_counts: torch.Tensor,
    second_counts: torch.Tensor,
    *,
    chunk: int = 256,
) -> torch.Tensor:
    """Return the kernel distance of b bootstrap replicates at once, shape (b,), on the CPU.

    A replicate holds copies of a row, and k(x, x) between two copies is as wrong as the diagonal
    that the unbiased estimate leaves out. So pairs of copies are left out too and the sum is
    divided by the weight of the pairs that stay, (sum w)^2 - sum w^2: a constant kernel gives
    exactly zero whatever the weights, and all counts 1 give `kernel_distance`.

    Parameters
    ----------
    first, second : Tensor of shape (n, d) and (m, d), float64
    first_counts, second_counts : Tensor of shape (b, n) and (b, m), float64
        How often each replicate takes each row.
    """
    first_counts, second_counts = first_counts.to(first), second_counts.to(second)
    within = _within(first, first_counts, chunk) + _within(second, second_counts, chunk)
    between = torch.zeros_like(within)
    for part, counts in zip(first.split(chunk), first_counts.split(chunk, 1)):
        between += ((counts @ _kernel(part, second)) * second_counts).sum(1)
    between /= first_counts.sum(1) * second_counts.sum(1)
    return (within - 2 * between).cpu()


def _kernel(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return torch.mm(first, second.T).div_(first.shape[1]).add_(1).pow_(3)


def _within(rows: torch.Tensor, counts: torch.Tensor, chunk: int) -> torch.Tensor:
    """Mean kernel over pairs of different rows; of the symmetric matrix only the upper part."""
    total = torch.zeros(len(counts), dtype=rows.dtype, device=rows.device)
    for start in range(0, len(rows), chunk):
        part, later = rows[start : start + chunk], counts[:, start:]
        # each pair once: above the diagonal
        kernel = _kernel(part, rows[start:]).triu_(1)
        total += ((later[:, : len(part)] @ kernel) * later).sum(1)
    return 2 * total / (counts.sum(1).square() - counts.square().sum(1))
