"""An adopted GAN with the images that it is looked at on: what every part of its page is given."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import torch
from torch import nn

from ganatomy.data.images import to_float
from ganatomy.data.shape import size_words
from ganatomy.errors import InputError
from ganatomy.explain.networks.fixed_statistics import (
    NUM_OF_EACH,
    fixed_statistics,
    normalises_by_batch,
)
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.facade.folders import images_of, shapes_of_all
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.probe import probe
from ganatomy.gan.sampling import generate
from ganatomy.rng import generator as random_generator

FEWEST = 4
_SIZES = (64, 32, 28, 128, 256, 16, 48, 96, 224, 512)
_CHANNELS = (3, 1, 4, 2)  # of pictures, the likely ones first
_MANY, _QUICK_MANY = 500, 100  # images of G that are judged
Shape = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Given:
    """The GAN and the images that the parts of a page have to work with.

    Parameters
    ----------
    adopted : Adopted
        On the device, as it was built.
    subjects : Subjects
        Both networks, D with fixed statistics where it has BatchNorm, and some images of a kind.
    reals : Tensor of shape (n, c, h, w) or None
        All real images, float32 in [-1, 1].
    many_fakes : Tensor of shape (m, c, h, w) or None
        Generated ones: those that were given, or that G makes.
    num_reference : int
        Images of a kind that the statistics of a D with BatchNorm were fixed from; 0 for none.
    seed : int
    is_quick : bool
    warn : callable
        Told of what is left out.
    """

    adopted: Adopted
    subjects: Subjects
    reals: torch.Tensor | None
    many_fakes: torch.Tensor | None
    num_reference: int
    seed: int
    is_quick: bool
    warn: Callable[[str], None]

    @property
    def few(self) -> Subjects:
        """Keep a quarter of the images, for what asks a network thousands of times for each."""
        whole = self.subjects
        num = max(FEWEST, max(len(whole.real), len(whole.fake)) // 4)
        names = ("real", "fake", "z", "real_labels", "fake_labels")
        return replace(whole, **{name: getattr(whole, name)[:num] for name in names})

    @property
    def has(self) -> dict[str, bool]:
        """Say which of ``generator``, ``discriminator``, ``images`` and ``fakes`` there are."""
        return {
            "generator": self.subjects.has_generator,
            "discriminator": self.subjects.has_discriminator,
            "images": self.reals is not None,
            "fakes": bool(len(self.subjects.fake)),
        }


def give(
    adopted: Adopted,
    *,
    images: Path | None,
    fakes: Path | None,
    count: int,
    num_reals: int,
    seed: int,
    device: torch.device,
    is_quick: bool = False,
    warn: Callable[[str], None] = lambda text: None,
) -> Given:
    """Read images in the size of the GAN, and draw its own.

    Parameters
    ----------
    adopted : Adopted
    images, fakes : Path, optional
        Where real ones are, and generated ones for a discriminator alone.
    count : int
        Of each kind that is explained.
    num_reals : int
        Real ones that are read at most.
    seed : int
    device : torch.device
    is_quick : bool
    warn : callable

    Raises
    ------
    InputError
        Images that cannot be used; a network that fails on what it is said to take.
    """
    if fakes is not None and adopted.generator is not None:
        raise InputError(
            "beside a generator, which makes them",
            "--fakes",
            "Leave it away; it is for a discriminator alone.",
        )
    if adopted.generator is None and images is None and fakes is None:
        raise InputError(
            "a discriminator alone, and no images",
            "--images",
            "Name a folder of real images to ask it of, or one of generated ones by --fakes.",
        )
    for network in (adopted.generator, adopted.discriminator):
        if network is not None:
            network.to(device)
    asked = f"--images {images}" if images is not None else f"--fakes {fakes}"
    shape = _shape_of(adopted, images or fakes, asked)
    read = {
        where: _read(path, shape, num_reals, f"{where} {path}", warn)
        for where, path in (("--images", images), ("--fakes", fakes))
        if path is not None
    }
    reals, given_fakes = read.get("--images"), read.get("--fakes")
    many = _many_fakes(adopted, given_fakes, seed, _QUICK_MANY if is_quick else _MANY)
    explained, note = _function_of_its_image(adopted.discriminator, reals, many, seed)
    is_fixed = explained is not adopted.discriminator
    if note:
        adopted = replace(adopted, notes=(*adopted.notes, note))
    has_g = adopted.generator is not None
    subjects = Subjects.of(
        adopted.generator,
        explained,
        real=None if reals is None else _some(reals, count, seed),
        z=adopted.latents(count, seed, "explained") if has_g else None,
        fake=None if given_fakes is None else _some(given_fakes, count, seed),
        num_classes=0 if adopted.port.latent is None else adopted.port.latent.num_classes,
    )
    num_reference = 0
    if is_fixed and reals is not None and many is not None:
        num_reference = min(NUM_OF_EACH, len(reals), len(many))
    return Given(adopted, subjects, reals, many, num_reference, seed, is_quick, warn)


def _many_fakes(
    adopted: Adopted, given: torch.Tensor | None, seed: int, count: int
) -> torch.Tensor | None:
    """Generated images to be asked about; those that G makes, if it is there."""
    if adopted.generator is None:
        return given
    return generate(adopted.generator, adopted.latents(count, seed, "examined")).cpu()


def _shape_of(adopted: Adopted, images: Path | None, where: str) -> Shape:
    """The shape of what G makes, or else of what D takes."""
    if adopted.generator is not None:
        channels, height, width = probe(replace(adopted, discriminator=None)).image_shape
        return channels, height, width
    assert adopted.discriminator is not None
    assert images is not None
    return _shape_taken(adopted.discriminator, images, where)


@torch.no_grad()
def _shape_taken(discriminator: nn.Module, images: Path, where: str) -> Shape:
    """The shape of the images where D takes it, or else the only usual size that D takes."""
    own = shapes_of_all(images, count=50, where=where)
    tried = {of_file for of_file, _, _ in own if of_file} or set(_CHANNELS)
    channels = [each for each in _CHANNELS if each in tried] or sorted(tried)
    sizes = {(height, width) for _, height, width in own}
    if len(sizes) == 1:
        of_images = [(each, *next(iter(sizes))) for each in channels]
        taken = [shape for shape in of_images if _takes(discriminator, shape)]
        if taken:
            return taken[0]
    found = [
        (each, side, side)
        for each, side in product(channels, _SIZES)
        if _takes(discriminator, (each, side, side))
    ]
    if len({side for _, side, _ in found}) == 1:
        return found[0]
    if len(sizes) == 1 and not found:
        return of_images[0]  # what is wrong with it is said when D is asked
    what = "images of several sizes"
    if len(sizes) == 1:
        what = f"images of {size_words(next(iter(sizes)))}"
    raise InputError(
        f"{what}, and D takes {'several' if found else 'none of the usual ones'}",
        where,
        "Resize them to the size that it was trained on.",
    )


def _takes(discriminator: nn.Module, shape: Shape) -> bool:
    parameter = next(discriminator.parameters(), None)
    device = None if parameter is None else parameter.device
    try:
        return bool(discriminator(torch.zeros(2, *shape, device=device)).shape == (2,))
    except Exception:  # whatever the author's code raises
        return False


def _read(
    path: Path, shape: Shape, count: int, where: str, warn: Callable[[str], None]
) -> torch.Tensor:
    channels, height, width = shape
    images = images_of(
        path,
        size=(height, width),
        channels=channels,
        count=count,
        where=where,
        fewest=FEWEST,
        warn=warn,
    )
    return to_float(images)


def _some(images: torch.Tensor, count: int, seed: int) -> torch.Tensor:
    order = torch.randperm(len(images), generator=random_generator(seed, "explain", "reals"))
    return images[order[:count]]


def _function_of_its_image(
    discriminator: nn.Module | None,
    reals: torch.Tensor | None,
    fakes: torch.Tensor | None,
    seed: int,
) -> tuple[nn.Module | None, str]:
    """Fix the statistics of a D with BatchNorm, or say that it cannot be done."""
    if discriminator is None or not normalises_by_batch(discriminator):
        return discriminator, ""
    reason = "there are no real images" if reals is None else "there are no generated images"
    if reals is not None and fakes is not None:
        try:
            return fixed_statistics(discriminator, reals, fakes, seed=seed), (
                "D has BatchNorm: it is explained with statistics that are fixed from as many real "
                "as generated images, under which it is a function of its image alone"
            )
        except Exception as error:  # a copy of it, by the author's code
            reason = f"that failed ({type(error).__name__}: {str(error)[:100]})"
    return discriminator, (
        "D has BatchNorm: it is explained with the running statistics of its training, not with "
        f"ones fixed from real and generated images, as {reason}"
    )
