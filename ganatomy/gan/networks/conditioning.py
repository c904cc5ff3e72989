"""How a class enters: as a one-hot end of the latents in G, as a projection in D."""

import torch
from torch.nn import functional

from ganatomy.gan.networks.channels_last import FlatLinear


def equal_power(z: torch.Tensor, latent_dim: int) -> torch.Tensor:
    """Scale the one-hot class of latents to the mean length of their random part.

    Else a class would start out sqrt(latent_dim) times weaker than the noise; StyleGAN2-ADA (Karras
    et al. 2020, arXiv 2006.06676) normalises both for the same reason.

    Parameters
    ----------
    z : Tensor of shape (n, latent_dim + num_classes)
    latent_dim : int
    """
    return torch.cat([z[:, :latent_dim], z[:, latent_dim:] * latent_dim**0.5], 1)


def add_class(
    logits: torch.Tensor,
    embedding: FlatLinear | None,
    hidden: torch.Tensor,
    labels: torch.Tensor | None,
) -> torch.Tensor:
    """Add to each logit the product of its class's embedding and the features.

    The projection discriminator (Miyato & Koyama 2018, arXiv 1802.05637), on the flattened map
    instead of its sum over positions: each position sees a part of the image only, and a class
    depends on where its parts are.

    Parameters
    ----------
    logits : Tensor of shape (n,)
    embedding : FlatLinear or None
        Its rows are the classes' embeddings; None in an unconditional network.
    hidden : Tensor of shape (n, c, h, w)
    labels : LongTensor of shape (n,), optional
        Without them the sum is averaged over the classes: that of the mean embedding.

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    ValueError
        Labels for a network without classes.
    """
    if embedding is None:
        if labels is not None:
            raise ValueError("labels were given to a discriminator without classes")
        return logits
    products: torch.Tensor = embedding(hidden)
    if labels is None:
        return logits + products.mean(1)
    # a product, not an indexing: its gradient is the same sum on every device
    return logits + (products * functional.one_hot(labels, embedding.out_features)).sum(1)
