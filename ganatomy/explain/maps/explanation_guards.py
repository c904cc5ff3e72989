"""Explanations that cannot mean anything get a reason in words in place of a picture.

What no rule can see is left to whoever reads the map: colours given as BGR in place of RGB, height
exchanged for width in square images.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from ganatomy.data.images import BLACK
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import generator
from ganatomy.squashing import squashing

CONSTANT = 1e-6  # of the largest magnitude of the values
SATURATED_REACH = 0.01  # of the range of the values
SATURATED_SHARE = 0.5  # of the images
FLAT = 1e-5  # of the largest magnitude in any of a method's maps: float32 rounds differences so
FEWEST_OF_ONE_SIGN = 8  # images
NEAR_ZERO = 0.01  # of a map's mean magnitude
LOST = 0.5  # a map plus that of the negated target, over the map: 0 if signed, 1 or more if not

GUARDS = {
    "channels": (
        "images are (n, channels, height, width), and have the channels that the first "
        "convolution takes"
    ),
    "range": "images are floating-point numbers in [-1, 1], and not all of them in its upper half",
    "non_finite": "neither the images nor the target's values hold NaN or infinity",
    "softmax": "the target is no softmax over a single logit: that is 1 whatever the image",
    "constant": (
        f"the target's values of the images, of noise and of black differ by more than "
        f"{CONSTANT:g} of the largest of them"
    ),
    "saturated": (
        f"at {1 - SATURATED_SHARE:.0%} of the images or more, the gradient over the distance "
        f"between two images makes at least {SATURATED_REACH:.0%} of the range of the values"
    ),
    "map_size": "there is a map for each image, of the image's height and width",
    "map_non_finite": "the map holds neither NaN nor infinity",
    "flat": (
        f"the map's largest and smallest value differ by more than {FLAT:g} of the largest "
        "magnitude in any of the method's maps"
    ),
    "one_sign": (
        f"of a signed method and {FEWEST_OF_ONE_SIGN} images or more, some value has the other "
        f"sign, or most maps stay away from zero by {NEAR_ZERO:.0%} of their mean magnitude, or "
        "its maps of the negated target are the negatives: maps that touch zero and never cross "
        "it may be true, but one that lost its sign loses it on both sides"
    ),
}
"""What holds where nothing is wrong, in words."""


class ExplanationFinding(NamedTuple):
    """A guard that stepped in: a key of `GUARDS`, and what was seen, in words."""

    guard: str
    reason: str


def guard_target(
    target: Target, images: torch.Tensor, batch_size: int = 256
) -> list[ExplanationFinding]:
    """Check for what makes every explanation of this target of these images meaningless.

    Parameters
    ----------
    target : Target
    images : Tensor of shape (n, c, h, w), or (n, 2, c, h, w) for a target of pairs
        Latents, of shape (n, d) or (n, d, 1, 1), are judged by the target's values and gradients
        alone.
    batch_size : int

    Returns
    -------
    list of ExplanationFinding
        Empty where nothing is wrong. Where the network cannot take the images at all, no more
        than that.
    """
    findings = guard_channels(target, images) if _are_images(images) else []
    if not findings and _are_images(images):
        findings += guard_range(images)
    broken = ~images.flatten(1).isfinite().all(1)
    if bool(broken.any()):
        findings.append(ExplanationFinding("non_finite", f"{_of(broken)} hold NaN or infinity"))
    if findings and (findings[0].guard == "channels" or not images.is_floating_point()):
        return findings
    if bool(broken.any()):
        return findings
    return findings + _values(target, images, batch_size)


def guard_maps(
    name: str,
    maps: torch.Tensor,
    images: torch.Tensor,
    *,
    signed: bool = True,
    of_negated: Callable[[], torch.Tensor] | None = None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> list[str]:
    """Say why each of a method's maps should not be shown.

    Parameters
    ----------
    name : str
        The method, for the words.
    maps : Tensor of shape (n, h, w)
    images : Tensor of shape (n, c, h, w)
        What the maps are drawn over.
    signed : bool
        Whether the method can speak against the target. LayerCAM and an edge detector cannot.
    of_negated : callable, optional
        Gives the method's maps of the negated target, at the first k images, (k, h, w): asked where
        no map crosses zero. Without it such maps bring a warning, and stay: they may be true.
    on_warning : callable

    Returns
    -------
    list of str
        One reason for each image, "" where nothing is wrong.
    """
    if reason := _size(maps, images):
        return [f"{name}: {reason}"] * len(images)
    values = maps.flatten(1).double()
    finite = values.isfinite().all(1)
    reasons = ["" if ok else f"{name}: the map holds NaN or infinity" for ok in finite.tolist()]
    if not bool(finite.any()):
        return reasons
    largest = values[finite].abs().max()
    span = values.amax(1) - values.amin(1)
    for index in torch.nonzero(finite & (span <= FLAT * largest)).flatten().tolist():
        reasons[index] = (
            f"{name}: the map is flat ({float(values[index, 0]):.3g} everywhere): it says nothing "
            "about places, as of a layer with one position or a target that does not react"
        )
    if not (signed and (seen := _one_sign(values[finite]))):
        return reasons
    if of_negated is None:
        on_warning(f"{name}: {seen}, unless the truth is so; its maps of the negated target tell")
    elif has_lost_sign(maps, of_negated()):
        reasons = [text or f"{name}: {seen}" for text in reasons]
    return reasons


def has_lost_sign(maps: torch.Tensor, of_negated: torch.Tensor) -> bool:
    """Tell a method without a sign by its maps of the negated target.

    What is against the target is for the negated one: a signed method's maps are the negatives. A
    ReLU, an absolute value or a stretch to [0, 1] leaves a sum that is at least as large as the
    maps themselves.

    Parameters
    ----------
    maps : Tensor of shape (n, h, w)
    of_negated : Tensor of shape (k, h, w), k <= n
        Of the first k.

    Examples
    --------
    >>> maps = torch.tensor([[[0.0, 1.0, -2.0]]])
    >>> has_lost_sign(maps, -maps), has_lost_sign(maps.abs(), (-maps).abs())
    (False, True)
    """
    one = maps[: len(of_negated)].flatten(1).double().cpu()
    other = of_negated.flatten(1).double().cpu()
    whole = one.isfinite().all(1) & other.isfinite().all(1)
    return bool((one + other)[whole].norm() > LOST * one[whole].norm())


def guard_channels(target: Target, images: torch.Tensor) -> list[ExplanationFinding]:
    """Say where images have their channels last, or others than the first convolution takes."""
    shape = tuple(images.shape[-3:])
    if shape[0] not in (1, 3) and shape[2] in (1, 3):
        return [
            ExplanationFinding(
                "channels",
                f"images of shape {tuple(images.shape)} have their channels last; "
                "give them as (n, channels, height, width)",
            )
        ]
    expected = _channels_taken(target, images)
    if expected in (None, shape[0]):
        return []
    remedy = "the channels are last" if shape[2] == expected else "the images are of another kind"
    return [
        ExplanationFinding(
            "channels",
            f"images of shape {tuple(images.shape)} have {shape[0]} channels where the first "
            f"convolution takes {expected}: {remedy}",
        )
    ]


def _channels_taken(target: Target, images: torch.Tensor) -> int | None:
    """Channels of the first convolution that gets the images themselves; None if there is none."""
    met: list[tuple[tuple[int, ...], int]] = []

    def look(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        assert isinstance(module, nn.Conv2d)
        met.append((tuple(inputs[0].shape[-3:]), module.in_channels))

    convolutions = [each for each in target.model.modules() if isinstance(each, nn.Conv2d)]
    handles = [each.register_forward_pre_hook(look) for each in convolutions]
    try:
        with undisturbed(target.model), torch.no_grad():
            target.score(images[:1] if images.is_floating_point() else images[:1].float())
    except Exception:
        # what it takes is known by now; an error with another cause is left to the explanation
        if not met or met[0][1] == met[0][0][0]:
            raise
    finally:
        for handle in handles:
            handle.remove()
    same = met and met[0][0] == tuple(images.shape[-3:])
    return met[0][1] if same else None


def guard_range(images: torch.Tensor) -> list[ExplanationFinding]:
    """Say where images are not floating-point in [-1, 1], or seem to be in [0, 1]."""
    if not images.is_floating_point():
        return [
            ExplanationFinding(
                "range", f"images are {images.dtype}; give floating-point in [-1, 1]"
            )
        ]
    low, high = (float(each) for each in images.detach().aminmax())
    seen = f"images lie between {low:.3g} and {high:.3g}, not in [-1, 1]"
    if high > 2 and low >= 0:
        return [ExplanationFinding("range", f"{seen}: they seem to be in [0, 255]")]
    if low < -1.01 or high > 1.01:
        return [ExplanationFinding("range", seen)]
    if low >= 0:
        return [
            ExplanationFinding(
                "range", f"{seen}: they seem to be in [0, 1], where black is mid-grey"
            )
        ]
    return []


def _values(target: Target, images: torch.Tensor, batch_size: int) -> list[ExplanationFinding]:
    inputs = torch.cat([images, _probes(images)])
    squashed: list[tuple[str, int]] = []

    def measure(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        batch = inputs[start:stop].detach().clone().requires_grad_()
        values = target.values(batch)
        squashed.append(squashing(values))
        gradient = torch.zeros_like(batch)
        if values.requires_grad:
            (slope,) = torch.autograd.grad(values.sum(), batch, allow_unused=True)
            gradient = gradient if slope is None else slope
        norms = gradient.flatten(1).double().norm(dim=1)
        return values.detach().double().cpu(), norms.cpu()

    with undisturbed(target.model), torch.inference_mode(False), torch.enable_grad():
        parts = in_batches(measure, len(inputs), batch_size)
    values, norms = (torch.cat(each) for each in zip(*parts))
    function, width = squashed[0]
    broken = ~values.isfinite()
    if bool(broken.any()):
        of_images = broken[: len(images)]
        where = _of(of_images) if bool(of_images.any()) else "noise or black"
        return [ExplanationFinding("non_finite", f"{target.name} of {where} is NaN or infinite")]
    spread = values.max() - values.min()
    if float(spread) <= CONSTANT * float(values.abs().max()):
        return [_constant(target.name, values, function, width)]
    own = values[: len(images)]
    among = own.max() - own.min()
    if not function and float(among) > CONSTANT * float(own.abs().max()):
        spread, inputs = among, images  # without bounds noise may lie far outside of the images
    distance = (inputs - inputs.roll(1, 0)).flatten(1).double().norm(dim=1).mean().cpu()
    stuck = norms[: len(images)] * distance < SATURATED_REACH * spread
    if float(stuck.double().mean()) <= SATURATED_SHARE:
        return []
    by = f" behind a {function.lower()}" if function else ""
    return [
        ExplanationFinding(
            "saturated",
            f"{target.name}{by} is saturated at {_of(stuck)}: its values lie between "
            f"{float(values.min()):.4g} and {float(values.max()):.4g}, but its gradient there is "
            "all but zero; explain what is before the function that saturates",
        )
    ]


def _constant(name: str, values: torch.Tensor, function: str, width: int) -> ExplanationFinding:
    value = float(values[0])
    everywhere = f"{name} is {value:.6g} for every image, for noise and for black"
    by_softmax = "Softmax" in function and width == 1
    if by_softmax or (not function and bool((values.abs() == 1).all())):
        return ExplanationFinding(
            "softmax", f"{everywhere}: a softmax over a single logit is always 1; explain the logit"
        )
    if function:
        return ExplanationFinding(
            "saturated",
            f"{everywhere}: the {function.lower()} at its end is saturated; explain what is "
            "before it",
        )
    return ExplanationFinding("constant", f"{everywhere}: it does not look at them")


def _are_images(inputs: torch.Tensor) -> bool:
    """Not latents, which transposed convolutions take with one position each."""
    return inputs.ndim >= 4 and inputs.shape[-2:] != (1, 1)


def _probes(images: torch.Tensor) -> torch.Tensor:
    """Noise and black, or for latents two more latents."""
    draw = generator(0, "guards", "noise")
    if not _are_images(images):
        return torch.randn(2, *images.shape[1:], generator=draw).to(images)
    noise = torch.rand(1, *images.shape[1:], generator=draw) * 2 - 1
    return torch.cat([noise, torch.full_like(noise, BLACK)]).to(images)


def _size(maps: torch.Tensor, images: torch.Tensor) -> str:
    if maps.ndim == 3 and len(maps) == len(images) and maps.shape[1:] == images.shape[-2:]:
        return ""
    seen = f"maps of shape {tuple(maps.shape)} for images of shape {tuple(images.shape)}"
    if maps.ndim == 3 and maps.shape[1:] == images.shape[-2:][::-1]:
        return f"{seen}: height and width are exchanged"
    return f"{seen}: there is not one map for each image and pixel"


def _one_sign(values: torch.Tensor) -> str:
    """A ReLU, an absolute value or a stretch to [0, 1] in maps of shape (n, h * w).

    That all are of one sign is no proof: half of all Grad-CAM maps of trained discriminators are,
    because the gradient's mean meets the same background everywhere. But those keep clear of zero.
    """
    low, high = values.amin(1), values.amax(1)
    crossed = bool((low < 0).any()) and bool((high > 0).any())
    if crossed or len(values) < FEWEST_OF_ONE_SIGN:
        return ""
    sizes = values.abs()
    touching = sizes.amin(1) <= NEAR_ZERO * sizes.mean(1)
    if float(touching.double().mean()) <= 0.5:
        return ""
    sign = "below" if bool((low >= 0).all()) else "above"
    odd = f"no value of any of {len(values)} maps is {sign} zero, though the method is signed"
    if bool((low == 0).all() and (high == 1).all()):
        return f"{odd}: each was stretched to [0, 1], which loses sign and size"
    return f"{odd}: a ReLU or an absolute value was applied"


def _of(which: torch.Tensor) -> str:
    return f"{int(which.sum())} of {len(which)} images"
