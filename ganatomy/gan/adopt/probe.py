"""What an adopted GAN really does, whatever was said of it: each oddity in a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator
from ganatomy.gan.adopt.port import SHAPES
from ganatomy.gan.adopt.reference import LEVEL
from ganatomy.gan.adopt.styles import StyledGenerator
from ganatomy.gan.sampling import drawn
from ganatomy.rng import generator as random_generator
from ganatomy.squashing import squashing

_SAME = 1e-3  # of the spread of the answers
_BEYOND = 1.02  # images in [-1, 1] reach so far by rounding and soft edges
_NARROW = 0.1  # of images in [-1, 1]
_ALIKE = 1e-3  # of the range: the mean standard deviation of a pixel over latents
_NUM = 8
_FEWEST_SIDE, _MOST_CHANNELS = 8, 16


class Oddity(NamedTuple):
    """One thing that is not as it should be.

    Parameters
    ----------
    rule : str
    words : str
        What was seen, and what to do about it.
    """

    rule: str
    words: str


@dataclass(frozen=True)
class Probe:
    """All that was seen of an adopted GAN.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height, width of what G makes or D was given.
    low, high : float or None
        The darkest and brightest value that G made, in our terms: [-1, 1].
    oddities : tuple of Oddity
    """

    image_shape: tuple[int, ...]
    low: float | None
    high: float | None
    oddities: tuple[Oddity, ...]


def probe(adopted: Adopted, images: torch.Tensor | None = None, *, seed: int = 0) -> Probe:
    """Ask both networks a few questions whose answers are known if all is well.

    Parameters
    ----------
    adopted : Adopted
    images : Tensor of shape (n, c, h, w), float in [-1, 1], optional
        Real ones; D is asked about those of G where there are none.
    seed : int

    Raises
    ------
    InputError
        A network fails on what it is said to take, gives no images or logits, or NaN.
    """
    oddities: list[Oddity] = []
    made = None
    if isinstance(adopted.generator, AdoptedGenerator):
        made = _ask_generator(adopted.generator, adopted.latents(_NUM, seed, "probe"), oddities)
    if isinstance(adopted.discriminator, AdoptedDiscriminator):
        given = made if images is None else images[:_NUM].float()
        if given is None:
            raise InputError(
                "a discriminator alone, and no images", "images", "Give real images to ask it of."
            )
        if made is not None and made.shape[1:] != given.shape[1:]:
            raise InputError(
                f"images of shape {tuple(given.shape[1:])}, G's are {tuple(made.shape[1:])}",
                "images",
                "Give images of that size.",
            )
        _ask_discriminator(adopted.discriminator, given, oddities)
    shown = made if made is not None else images
    assert shown is not None
    ends = (None, None) if made is None else tuple(float(end) for end in made.aminmax())
    return Probe(tuple(shown.shape[1:]), ends[0], ends[1], tuple(oddities))


@torch.no_grad()
def _ask_generator(
    generator: AdoptedGenerator, z: torch.Tensor, oddities: list[Oddity]
) -> torch.Tensor:
    made = _called(generator, z, "generator", "latents")
    if made.ndim != 4 or len(made) != len(z):
        raise InputError(
            f"it gives shape {tuple(made.shape)} for {len(z)} latents",
            "generator",
            "Images are (n, channels, height, width): say by `output` what is meant.",
        )
    _, channels, height, width = made.shape
    if channels > _MOST_CHANNELS or min(height, width) < _FEWEST_SIDE:
        raise InputError(
            f"it gives {channels} channels of {height} x {width}",
            "generator",
            f"Images of 1 to {_MOST_CHANNELS} channels and {_FEWEST_SIDE} px or more are "
            "explained; are these its images?",
        )
    _check_finite(made, "generator")
    oddities += [*_of_range(made), *_of_variety(made), *_of_statistics(generator, "generator")]
    oddities += _of_company(generator, z, made, "generator")
    if isinstance(generator, StyledGenerator):
        oddities += _of_parts(generator)
    return made


def _ask_discriminator(
    discriminator: AdoptedDiscriminator, images: torch.Tensor, oddities: list[Oddity]
) -> None:
    with torch.no_grad():
        logits = _called(discriminator, images, "discriminator", "images")
    _check_finite(logits, "discriminator")
    oddities += _of_statistics(discriminator, "discriminator")
    with torch.no_grad():
        oddities += _of_company(discriminator, images, logits, "discriminator")
    if not discriminator.spec.probability:
        oddities += _of_bounds(discriminator, images)


def _called(network: nn.Module, inputs: torch.Tensor, where: str, what: str) -> torch.Tensor:
    try:
        answer: torch.Tensor = network(inputs)
    except InputError:
        raise
    except Exception as error:
        words = next(iter(str(error).splitlines()), "")
        remedy = "Give images of the size and channels that it was trained on."
        shape = ("n", *map(str, inputs.shape[1:]))
        if isinstance(network, StyledGenerator):
            what, remedy = "w", "Mend `latent`: its `synthesis` makes images of w."
        elif isinstance(network, AdoptedGenerator):
            remedy = _remedy_of_latents(network, inputs)
            shape = ("n", str(network.latent.dim), *(("1", "1") * (network.latent.shape == "map")))
        raise InputError(
            f"it cannot take {what} of shape ({', '.join(shape)}): "
            f"{type(error).__name__}: {words[:300]}",
            where,
            remedy,
        ) from error
    return answer


def _remedy_of_latents(generator: AdoptedGenerator, z: torch.Tensor) -> str:
    """Name the shape that it does take, if it is the other one."""
    (other,) = set(SHAPES) - {generator.latent.shape}
    latent = replace(generator.latent, shape=other)
    try:
        AdoptedGenerator(generator.network, generator.spec, latent, generator.seed)(z)
    except Exception:  # whatever the author's code raises
        return "Mend `latent`: its dim, its shape (vector or map), its classes."
    return f"It takes them with `shape: {other}` below `latent`."


def _check_finite(values: torch.Tensor, where: str) -> None:
    broken = (
        int((~values.isfinite()).flatten(1).any(1).sum())
        if values.ndim > 1
        else int((~values.isfinite()).sum())
    )
    if broken:
        raise InputError(
            f"{broken} of {len(values)} answers hold NaN or infinity",
            where,
            "Are these the right weights? Half-precision ones may need float32.",
        )


def _of_range(made: torch.Tensor) -> Iterator[Oddity]:
    low, high = (float(end) for end in made.aminmax())
    if low >= -0.01:
        likely = "[0, 1]" if high <= _BEYOND else "[0, 255]"
        yield Oddity(
            "range",
            f"G's images are never darker than mid-grey ({low:.2f} to {high:.2f} of -1 to 1): it "
            f"speaks another range than the file says, likely `range: {likely}`",
        )
    elif max(-low, high) > _BEYOND:
        share = float((made.abs() > _BEYOND).float().mean())
        yield Oddity(
            "range",
            f"G's images reach from {low:.2f} to {high:.2f}, beyond -1 to 1 in {share:.1%} of "
            "values: what is beyond is cut off where images are shown, unless `range` says more",
        )
    elif high - low < _NARROW:
        yield Oddity(
            "range",
            f"G's images reach only from {low:.3f} to {high:.3f} of -1 to 1: it speaks a smaller "
            "range than the file says, or was hardly trained",
        )


def _of_variety(made: torch.Tensor) -> Iterator[Oddity]:
    spread = float(made.std(0).mean())
    low, high = (float(end) for end in made.aminmax())
    if spread <= _ALIKE * (high - low):
        yield Oddity(
            "variety",
            f"G makes one image, whatever the latent ({len(made)} differ by {spread:.1g} in the "
            "mean): it has collapsed, or its weights are not those of the training",
        )


def _of_parts(generator: StyledGenerator) -> Iterator[Oddity]:
    """Whether mapping and synthesis, one after the other, are the whole generator."""
    z = drawn(_NUM, generator.latent.dim, 0, random_generator(0, "latent", "probe", "parts"))
    device = generator.middle.device
    by_parts = generator(generator.standardised(z).to(device))
    try:
        whole = generator.by_whole(z)
    except Exception:  # it need not work otherwise than by its parts
        return
    if whole.shape != by_parts.shape or float((whole - by_parts).abs().max()) > LEVEL:
        yield Oddity(
            "space",
            f"G makes other images of latents than `{generator.latent.synthesis}` makes of what "
            f"`{generator.latent.mapping}` makes of them: what is explained is the latter; it may "
            "truncate w in between",
        )


def _of_company(
    network: AdoptedGenerator | AdoptedDiscriminator,
    inputs: torch.Tensor,
    answers: torch.Tensor,
    where: str,
) -> Iterator[Oddity]:
    """Whether an answer depends on chance, or on the others of its batch."""
    near = _SAME * float(answers.std())
    seed, name = network.seed, "G" if where == "generator" else "D"
    network.seed = seed + 1
    try:
        again = network(inputs)
    finally:
        network.seed = seed
    if float((again - answers).abs().max()) > near:
        yield Oddity(
            "chance",
            f"{name} draws random numbers while it runs: they are the same at every call here "
            "(`seed`), so that what is explained is its answer for this draw",
        )
        return
    alone = network(inputs[:1])
    if float((alone - answers[:1]).abs().max()) > near:
        yield Oddity(
            "batch",
            f"{name}'s answer depends on what else is in the batch, as with statistics of the "
            "minibatch: what is explained is its answer among others",
        )


def _of_statistics(network: nn.Module, where: str) -> Iterator[Oddity]:
    norms = [
        each for each in network.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)
    ]
    kept = [each for each in norms if each.running_mean is not None]
    if kept and all(
        bool((each.running_mean == 0).all()) and bool((each.running_var == 1).all())
        for each in kept
        if each.running_mean is not None and each.running_var is not None
    ):
        yield Oddity(
            "statistics",
            f"the {where}'s BatchNorm has never seen a batch: its running mean is 0 and its "
            "variance 1 everywhere, so that in eval mode it is another network than in training; "
            "save the buffers with the parameters",
        )


def _of_bounds(discriminator: AdoptedDiscriminator, images: torch.Tensor) -> Iterator[Oddity]:
    with torch.enable_grad():
        values = discriminator(images.clone().requires_grad_())
    function = squashing(values)[0].lower() if values.requires_grad else ""
    if function == "sigmoid":
        yield Oddity(
            "bounds",
            "D ends in a sigmoid: it gives probabilities, not logits; say `probability: true`, and "
            "the sigmoid is taken off",
        )
    elif function:
        yield Oddity("bounds", f"D ends in a {function}, which hardly moves where D is sure")
