"""Probabilities of classes as concepts, by a classifier."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.rules.concept import Reader
from ganatomy.explain.rules.probabilities import UNIT
from ganatomy.wording import counted

WHAT = f"{UNIT}, by the evaluator"


@dataclass(frozen=True)
class ClassProbabilities:
    """An evaluator's probability of some classes, all from one run.

    Attributes
    ----------
    evaluator : nn.Module
        Images to class logits of shape (n, k).
    class_names : tuple of str
        All k, in the order of logits.
    chosen : tuple of str
        Classes that are concepts.
    """

    evaluator: nn.Module
    class_names: tuple[str, ...]
    chosen: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name the concepts: ``probability(<class>)``."""
        return tuple(f"probability({name})" for name in self.chosen)

    def only(self, names: Collection[str]) -> "ClassProbabilities":
        """Return those of these concepts alone."""
        kept = [name for concept, name in zip(self.names, self.chosen) if concept in names]
        return replace(self, chosen=tuple(kept))

    def read(self, images: torch.Tensor) -> torch.Tensor:
        """Return the probabilities, shape (n, concepts), float64.

        Raises
        ------
        InputError
            The evaluator does not take such images, or gives no logit for each class.
        """
        if not self.chosen:
            return torch.zeros(len(images), 0, dtype=torch.float64)
        try:
            logits = outputs_of(self.evaluator, images)
        except RuntimeError as error:
            raise InputError(
                f"the evaluator does not take images of shape {tuple(images.shape[1:])}: {error}",
                "evaluator",
                "Give one that was trained on such images.",
            ) from error
        if logits.shape != (len(images), len(self.class_names)):
            raise InputError(
                f"the evaluator gave {tuple(logits.shape)} for {counted(len(images), 'image')}",
                "evaluator",
                f"Give one that gives a logit for each of the {len(self.class_names)} classes.",
            )
        places = [self.class_names.index(name) for name in self.chosen]
        return logits.double().softmax(1)[:, places]

    def readers(self) -> dict[str, Reader]:
        """Return what reads each concept alone, by name."""
        return {name: _one(self.only({name})) for name in self.names}


def _one(single: ClassProbabilities) -> Reader:
    return lambda images: single.read(images)[:, 0]
