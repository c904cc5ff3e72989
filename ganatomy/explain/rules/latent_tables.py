"""Latents as a table of concepts: how far each lies along directions, in standard deviations."""

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.directions.methods import ganspace, sefa
from ganatomy.explain.rules.table import ConceptTable

PREFIX = "direction:"
UNIT = "standard deviations"
_MOST = 5  # directions of which rules are made where none were learned


def direction_table(z: torch.Tensor, directions: torch.Tensor) -> ConceptTable:
    """Measure latents along directions.

    Parameters
    ----------
    z : Tensor of shape (n, latent_dim + num_classes)
    directions : Tensor of shape (k, latent_dim)
        Of length 1.

    Returns
    -------
    ConceptTable
        Columns ``direction:1`` to ``direction:k``; of standard normal latents in standard
        deviations.

    Examples
    --------
    >>> table = direction_table(torch.tensor([[3.0, 4.0, 1.0]]), torch.tensor([[0.6, 0.8]]))
    >>> table.names, round(float(table.values), 6)
    (('direction:1',), 5.0)
    """
    latent_dim = directions.shape[1]
    if z.shape[1] < latent_dim:
        raise InputError(
            f"directions of {latent_dim} entries for latents of {z.shape[1]}",
            "directions",
            "Give those of this generator.",
        )
    names = tuple(f"{PREFIX}{number}" for number in range(1, len(directions) + 1))
    along = z[:, :latent_dim].double().cpu() @ directions.double().cpu().T
    return ConceptTable(names, (UNIT,) * len(names), along)


def directions_at_hand(
    generator: nn.Module, z: torch.Tensor, latent_dim: int
) -> tuple[str, torch.Tensor]:
    """Find directions where none were learned: those of SeFa, else GANSpace, else the entries.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
    latent_dim : int

    Returns
    -------
    method : str
        ``sefa``, ``ganspace`` or ``entries``.
    directions : Tensor of shape (k, latent_dim), float64
        Five at most, the first ones; of ``entries`` all there are.
    """
    for find in (sefa, ganspace):
        found = find(generator, z, latent_dim)
        if len(found.directions):
            return found.method, found.directions[:_MOST]
    return "entries", torch.eye(latent_dim, dtype=torch.float64)
