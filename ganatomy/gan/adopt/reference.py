"""Whether adopted networks answer as they did where they were trained: the reference batch."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted
from ganatomy.gan.adopt.networks import AdoptedDiscriminator, AdoptedGenerator
from ganatomy.tensors import read_tensors
from ganatomy.wording import counted

LEVEL = 2 / 255  # one of the 256 of an image in [-1, 1]
SHARE = 0.01  # of the spread of the logits
ROUNDING = 1e-5  # of the largest logit
_NAMES = ("latents", "classes", "images", "logits")


@dataclass(frozen=True)
class Agreement:
    """The greatest difference between what a network answers and what it answered.

    Parameters
    ----------
    network : {"generator", "discriminator"}
    count : int
        Of answers that were compared.
    most : float
        Of an image in [-1, 1], or of a logit.
    tolerance : float
    """

    network: str
    count: int
    most: float
    tolerance: float

    @property
    def is_same(self) -> bool:
        """Say whether it stays within the tolerance; NaN does not."""
        return self.most <= self.tolerance

    @property
    def words(self) -> str:
        """Say it in a sentence without its end."""
        who, noun = ("G", "image") if self.network == "generator" else ("D", "logit")
        told = f"{counted(self.count, f'reference {noun}')} by at most {self.most:.2g}"
        if self.is_same:
            return f"{who}'s answers differ from its {told} (tolerance {self.tolerance:.2g})"
        return (
            f"{who}'s answers differ from its {told}, where {self.tolerance:.2g} is rounding: it "
            "is not the network that was trained; look at `weights`, `arguments`, `range`, `output`"
        )


@torch.no_grad()
def agreements(adopted: Adopted, path: Path) -> tuple[Agreement, ...]:
    """Ask both networks anew what a reference batch has the answers of.

    Parameters
    ----------
    adopted : Adopted
    path : Path
        Safetensors with ``images`` and, in the terms of the author's code, the ``latents`` (and
        ``classes``, a second argument) that G made them from, or the ``logits`` that D gave them.

    Raises
    ------
    InputError
        Tensors are missing, or of shapes that the networks do not take.
    """
    given = read_tensors(path)
    if "images" not in given or not {"latents", "logits"} & set(given):
        raise InputError(
            f"it has {', '.join(sorted(given)) or 'nothing'}",
            f"reference {path.name}",
            f"It needs images, and latents or logits: names are {', '.join(_NAMES)}.",
        )
    found = []
    try:
        if "latents" in given and isinstance(adopted.generator, AdoptedGenerator):
            found.append(_of_generator(adopted.generator, given))
        if "logits" in given and isinstance(adopted.discriminator, AdoptedDiscriminator):
            found.append(_of_discriminator(adopted.discriminator, given))
    except InputError:
        raise
    except Exception as error:
        words = next(iter(str(error).splitlines()), "")
        raise InputError(
            f"the networks do not take it: {type(error).__name__}: {words[:200]}",
            f"reference {path.name}",
            "Write what the author's code gave to its network, and what it got.",
        ) from error
    return tuple(found)


def _of_generator(generator: AdoptedGenerator, given: dict[str, torch.Tensor]) -> Agreement:
    inputs = [given[name] for name in ("latents", "classes") if name in given]
    again, before = generator.of_own(*inputs), given["images"].float()
    if again.shape != before.shape:
        raise InputError(
            f"its images are {tuple(before.shape)}, G makes {tuple(again.shape)}",
            "reference",
            "Write the images that G made of these latents.",
        )
    ours = generator.in_our_terms(again) - generator.in_our_terms(before)
    return Agreement("generator", len(before), float(ours.abs().max()), LEVEL)


def _of_discriminator(
    discriminator: AdoptedDiscriminator, given: dict[str, torch.Tensor]
) -> Agreement:
    again, before = discriminator.of_own(given["images"]), given["logits"].float()
    if again.numel() != before.numel():
        raise InputError(
            f"it has {before.numel()} logits of {len(given['images'])} images, D gives "
            f"{again.numel()}",
            "reference",
            "Write all that D said of each image, as `output` names it.",
        )
    most = float((again.flatten() - before.flatten()).abs().max())
    spread, largest = float(before.std(correction=0)), float(before.abs().max())
    return Agreement(
        "discriminator", len(given["images"]), most, max(SHARE * spread, ROUNDING * largest)
    )
