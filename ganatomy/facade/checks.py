"""What is given to the facade, looked at before anything is computed; errors name the argument."""

from collections.abc import Sequence

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.maps.explanation_guards import guard_channels, guard_range
from ganatomy.explain.maps.gradcam import METHODS
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import d_logit, logits_of

_REMEDY = (
    "Give floating-point in [-1, 1]: `ganatomy.to_float(images)` makes them of uint8 in [0, 255], "
    "`2 * images - 1` of [0, 1]."
)
_REACH = 1.01  # as the guard has it


def usable_images(
    images: torch.Tensor, where: str, discriminator: nn.Module
) -> tuple[torch.Tensor, list[str]]:
    """Bring images to the discriminator's device and type; and say what is odd about them.

    Raises
    ------
    InputError
        No images, or of another type or range than networks of this kind take.
    """
    if not isinstance(images, torch.Tensor):
        raise InputError(f"a {type(images).__name__}", where, "Give a torch.Tensor.")
    if images.ndim != 4 or not len(images):
        raise InputError(
            f"a tensor of shape {tuple(images.shape)}", where, "Give images (n, c, h, w), n > 0."
        )
    if images.is_floating_point() and not bool(images.isfinite().all()):
        broken = ~images.flatten(1).isfinite().all(1)
        raise InputError(
            f"{int(broken.sum())} of {len(images)} images hold NaN or infinity",
            where,
            "Leave them out.",
        )
    odd = guard_range(images)
    if odd and not (images.is_floating_point() and float(images.abs().max()) <= _REACH):
        raise InputError(odd[0].reason, where, _REMEDY)
    kind = next((p.dtype for p in discriminator.parameters() if p.is_floating_point()), None)
    notes = [f"{finding.reason} [{where}]. {_REMEDY}" for finding in odd]
    return images.detach().to(device_of(discriminator), kind or images.dtype), notes


def check_discriminator(discriminator: nn.Module, images: torch.Tensor) -> list[str]:
    """Check that it takes the images and returns a logit for each; say what is odd about them.

    Raises
    ------
    InputError
        It does neither.
    """
    few = images[:2]
    try:
        odd = guard_channels(d_logit(discriminator), few)
        if not odd:
            with undisturbed(discriminator), torch.no_grad():
                output = discriminator(few)
            values = logits_of(output, len(few))
    except (RuntimeError, TypeError, IndexError) as error:
        raise InputError(
            f"it cannot take images of shape {tuple(images.shape)}: {str(error).splitlines()[0]}",
            "discriminator",
            "Give images of the size and the kind that it was trained on.",
        ) from None
    if odd:
        remedy = "Give images of the kind that it was trained on."
        raise InputError(odd[0].reason, "images", remedy)
    if values.shape != (len(few),):
        raise InputError(
            f"it returns shape {tuple(output.shape)} for {len(few)} images",
            "discriminator",
            "One that returns a logit for each image can be explained: shape (n,), (n, 1), "
            "(n, 1, 1, 1), or (n, 1, h, w).",
        )
    if output.numel() > len(few):
        places = " x ".join(map(str, output.shape[2:]))
        return [
            f"the discriminator returns {places} logits for an image, one for each patch: "
            "their mean is what is explained"
        ]
    return []


def check_names(
    discriminator: nn.Module, layers: Sequence[str] | None, methods: Sequence[str]
) -> None:
    """Refuse what is no network, layers that it does not have, and unknown methods.

    Raises
    ------
    InputError
    """
    if not isinstance(discriminator, nn.Module):
        raise InputError(
            f"a {type(discriminator).__name__}", "discriminator", "Give a torch.nn.Module."
        )
    known = [name for name, _ in discriminator.named_modules() if name]
    for layer in layers or ():
        if layer not in known:
            raise InputError(f"no layer {layer!r}", "layers", f"There are: {', '.join(known)}.")
    for method in methods:
        if method not in METHODS:
            raise InputError(f"no method {method!r}", "methods", f"Use {', '.join(METHODS)}.")
