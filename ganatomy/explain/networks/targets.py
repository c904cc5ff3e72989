"""Named scalars that an explanation explains, one per input.

Papers on generators explain D's logit of the output (EqGAN-SA), a pixel region of the output
(Seg-Grad-CAM, arXiv 2002.11434) or a frozen classifier's class (StylEx, arXiv 2104.13369).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.concepts import Concept
from ganatomy.explain.networks.measures import MEASURES


@dataclass(frozen=True)
class Target:
    """A function from inputs to one scalar each, and the network that it runs through.

    Attributes
    ----------
    name : str
        Recorded wherever an explanation of it goes.
    model : nn.Module
        The network whose layers can be explained.
    score : callable
        Inputs of shape (n, ...) to Tensor of shape (n,), differentiable.
    views : int
        Images in one input: 2 for a pair, whose layers return 2n feature maps, else 1.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    >>> target = Target("squared", network, lambda images: network(images).flatten() ** 2)
    >>> target.values(torch.zeros(3, 1, 2, 2)).shape
    torch.Size([3])
    """

    name: str
    model: nn.Module
    score: Callable[[torch.Tensor], torch.Tensor]
    views: int = 1

    def values(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the scalars, shape (n,); `InputError` where the score has another shape."""
        scores = self.score(inputs)
        if scores.shape != (len(inputs),):
            raise InputError(
                f"target {self.name} gave a tensor of shape {tuple(scores.shape)} for "
                f"{len(inputs)} inputs",
                type(self.model).__name__,
                f"It must give one scalar per input: shape ({len(inputs)},).",
            )
        return scores


class Chain(nn.Module):
    """Networks one after the other, under names of one's own, as z -> G -> D."""

    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Run the parts one after the other."""
        for part in self._modules.values():  # children() leaves out a network's second occurrence
            assert part is not None
            inputs = part(inputs)
        return inputs


def logits_of(output: object, count: int) -> torch.Tensor:
    """Read one logit for each image from what a discriminator returned.

    Parameters
    ----------
    output : Tensor of shape (n,), (n, 1), (n, 1, 1, 1) or (n, 1, h, w)
        Of the last one, a PatchGAN's (Isola et al. 2017, arXiv 1611.07004), the mean is taken. A
        single number will do for a single image.
    count : int
        Images that were given.

    Returns
    -------
    Tensor of shape (n,)
        Whatever has another shape comes back as it is: `Target.values` refuses it.

    Raises
    ------
    InputError
        It is no tensor.

    Examples
    --------
    >>> logits_of(torch.tensor([[1.0], [2.0]]), 2)
    tensor([1., 2.])
    >>> logits_of(torch.tensor([[[[1.0, 3.0]]]]), 1)
    tensor([2.])
    """
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"it returned a {type(output).__name__}, not a tensor",
            "discriminator",
            "Wrap it in a module that returns its logits alone.",
        )
    if output.ndim == 0 and count == 1:
        return output.reshape(1)
    if output.ndim < 2 or tuple(output.shape[:2]) != (count, 1):
        return output
    one_each = output.numel() == count
    return output.reshape(count) if one_each else output.flatten(1).mean(1)


def d_logit(discriminator: nn.Module, side: str = "real", class_index: int | None = None) -> Target:
    """Make a target of D's logit: what speaks for "real", or with ``side="fake"`` against it.

    Parameters
    ----------
    discriminator : nn.Module
        Images of shape (n, c, h, w) to logits, in a shape that `logits_of` takes.
    side : str
    class_index : int, optional
        The class that every image is said to be of, for a discriminator that also takes labels;
        without it such a one averages over the classes.

    Raises
    ------
    InputError
        Unknown side.

    Examples
    --------
    >>> network, images = nn.Sequential(nn.Flatten(), nn.Linear(4, 1)), torch.rand(3, 1, 2, 2)
    >>> for_real, for_fake = d_logit(network), d_logit(network, "fake")
    >>> torch.equal(for_real.values(images), -for_fake.values(images))
    True
    """
    if side not in ("real", "fake"):
        raise InputError(f"no side {side!r}", "d_logit", "Use real or fake.")
    sign = 1 if side == "real" else -1

    def score(images: torch.Tensor) -> torch.Tensor:
        if class_index is None:
            output = discriminator(images)
        else:
            labels = torch.full((len(images),), class_index, device=images.device)
            output = discriminator(images, labels)
        return sign * logits_of(output, len(images))

    about = "" if class_index is None else f", class {class_index}"
    return Target(f"d_logit({side}{about})", discriminator, score)


def d_logit_of_g(generator: nn.Module, discriminator: nn.Module) -> Target:
    """Make a target of D's logit of G's image, a function of z: what in G makes D say "real".

    Examples
    --------
    >>> target = d_logit_of_g(nn.Linear(2, 4), nn.Linear(4, 1))
    >>> target.values(torch.zeros(3, 2)).shape
    torch.Size([3])
    """
    composite = Chain(generator=generator, discriminator=discriminator)
    return Target("d_logit_of_g", composite, lambda z: logits_of(composite(z), len(z)))


def region(generator: nn.Module, mask: torch.Tensor, name: str) -> Target:
    """Make a target of the mean brightness of G's output where `mask`, (h, w), bool, is set."""
    if mask.dtype != torch.bool or not bool(mask.any()):
        raise InputError(f"region {name} is empty", "region", "Set at least one pixel of the mask.")

    def score(z: torch.Tensor) -> torch.Tensor:
        images: torch.Tensor = generator(z)
        if images.shape[-2:] != mask.shape:
            raise InputError(
                f"the mask of region {name} is {tuple(mask.shape)}, the image "
                f"{tuple(images.shape[-2:])}",
                "region",
                "Draw the mask at the size of the images.",
            )
        return images[..., mask.to(images.device)].mean((1, 2))

    return Target(f"region({name})", generator, score)


def measured(generator: nn.Module, name: str) -> Target:
    """Make a target of what is measured straight on G's image: one of `measures.MEASURES`.

    Examples
    --------
    >>> measured(nn.Unflatten(1, (1, 2, 1)), "brightness").values(torch.tensor([[0.0, 1.0]]))
    tensor([0.5000])
    """
    return Target(name, generator, lambda z: MEASURES[name](generator(z)))


def class_logit(
    evaluator: nn.Module, index: int, name: str, *, generator: nn.Module | None = None
) -> Target:
    """Make a target of the frozen evaluator's logit of one class, of an image or of G's image.

    `evaluator` returns logits of shape (n, classes); the logit rather than a probability, which
    tells nothing where it is near 0 or 1.
    """
    model = evaluator if generator is None else Chain(generator=generator, evaluator=evaluator)

    def score(inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = model(inputs)
        if logits.ndim != 2 or not 0 <= index < logits.shape[1]:
            raise InputError(
                f"class {name} is logit {index} of logits of shape {tuple(logits.shape)}",
                "class_logit",
                "Give logits of shape (n, classes) and an index from 0 to classes - 1.",
            )
        return logits[:, index]

    return Target(f"class({name})", model, score)


def seen_class(evaluator: nn.Module, generator: nn.Module | None = None) -> Target:
    """Make a target of the evaluator's logit of the class that it sees in each image itself."""
    model = evaluator if generator is None else Chain(generator=generator, evaluator=evaluator)
    return Target("class", model, lambda inputs: model(inputs).max(1).values)


def concept(evaluator: nn.Module, what: Concept, generator: nn.Module | None = None) -> Target:
    """Make a target of how much of a concept the evaluator sees, in an image or in G's image.

    `evaluator` must have ``features``: images to vectors of shape (n, f).
    """
    model = evaluator if generator is None else Chain(generator=generator, evaluator=evaluator)

    def score(inputs: torch.Tensor) -> torch.Tensor:
        images = inputs if generator is None else generator(inputs)
        features: torch.Tensor = evaluator.features(images)  # type: ignore[operator]
        return what.read(features)

    return Target(f"concept({what.name})", model, score)


def negated(target: Target) -> Target:
    """Make the target that falls where the given one rises.

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1), nn.Flatten(0))
    >>> target = Target("logit", network, network)
    >>> images = torch.rand(3, 1, 2, 2)
    >>> torch.equal(negated(target).values(images), -target.values(images))
    True
    """
    return replace(target, name=f"-{target.name}", score=lambda inputs: -target.score(inputs))


def difference(discriminator: nn.Module) -> Target:
    """Make a target of D's logit of the first image of a pair minus that of the second.

    Inputs have shape (n, 2, c, h, w): what relativistic losses compare.
    """

    def score(pairs: torch.Tensor) -> torch.Tensor:
        if pairs.ndim != 5 or pairs.shape[1] != 2:
            raise InputError(
                f"inputs of shape {tuple(pairs.shape)}",
                "difference",
                "Give pairs of images: shape (n, 2, c, h, w).",
            )
        images = pairs.flatten(0, 1)
        by_pair: torch.Tensor = logits_of(discriminator(images), len(images)).unflatten(0, (-1, 2))
        return by_pair[:, 0] - by_pair[:, 1]

    return Target("difference(real, fake)", discriminator, score, views=2)
