"""Penalties on the slope of the discriminator, as pure functions that can be trained through.

Each calls the discriminator once more. Where that has BatchNorm in train mode, its running
statistics see one batch more, and an image's gradient is that of all the batch's logits.

They take the batches of N networks, too: images, labels, logits and mix then have the networks as
first axis, and what is returned is of shape (N,).
"""

from collections.abc import Callable

import torch

Discriminator = Callable[..., torch.Tensor]


def r1_penalty(
    discriminator: Discriminator, real_images: torch.Tensor, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """Return half the batch mean of the logit's squared gradient norm at each real image.

    Mescheder et al. 2018 (arXiv 1801.04406).

    Parameters
    ----------
    discriminator : callable
        Images, and labels where there are any, to logits of shape (n,).
    real_images : Tensor of shape (n, c, h, w), floating point
        No gradient goes back into them.
    labels : Tensor of shape (n,), int64, optional

    Returns
    -------
    Tensor of shape ()
    """
    gradient = _input_gradient(discriminator, real_images, labels)
    return gradient.square().sum((-3, -2, -1)).mean(-1) / 2


def r2_penalty(
    discriminator: Discriminator, fake_images: torch.Tensor, labels: torch.Tensor | None = None
) -> torch.Tensor:
    """Return the penalty of `r1_penalty` at generated images (same paper)."""
    return r1_penalty(discriminator, fake_images, labels)


def gradient_penalty(
    discriminator: Discriminator,
    real_images: torch.Tensor,
    fake_images: torch.Tensor,
    mix: torch.Tensor,
    labels: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the batch mean of (gradient norm - 1)^2 between real and generated images.

    Gulrajani et al. 2017 (arXiv 1704.00028). Where the gradient is zero the penalty is 1 and has
    itself no gradient.

    Parameters
    ----------
    discriminator, labels
        As in `r1_penalty`.
    real_images, fake_images : Tensor of shape (n, c, h, w), floating point
        Paired by position; no gradient goes back into them.
    mix : Tensor of shape (n,), in [0, 1], on the images' device
        Share of the real image, usually uniform.

    Returns
    -------
    Tensor of shape ()
    """
    share = mix.to(real_images.dtype)[..., None, None, None]
    images = share * real_images.detach() + (1 - share) * fake_images.detach()
    gradient = _input_gradient(discriminator, images, labels)
    # vector_norm has derivative 0 at 0, where the root of a sum of squares has NaN
    norms: torch.Tensor = torch.linalg.vector_norm(gradient, dim=(-3, -2, -1))
    return (norms - 1).square().mean(-1)


def _input_gradient(
    discriminator: Discriminator, images: torch.Tensor, labels: torch.Tensor | None
) -> torch.Tensor:
    images = images.detach().requires_grad_()
    logits = discriminator(images) if labels is None else discriminator(images, labels)
    gradient: torch.Tensor = torch.autograd.grad(logits.sum(), images, create_graph=True)[0]
    return gradient
