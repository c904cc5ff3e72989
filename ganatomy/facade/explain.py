"""The usual questions to a discriminator, and to its generator, in one call."""

import warnings
from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.segments import default_side
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.explanation_guards import guard_target
from ganatomy.explain.maps.methods import Methods, refusals
from ganatomy.explain.maps.which import path_of
from ganatomy.explain.networks.batching import device_of, outputs_of
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.layers import layers_of
from ganatomy.explain.networks.targets import Target, d_logit, d_logit_of_g
from ganatomy.facade.checks import check_discriminator, check_names, usable_images
from ganatomy.facade.explanation import Asked, Explanation, Maps

_FEW = 2  # inputs of the pass that looks for layers
_BATCH = 256


def explain(
    discriminator: nn.Module,
    images: torch.Tensor,
    *,
    reals: torch.Tensor | None = None,
    generator: nn.Module | None = None,
    latents: torch.Tensor | None = None,
    layers: Sequence[str] | None = None,
    methods: Sequence[str] = ("gradcam", "hirescam"),
    num_samples: int = LimeSampling.num_samples,
    seed: int = 0,
) -> Explanation:
    """Explain what speaks for "real" in images: by class activation maps, LIME and two others.

    The two are integrated gradients and occlusion. Guards look at the images, the logit and every
    map: what cannot mean anything gets a reason in place of a map. The networks run in eval mode,
    on the device where they are, and come back as they were.

    Parameters
    ----------
    discriminator : nn.Module
        Images to logits of shape (n,), (n, 1), (n, 1, 1, 1), or (n, 1, h, w), of which the mean is
        explained.
    images : Tensor of shape (n, c, h, w), floating-point in [-1, 1]
        On any device.
    reals : Tensor of shape (m, c, h, w), floating-point in [-1, 1], optional
        Held-out images. What hides a place is then what stands there in some of them; without any
        it is the image's own blur.
    generator : nn.Module, optional
        Latents to images. Its layers are explained too, by D's logit of its images.
    latents : Tensor of shape (k, ...), optional
        Of the generator.
    layers : sequence of str, optional
        Dotted names in the discriminator that get class activation maps; when not given the layer
        where the network is looked at as a whole.
    methods : sequence of str
        Class activation maps: of ``ganatomy.explain.maps.gradcam.METHODS``.
    num_samples : int
        LIME's, for each image.
    seed : int
        Of what is drawn at random.

    Returns
    -------
    Explanation
        ``show()``, ``trust()``, ``save(path)``; a notebook shows it by itself.

    Raises
    ------
    InputError
        Images of another type, shape or range than networks of this kind take; a discriminator
        that does not return one logit for each image; an unknown layer or method.

    Warns
    -----
    UserWarning
        What to know of the result and is no error: images that seem to be in [0, 1], a mean over
        the patches of a PatchGAN, a network without feature maps.

    Examples
    --------
    >>> import ganatomy, torch
    >>> from torch import nn
    >>> D = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(784, 1))
    >>> held_out = torch.rand(8, 1, 16, 16) * 2 - 1
    >>> explanation = ganatomy.explain(D, held_out[:2], reals=held_out[2:], num_samples=200)
    >>> sorted(explanation.of_d.maps)
    ['gradcam 0', 'hirescam 0', 'integrated gradients', 'lime', 'occlusion']
    >>> explanation.of_d.maps["lime"].shape
    torch.Size([2, 16, 16])
    """
    check_names(discriminator, layers, methods)
    images, notes = usable_images(images, "images", discriminator)
    notes += check_discriminator(discriminator, images)
    if reals is not None:
        reals, about_reals = usable_images(reals, "reals", discriminator)
        notes += about_reals
    _check_together(images, reals, generator, latents)
    asked = Asked(
        discriminator,
        _layers(discriminator, images, layers, notes),
        images,
        _methods(methods, images, num_samples, notes.append),
        partial(_fills, reals),
        seed,
    )
    target = d_logit(discriminator)
    findings = [each for each in guard_target(target, images) if each.guard != "range"]
    g_maps = None
    if generator is not None and latents is not None:
        g_maps = _maps_of_generator(generator, latents, asked, notes)
    explanation = Explanation(
        _maps_of_discriminator(target, asked, given_layers=layers is not None),
        g_maps,
        None if reals is None else _values(target, reals),
        tuple(findings),
        tuple(dict.fromkeys(notes)),
        asked,
    )
    for note in explanation.notes:
        warnings.warn(note, stacklevel=2)
    return explanation


def _check_together(
    images: torch.Tensor,
    reals: torch.Tensor | None,
    generator: nn.Module | None,
    latents: torch.Tensor | None,
) -> None:
    if reals is not None and reals.shape[1:] != images.shape[1:]:
        raise InputError(
            f"they are {tuple(reals.shape[1:])}, the images {tuple(images.shape[1:])}",
            "reals",
            "Give both at the same size.",
        )
    if (generator is None) != (latents is None):
        missing = "latents" if latents is None else "generator"
        raise InputError("it is missing", missing, "Give generator and latents, or neither.")


def _layers(
    discriminator: nn.Module,
    images: torch.Tensor,
    asked: Sequence[str] | None,
    notes: list[str],
) -> tuple[str, ...]:
    if asked is not None:
        return tuple(asked)
    layers = layers_of(discriminator, images[:_FEW])
    if layers.last is not None:
        return (layers.last,)
    if not layers.convolutions:
        notes.append(
            "no layer of the discriminator returns a feature map: it has no class activation maps"
        )
    return layers.convolutions[-1:]


def _methods(
    cams: Sequence[str], images: torch.Tensor, num_samples: int, on_warning: Callable[[str], None]
) -> Methods:
    squares = Hiding(segment_side=default_side(max(images.shape[-2:])))
    sampling = LimeSampling(num_samples=num_samples)
    return Methods(tuple(cams), sampling, squares, on_warning=on_warning)


def _fills(reals: torch.Tensor | None, images: torch.Tensor, seed: int) -> torch.Tensor:
    """What hides a place: other real images where there are any, else the image's own blur."""
    if reals is None:
        return baselines("blur", images)
    return baselines("marginal", images, reals, seed)


def _maps_of_discriminator(target: Target, asked: Asked, given_layers: bool) -> Maps:
    images, seed = asked.images, asked.seed
    try:
        maps = asked.methods.maps(target, asked.layers, images, asked.fills_of(images, seed), seed)
    except InputError as error:
        if not given_layers:
            raise
        raise InputError(error.what, "layers", error.remedy) from None
    reasons = refusals(target, images, maps, images)
    return Maps(target.name, images.float().cpu(), _values(target, images), maps, reasons)


def _maps_of_generator(
    generator: nn.Module, latents: torch.Tensor, asked: Asked, notes: list[str]
) -> Maps:
    """D's logit of the generator's images, explained at the generator's last layer."""
    z, images = latents.detach(), outputs_of(generator, latents)
    if images.shape[1:] != asked.images.shape[1:]:
        raise InputError(
            f"its images are {tuple(images.shape[1:])}, those to explain "
            f"{tuple(asked.images.shape[1:])}",
            "generator",
            "Give the generator of this discriminator.",
        )
    target = d_logit_of_g(generator, asked.discriminator)
    last = layers_of(generator, z[:_FEW].to(device_of(generator))).last
    if last is None:
        notes.append("no layer of the generator has channels to compare: it has no maps")
    size = (images.shape[-2], images.shape[-1])
    paths = [] if last is None else [path_of("G", last)]
    z = z.to(device_of(generator))
    by_path = asked.methods.cam_maps(target, paths, z, size)
    maps = {name.replace(path_of("G", ""), ""): each for name, each in by_path.items()}
    reasons = refusals(target, z, maps, images)
    return Maps(target.name, images, _values(target, z), maps, reasons)


@torch.no_grad()
def _values(target: Target, inputs: torch.Tensor) -> torch.Tensor:
    with undisturbed(target.model):
        return torch.cat([target.values(part).float().cpu() for part in inputs.split(_BATCH)])
