"""Which real image is nearest to each generated one."""

import torch


def nearest(
    queries: torch.Tensor, references: torch.Tensor, chunk: int = 512
) -> tuple[torch.Tensor, torch.Tensor]:
    """Euclidean nearest neighbours, in chunks of queries.

    Parameters
    ----------
    queries : Tensor of shape (n, d)
    references : Tensor of shape (m, d)

    Returns
    -------
    (distances, indices), each of shape (n,)
    """
    found = [torch.cdist(part, references).min(dim=1) for part in queries.split(chunk)]
    return torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])
