"""Adversarial losses as pure functions of logits, each by its name."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from ganatomy.errors import InputError

OfTwoLogits = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Loss:
    """The losses that the discriminator and the generator minimise.

    Attributes
    ----------
    discriminator : callable
        (real_logits, fake_logits), each of shape (n,), to a Tensor of shape ().
    generator : callable
        (fake_logits, real_logits), in this order, to a Tensor of shape ().
    needs_real : bool
        Whether the generator's loss looks at the real logits; without it any tensor will do there.
    """

    discriminator: OfTwoLogits
    generator: OfTwoLogits
    needs_real: bool


def discriminator_bce(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Add the means of -log sigmoid(real) and of -log(1 - sigmoid(fake)).

    Goodfellow et al. 2014 (arXiv 1406.2661).

    Parameters
    ----------
    real_logits, fake_logits : Tensor of shape (n,)

    Returns
    -------
    Tensor of shape ()
    """
    return functional.softplus(-real_logits).mean() + functional.softplus(fake_logits).mean()


def generator_bce(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return the non-saturating loss of the same paper: the mean of -log sigmoid(fake)."""
    return functional.softplus(-fake_logits).mean()


def discriminator_hinge(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Add the means of max(0, 1 - real) and of max(0, 1 + fake).

    Lim & Ye 2017 (arXiv 1705.02894), Miyato et al. 2018 (arXiv 1802.05957).
    """
    return functional.relu(1 - real_logits).mean() + functional.relu(1 + fake_logits).mean()


def discriminator_wgan(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    """Subtract the mean real logit from the mean fake one (Arjovsky et al. 2017, arXiv 1701.07875).

    It estimates a distance only where D's slope is bounded, for example by `gradient_penalty`.
    """
    return fake_logits.mean() - real_logits.mean()


def generator_linear(fake_logits: torch.Tensor) -> torch.Tensor:
    """Return minus the mean fake logit: the generator's hinge and Wasserstein loss."""
    return -fake_logits.mean()


def relativistic(winning_logits: torch.Tensor, losing_logits: torch.Tensor) -> torch.Tensor:
    """Return the mean of -log sigmoid(winning - losing), where logits are paired by position.

    Jolicoeur-Martineau 2018 (arXiv 1807.00734), Huang et al. 2024 (arXiv 2501.05441). D wants the
    real logit to win, G the fake one.

    Parameters
    ----------
    winning_logits, losing_logits : Tensor of shape (n,)
    """
    return functional.softplus(losing_logits - winning_logits).mean()


LOSSES: dict[str, Loss] = {
    "bce": Loss(discriminator_bce, lambda fake, _: generator_bce(fake), needs_real=False),
    "hinge": Loss(discriminator_hinge, lambda fake, _: generator_linear(fake), needs_real=False),
    "wgan": Loss(discriminator_wgan, lambda fake, _: generator_linear(fake), needs_real=False),
    "relativistic": Loss(relativistic, relativistic, needs_real=True),
}


def loss_named(name: str) -> Loss:
    """Return the loss of that name.

    Raises
    ------
    InputError
        There is none.
    """
    if name not in LOSSES:
        raise InputError(f"there is no loss {name!r}", "loss", f"Use one of: {', '.join(LOSSES)}.")
    return LOSSES[name]
