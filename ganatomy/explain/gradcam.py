"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391), signed, for many layers in one pass.

The published method ends in a ReLU. Here the sign stays: positive regions raise the target,
negative ones lower it. A generator's "no" to a region is as much of an explanation as its "yes".
"""

import torch
from torch.nn import functional

from ganatomy.explain.hooks import captured
from ganatomy.explain.targets import Target


def gradcam(
    target: Target, layers: list[str], inputs: torch.Tensor, size: tuple[int, int]
) -> dict[str, torch.Tensor]:
    """Maps of every layer from one forward and one backward pass.

    Parameters
    ----------
    target : Target
    layers : list of str
        Dotted names in ``target.model``, each returning (n, channels, height, width).
    inputs : Tensor of shape (n, ...)
    size : (int, int)
        Height and width that the maps are upsampled to (bilinear).

    Returns
    -------
    dict of str to Tensor of shape (n, height, width), float32 on the CPU
        ``sum_c mean_hw(d target / d activation_c) * activation_c``, not rescaled.

    Raises
    ------
    InputError
        Unknown layer.
    ValueError
        The target is not one scalar per input, or a layer's output is not a feature map.
    """
    with captured(target.model, layers) as activations, torch.enable_grad():
        scores = target.score(inputs.detach().requires_grad_())
        if scores.shape != (len(inputs),):
            raise ValueError(f"target {target.name} gave {tuple(scores.shape)}, not one per input")
        gradients = torch.autograd.grad(scores.sum(), [activations[name] for name in layers])
    maps = {}
    for name, gradient in zip(layers, gradients):
        activation = activations[name].detach()
        if activation.ndim != 4:
            raise ValueError(f"layer {name} returns {tuple(activation.shape)}, not a feature map")
        cam = (gradient.mean((2, 3), keepdim=True) * activation).sum(1, keepdim=True)
        cam = functional.interpolate(cam, size, mode="bilinear", align_corners=False)
        maps[name] = cam.squeeze(1).float().cpu()
    return maps
