"""Adversarial losses as pure functions of logits (Goodfellow et al. 2014, arXiv 1406.2661)."""

import torch
from torch.nn import functional


def discriminator_bce(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Mean of -log sigmoid(real) and of -log(1 - sigmoid(fake)), added.

    Parameters
    ----------
    real_logits, fake_logits : Tensor of shape (n,)

    Returns
    -------
    Tensor of shape ()
    """
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


def generator_bce(fake_logits: torch.Tensor) -> torch.Tensor:
    """The non-saturating loss: mean of -log sigmoid(fake)."""
    return functional.softplus(-fake_logits).mean()
