"""Whether D's logit can still move, and moves with the image."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.explain.maps.explanation_guards import guard_target
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import d_logit
from ganatomy.squashing import squashing

RESOLVED = -math.log(torch.finfo(torch.float32).eps / 2)  # 16.6: beyond, float32's sigmoid is 1
_GUARDS = ("constant", "saturated", "softmax")
_BATCH = 256


@dataclass(frozen=True)
class Saturation:
    """End of D, and the gradient that reaches its images.

    Attributes
    ----------
    function : str
        The bounded function at D's end in lower case ("sigmoid", "tanh"), "" for none.
    beyond : float in [0, 1]
        Share of the images with a logit beyond what a sigmoid in float32 tells from 1.
    median_norm : float
        Of the gradient with respect to the image in [-1, 1], in logits.
    without : float in [0, 1]
        Share of the images that no gradient reaches.
    reasons : tuple of str
        Why its explanations would mean nothing, as of the guards of maps.
    """

    function: str
    beyond: float
    median_norm: float
    without: float
    reasons: tuple[str, ...]


def saturation(network: nn.Module, images: torch.Tensor) -> Saturation:
    """Look at D's end, its logits and its gradients.

    Parameters
    ----------
    network : nn.Module
    images : Tensor of shape (n, c, h, w), float in [-1, 1]
        Reals and fakes.
    """
    target, device = d_logit(network), device_of(network)
    values, norms, function = [], [], ""
    with undisturbed(network), torch.inference_mode(False), torch.enable_grad():
        for part in images.split(_BATCH):
            batch = part.to(device, copy=True).requires_grad_()
            logits = target.values(batch)
            function = squashing(logits)[0].lower()
            norms.append(_gradient_norms(logits, batch))
            values.append(logits.detach().cpu())
    norm = torch.cat(norms)
    return Saturation(
        function,
        float((torch.cat(values).abs() > RESOLVED).double().mean()),
        float(norm.median()),
        float((norm == 0).double().mean()),
        tuple(
            each.reason for each in guard_target(target, images.to(device)) if each.guard in _GUARDS
        ),
    )


def _gradient_norms(logits: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
    if not logits.requires_grad:
        return torch.zeros(len(batch), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(logits.sum(), batch, allow_unused=True)
    gradient = torch.zeros_like(batch) if gradient is None else gradient
    norms: torch.Tensor = gradient.flatten(1).double().norm(dim=1).cpu()
    return norms
