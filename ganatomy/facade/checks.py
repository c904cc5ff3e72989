"""What is given to the facade, looked at before anything is computed; errors name the argument."""

import inspect
from collections.abc import Sequence
from operator import index

import torch
from torch import nn

from ganatomy.data.images import BLACK
from ganatomy.errors import InputError
from ganatomy.explain.maps.explanation_guards import guard_channels, guard_range
from ganatomy.explain.maps.gradcam import METHODS
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import d_logit, logits_of
from ganatomy.squashing import squashing

_REMEDY = (
    "Give floating-point in [-1, 1]: `ganatomy.to_float(images)` makes them of uint8 in [0, 255], "
    "`2 * images - 1` of [0, 1]."
)
_REACH = 1.01  # as the guard has it
_SAME = 1e-3  # of the largest answer; half precision gives as much for one in a batch of two


def as_taken(tensor: torch.Tensor, network: nn.Module) -> torch.Tensor:
    """Copy a tensor to a network's device and floating-point type: nobody writes into the given."""
    kind = next((p.dtype for p in network.parameters() if p.is_floating_point()), tensor.dtype)
    return tensor.detach().to(device_of(network), kind, copy=True)


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
    if images.ndim != 4 or not images.numel():
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
    if odd and not (images.is_floating_point() and float(images.detach().abs().max()) <= _REACH):
        raise InputError(odd[0].reason, where, _REMEDY)
    notes = [f"{finding.reason} [{where}]. {_REMEDY}" for finding in odd]
    return as_taken(images, discriminator), notes


def check_discriminator(discriminator: nn.Module, images: torch.Tensor) -> list[str]:
    """Check that it takes the images and returns a logit for each; say what is odd about it.

    Raises
    ------
    InputError
        It does neither; it has no gradient, or writes into the images.
    """
    _check_forward(discriminator)
    pair = torch.cat([images[:1], torch.full_like(images[:1], BLACK)])
    given = pair.clone()
    try:
        if odd := guard_channels(d_logit(discriminator), given):
            raise InputError(
                odd[0].reason, "images", "Give images of the kind that it was trained on."
            )
        with undisturbed(discriminator), torch.no_grad():
            output = discriminator(given)
            again, alone = discriminator(given.clone()), discriminator(given[:1].clone())
    except InputError:
        raise
    except Exception as error:
        raise _failed("discriminator", "images", images, error) from error
    values = logits_of(output, len(pair))
    if values.shape != (len(pair),):
        raise InputError(
            f"it returns shape {tuple(output.shape)} for {len(pair)} images",
            "discriminator",
            "One that returns a logit for each image can be explained: shape (n,), (n, 1), "
            "(n, 1, 1, 1), or (n, 1, h, w).",
        )
    if not torch.equal(given, pair):
        raise InputError(
            "it writes into the images that it is given",
            "discriminator",
            "Let its first operations make new tensors: no `inplace=True`, `x = x - 1` for "
            "`x -= 1`.",
        )
    return [
        *_about_patches(output, len(pair)),
        *_about_company(values, logits_of(again, len(pair)), logits_of(alone, 1)),
        *_about_bounds(discriminator, pair),
    ]


def _check_forward(network: nn.Module) -> None:
    """Refuse one that asks for more than images."""
    try:
        parameters = inspect.signature(network.forward).parameters.values()
    except (TypeError, ValueError):  # not written in Python
        return
    named = [each.name for each in parameters if each.default is each.empty and _is_one(each)]
    if len(named) > 1:
        raise InputError(
            f"its forward asks for {', '.join(named)}, not for images alone",
            "discriminator",
            "Wrap it in a module whose forward takes images and fills in the rest, such as a "
            "class.",
        )


def _is_one(parameter: inspect.Parameter) -> bool:
    return parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def _failed(where: str, what: str, inputs: torch.Tensor, error: Exception) -> InputError:
    words = next(iter(str(error).splitlines()), "")
    return InputError(
        f"it cannot take {what} of shape {tuple(inputs.shape[1:])}, one or two at a time: "
        f"{type(error).__name__}{': ' if words else ''}{words}",
        where,
        f"Give {what} of the size and the kind that it was trained on, to a network that takes any "
        "number of them.",
    )


def _about_patches(output: torch.Tensor, count: int) -> list[str]:
    if output.numel() <= count:
        return []
    places = " x ".join(map(str, output.shape[2:]))
    return [
        f"the discriminator returns {places} logits for an image, one for each patch: "
        "their mean is what is explained"
    ]


def _about_company(values: torch.Tensor, again: torch.Tensor, alone: torch.Tensor) -> list[str]:
    """Whether the answer to an image depends on chance, or on the image beside it."""
    if _differ(values, again):
        return [
            "the discriminator answers the same image differently each time, in eval mode too: it "
            "draws random numbers, so that maps mix its answers with chance"
        ]
    if _differ(values[:1], alone):
        return [
            "the discriminator's answer to an image depends on the others in its batch, as with "
            "minibatch statistics: what is explained is its answer among altered copies"
        ]
    return []


def _differ(one: torch.Tensor, other: torch.Tensor) -> bool:
    near = _SAME * float(one.float().nan_to_num().abs().max())
    return not torch.allclose(one.float(), other.float(), rtol=0, atol=near, equal_nan=True)


def _about_bounds(discriminator: nn.Module, images: torch.Tensor) -> list[str]:
    """Whether what is called a logit is one."""
    with undisturbed(discriminator), torch.enable_grad():
        values = d_logit(discriminator).values(images.clone().requires_grad_())
    if not values.requires_grad:
        raise InputError(
            "what it returns has no gradient with respect to the images",
            "discriminator",
            "Compute it without detach, no_grad, rounding or numpy.",
        )
    function = squashing(values)[0].lower()
    if not function:
        return []
    return [
        f"the discriminator ends in a {function}: where its logit is spoken of, the {function} of "
        "it is meant, which hardly moves where the discriminator is sure. Explain it without its "
        "last layer"
    ]


def usable_latents(generator: nn.Module, latents: torch.Tensor) -> torch.Tensor:
    """Bring latents to the generator's device and type.

    Raises
    ------
    InputError
        No network, no latents, or latents that the generator does not take.
    """
    if not isinstance(generator, nn.Module):
        raise InputError(f"a {type(generator).__name__}", "generator", "Give a torch.nn.Module.")
    if not isinstance(latents, torch.Tensor):
        raise InputError(f"a {type(latents).__name__}", "latents", "Give a torch.Tensor.")
    if latents.ndim < 2 or not latents.numel():
        raise InputError(
            f"a tensor of shape {tuple(latents.shape)}",
            "latents",
            "Give one for each image: (n, d) or (n, d, 1, 1), n > 0.",
        )
    if not bool(latents.isfinite().all()):
        raise InputError("some are NaN or infinite", "latents", "Leave them out.")
    z = as_taken(latents, generator)
    try:
        with undisturbed(generator), torch.no_grad():
            images = generator(z[:2])
    except Exception as error:
        raise _failed("generator", "latents", z, error) from error
    if not isinstance(images, torch.Tensor):
        raise InputError(
            f"it returns a {type(images).__name__}, not images",
            "generator",
            "Wrap it in a module that returns its images alone.",
        )
    return z


def about_generated(images: torch.Tensor, expected: torch.Size) -> list[str]:
    """See that generated images are like those to explain; and say what is odd about them.

    Raises
    ------
    InputError
        They have another shape.
    """
    if images.shape[1:] != expected:
        raise InputError(
            f"its images are {tuple(images.shape[1:])}, those to explain {tuple(expected)}",
            "generator",
            "Give the generator of this discriminator.",
        )
    return [f"the generator's {each.reason} [generator]" for each in guard_range(images)]


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
    for where, given in (("layers", layers), ("methods", methods)):
        if isinstance(given, str):  # a sequence of its letters
            raise InputError(f"the text {given!r}", where, f"Give a list: [{given!r}].")
    known = [name for name, _ in discriminator.named_modules() if name]
    for layer in layers or ():
        if layer not in known:
            raise InputError(f"no layer {layer!r}", "layers", f"There are: {', '.join(known)}.")
    for method in methods:
        if method not in METHODS:
            raise InputError(f"no method {method!r}", "methods", f"Use {', '.join(METHODS)}.")


def check_whole(**numbers: int) -> None:
    """Refuse what is no whole number, by the name of its argument.

    Raises
    ------
    InputError
    """
    for where, number in numbers.items():
        try:
            index(number)
        except TypeError:
            raise InputError(f"{number!r}", where, "Give a whole number.") from None
