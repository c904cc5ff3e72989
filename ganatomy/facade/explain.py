"""The usual questions to a discriminator, and to its generator, in one call."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.lime.baseline_check import said, settled
from ganatomy.explain.lime.settings import (
    AUTO,
    NEED_POOL,
    ORDER,
    Baseline,
    Hiding,
    LimeSampling,
)
from ganatomy.explain.maps.choices import DEFAULT_CAMS
from ganatomy.explain.maps.explanation_guards import guard_target
from ganatomy.explain.maps.methods import Methods, refusals, target_values
from ganatomy.explain.maps.which import path_of
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.layers import layers_of
from ganatomy.explain.networks.targets import Target, d_logit, d_logit_of_g
from ganatomy.facade.alone import OnProgress, alone, tell_nobody
from ganatomy.facade.checks import (
    about_generated,
    check_discriminator,
    check_names,
    check_whole,
    usable_images,
    usable_latents,
)
from ganatomy.facade.explanation import Asked, Explanation, Maps
from ganatomy.rng import generator as random_generator


def explain(
    discriminator: nn.Module,
    images: torch.Tensor,
    *,
    reals: torch.Tensor | None = None,
    generator: nn.Module | None = None,
    latents: torch.Tensor | None = None,
    layers: Sequence[str] | None = None,
    methods: Sequence[str] = DEFAULT_CAMS,
    baseline: Baseline = Hiding.baseline,
    num_samples: int = LimeSampling.num_samples,
    seed: int = 0,
    on_progress: OnProgress = tell_nobody,
) -> Explanation:
    """Explain what speaks for "real" in images: by class activation maps, LIME and two others.

    The two are integrated gradients and occlusion. Guards look at the images, the logit and every
    map: what cannot mean anything gets a reason in place of a map. The networks run in eval mode,
    on the device where they are, and come back as they were. Explanations run one at a time: those
    of other threads wait.

    Parameters
    ----------
    discriminator : nn.Module
        Images to logits of shape (n,), (n, 1), (n, 1, 1, 1), or (n, 1, h, w), of which the mean is
        explained. One that needs more than images, such as a class, goes into a module that fills
        it in.
    images : Tensor of shape (n, c, h, w), floating-point in [-1, 1]
        On any device.
    reals : Tensor of shape (m, c, h, w), floating-point in [-1, 1], optional
        Held-out images: D's logits of them are told beside those of `images`, and the baselines
        ``mean`` and ``marginal`` are made of them.
    generator : nn.Module, optional
        Latents to images. Its layers are explained too, by D's logit of its images.
    latents : Tensor of shape (k, d) or (k, d, 1, 1), optional
        Of the generator.
    layers : sequence of str, optional
        Dotted names in the discriminator that get class activation maps; when not given the layer
        where the network is looked at as a whole.
    methods : sequence of str
        Class activation maps: of ``ganatomy.explain.maps.gradcam.METHODS``.
    baseline : {"auto", "blur", "mean", "inpaint", "black", "marginal"}
        What hides a place, of LIME, occlusion and integrated gradients: the image's own blur, the
        mean of `reals`, what fits the pixels around, -1, or what stands there in other `reals`;
        ``auto`` is the first of these that the discriminator, asked about the first 200 of `reals`,
        takes for less real than the images, and without `reals` the blur.
    num_samples : int
        LIME's, for each image.
    seed : int
        Of what is drawn at random, by a network that draws as well.
    on_progress : callable
        Told (done, total, of what): perturbed images of LIME; later, by ``trust()``, tests.

    Returns
    -------
    Explanation
        ``show()``, ``trust()``, ``save(path)``; a notebook shows it by itself.

    Raises
    ------
    InputError
        Images of another type, shape or range than networks of this kind take; a discriminator
        that does not return one logit with a gradient for each image; an unknown layer, method or
        baseline.

    Warns
    -----
    UserWarning
        What to know of the result and is no error: images that seem to be in [0, 1], a
        discriminator that ends in a sigmoid, draws random numbers or compares the images of a
        batch, a mean over the patches of a PatchGAN, a network without feature maps, a baseline
        that means nothing to the discriminator, an image of which LIME has no map.

    Examples
    --------
    >>> import ganatomy, torch
    >>> from torch import nn
    >>> D = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(784, 1))
    >>> held_out = torch.rand(8, 1, 16, 16) * 2 - 1
    >>> explanation = ganatomy.explain(D, held_out[:2], reals=held_out[2:], num_samples=200)
    >>> explanation
    <Explanation of 2 images: show(), trust(), save("page.html"), of_d.maps>
    >>> sorted(explanation.of_d.maps)
    ['gradcam 0', 'hirescam 0', 'integrated gradients', 'lime', 'occlusion']
    >>> explanation.of_d.maps["lime"].shape
    torch.Size([2, 16, 16])
    """
    check_names(discriminator, layers, methods)
    check_whole(num_samples=num_samples, seed=seed)
    with alone(seed):
        images, notes = usable_images(images, "images", discriminator)
        notes += check_discriminator(discriminator, images)
        if reals is not None:
            reals, about_reals = usable_images(reals, "reals", discriminator)
            notes += about_reals
        _check_together(images, reals, generator, latents, baseline)
        target = d_logit(discriminator)
        hiding = _hiding(target, reals, baseline, seed, notes)
        asked = Asked(
            discriminator,
            _layers(discriminator, images, layers, notes),
            images,
            reals,
            Methods(tuple(methods), LimeSampling(num_samples=num_samples), hiding),
            seed,
            on_progress,
        )
        findings = [each for each in guard_target(target, images) if each.guard != "range"]
        d_maps = _maps_of_discriminator(target, asked, notes, given_layers=layers is not None)
        g_maps = None
        if generator is not None and latents is not None:
            g_maps = _maps_of_generator(generator, latents, asked, notes)
        explanation = Explanation(
            d_maps,
            g_maps,
            None if reals is None else target_values(target, reals),
            tuple(findings),
            tuple(dict.fromkeys(notes)),
            asked,
        )
    for note in explanation.notes:
        warnings.warn(note, stacklevel=_level_of_caller())
    return explanation


def _level_of_caller() -> int:
    """Count the frames from its caller to the first outside of this package: the user's line."""
    level, frame = 0, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("ganatomy."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    return level + 1


def _check_together(
    images: torch.Tensor,
    reals: torch.Tensor | None,
    generator: nn.Module | None,
    latents: torch.Tensor | None,
    baseline: str,
) -> None:
    if reals is not None and reals.shape[1:] != images.shape[1:]:
        raise InputError(
            f"they are {tuple(reals.shape[1:])}, the images {tuple(images.shape[1:])}",
            "reals",
            "Give both at the same size.",
        )
    if reals is None and baseline in NEED_POOL:
        raise InputError(
            f"the baseline {baseline} is made of them, and there are none",
            "reals",
            "Give some, or another `baseline`.",
        )
    if (generator is None) != (latents is None):
        missing = "latents" if latents is None else "generator"
        raise InputError("it is missing", missing, "Give generator and latents, or neither.")


def _hiding(
    target: Target, reals: torch.Tensor | None, baseline: Baseline, seed: int, notes: list[str]
) -> Hiding:
    hiding = Hiding(baseline=baseline)
    if reals is not None:
        draw = random_generator(seed, "explain", "asked about baselines")  # in no order of classes
        order = torch.randperm(len(reals), generator=draw).to(reals.device)
        hiding = settled(hiding, target, reals[order], reals, seed=seed)
        notes += said(hiding)
    elif baseline == AUTO:
        hiding = Hiding(baseline=ORDER[0])
    return hiding


def _layers(
    discriminator: nn.Module,
    images: torch.Tensor,
    asked: Sequence[str] | None,
    notes: list[str],
) -> tuple[str, ...]:
    if asked is not None:
        return tuple(asked)
    layers = layers_of(discriminator, images)
    if layers.last is not None:
        return (layers.last,)
    if not layers.convolutions:
        notes.append(
            "no layer of the discriminator returns a feature map: it has no class activation maps"
        )
    return layers.convolutions[-1:]


def _maps_of_discriminator(
    target: Target, asked: Asked, notes: list[str], *, given_layers: bool
) -> Maps:
    images, seed = asked.images, asked.seed
    methods = replace(
        asked.methods,
        on_warning=notes.append,
        on_progress=lambda done, total: asked.on_progress(done, total, "perturbed images"),
    )
    try:
        maps = methods.maps(target, asked.layers, images, asked.fills(images, seed), seed)
    except InputError as error:
        if error.where == "baseline":  # as far as the images go that it is made of
            raise InputError(error.what, "reals", error.remedy) from None
        if error.where in ("num_samples", "segments") or not given_layers:
            raise
        raise InputError(error.what, "layers", error.remedy) from None
    quiet = methods.quietly()
    reasons = refusals(
        target,
        images,
        maps,
        images=images,
        again=lambda other, some: quiet.maps(
            other, asked.layers, some, asked.fills(some, seed), seed
        ),
    )
    return Maps(target.name, images.float().cpu(), target_values(target, images), maps, reasons)


def _maps_of_generator(
    generator: nn.Module, latents: torch.Tensor, asked: Asked, notes: list[str]
) -> Maps:
    """D's logit of the generator's images, explained at the generator's last layer."""
    z = usable_latents(generator, latents)
    images = outputs_of(generator, z).float()
    notes += about_generated(images, asked.images.shape[1:])
    target = d_logit_of_g(generator, asked.discriminator)
    last = layers_of(generator, z).last
    if last is None:
        notes.append("no layer of the generator has channels to compare: it has no maps")
    size = (images.shape[-2], images.shape[-1])
    paths = [] if last is None else [path_of("G", last)]

    def explain_target(target: Target, latents: torch.Tensor) -> dict[str, torch.Tensor]:
        by_path = asked.methods.cam_maps(target, paths, latents, size)
        return {name.replace(path_of("G", ""), ""): each for name, each in by_path.items()}

    maps = explain_target(target, z)
    reasons = refusals(target, z, maps, images=images, again=explain_target)
    return Maps(target.name, images, target_values(target, z), maps, reasons)
