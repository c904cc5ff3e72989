"""Euclidean distances between many feature vectors, without ever holding all of them."""

import torch


def squared_distances(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return squared Euclidean distances of shape (n, m), never negative.

    |x|^2 - 2 x.y + |y|^2 is a matrix product, hence fast, but it cancels: the error is about 1e-15
    of the largest |x|^2, so equal rows come out near zero, not at it. Centre the rows first.

    Parameters
    ----------
    first, second : Tensor of shape (n, d) and (m, d), float64
    """
    norms = second.square().sum(1)
    products = torch.addmm(norms, first, second.T, alpha=-2)
    return products.add_(first.square().sum(1, keepdim=True)).clamp_(min=0)


def nearest(
    queries: torch.Tensor, references: torch.Tensor, chunk: int = 512
) -> tuple[torch.Tensor, torch.Tensor]:
    """Find Euclidean nearest neighbours in float64, in chunks of queries.

    The distance to the neighbour is taken from the difference of the two rows, so that of an equal
    row is exactly zero. Memory is O(chunk * m).

    Parameters
    ----------
    queries : Tensor of shape (n, d)
    references : Tensor of shape (m, d)

    Returns
    -------
    (distances, indices), each of shape (n,)
    """
    queries, references = queries.double(), references.double()
    centre = references.mean(0)
    targets = references - centre
    nearest = [squared_distances(part - centre, targets).argmin(1) for part in queries.split(chunk)]
    indices = torch.cat(nearest)
    distances = [
        torch.linalg.vector_norm(part - references[index], dim=1)
        for part, index in zip(queries.split(chunk), nearest)
    ]
    return torch.cat(distances), indices


def kth_squared_distances(rows: torch.Tensor, k: int, chunk: int = 512) -> torch.Tensor:
    """Return the squared distance of each row to its k-th nearest other row, shape (n,).

    Other by position: an equal row elsewhere is a neighbour at no distance. Memory is O(chunk * n).

    Parameters
    ----------
    rows : Tensor of shape (n, d), float64
        Centred, see `squared_distances`.
    k : int in [1, n)

    Raises
    ------
    ValueError
        There are no k other rows.
    """
    if not 1 <= k < len(rows):
        raise ValueError(f"{len(rows)} rows have no {k}-th nearest other row")
    nearest = []
    for start in range(0, len(rows), chunk):
        distances = squared_distances(rows[start : start + chunk], rows)
        distances.diagonal(start).fill_(torch.inf)
        nearest.append(distances.topk(k, largest=False, sorted=False).values.amax(1))
    return torch.cat(nearest)
