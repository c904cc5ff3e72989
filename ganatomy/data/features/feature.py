"""What a feature is: one thing about images that can be measured and changed."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import get_args

import torch

from ganatomy.data.choices import Mode
from ganatomy.data.dataset import Dataset
from ganatomy.data.features.pixels import Pixels
from ganatomy.errors import InputError

MODES: tuple[str, ...] = get_args(Mode)
WHERE = "features"


class Described:
    """Base of both kinds of features: a name, and what each mode of changing it does.

    Attributes
    ----------
    name : str
    kind : str in {"region", "tone", "frequency", "geometry", "stroke", "symmetry", "background",
        "colour", "channel", "noise", "shape", "class", "balance", "attribute", "learned", "own"}
    unit : str
        Of what `measure` gives.
    modes : tuple of str
        Those of `MODES` that it supports. ``remove`` puts the data's mean or a neutral value in
        its place, ``permute`` another image's, ``noise`` a random one. None of what can be
        measured, not changed.
    measured_as : str
        Name of what `measure` gives, where that is not the feature's: "" where it is.

    Parameters
    ----------
    **meanings : str
        For each mode that is supported what it does, in words.
    """

    measured_as = ""

    def __init__(self, name: str, kind: str, unit: str, **meanings: str) -> None:
        self.name, self.kind, self.unit = name, kind, unit
        self.modes = tuple(meanings)
        self._meanings = meanings

    def meaning(self, mode: str) -> str:
        """Say what changing it so does; `InputError` for a mode that it does not have."""
        self.require_change()
        if mode not in self._meanings:
            raise InputError(
                f"feature {self.name} has no mode {mode!r}",
                WHERE,
                f"It has: {', '.join(self.modes)}.",
            )
        return self._meanings[mode]

    def require_change(self) -> None:
        """Raise `InputError` where there is no mode at all."""
        if not self.modes:
            raise InputError(
                f"feature {self.name} can be measured, not changed",
                WHERE,
                "Leave it out here; ask for it where concepts are measured.",
            )


class Feature(Described, ABC):
    """A feature of images that is changed in their pixels."""

    @abstractmethod
    def measure(self, images: torch.Tensor) -> torch.Tensor:
        """Measure how much of it each image has.

        Parameters
        ----------
        images : Tensor of shape (n, c, h, w), float32 in [-1, 1]

        Returns
        -------
        Tensor of shape (n,), float32
        """

    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        """Return new images with the feature changed.

        Parameters
        ----------
        images : Tensor of shape (n, c, h, w), float32 in [-1, 1], on any device
            All images of the data set: means are taken and images exchanged among them.
        mode : str
        seed : int
            Of what is drawn at random.

        Returns
        -------
        Tensor of shape (n, c, h, w), float32 in [-1, 1]

        Raises
        ------
        InputError
            A mode that the feature does not support, or images that do not have the feature.
        """
        return torch.cat(list(self.parts(Pixels(images), mode, seed)))

    @abstractmethod
    def parts(self, pixels: Pixels, mode: str, seed: int) -> Iterator[torch.Tensor]:
        """Yield what `change` returns in chunks, whose size does not change the result."""


class Selection(Described, ABC):
    """A feature whose change is a choice of images."""

    @abstractmethod
    def measure(self, dataset: Dataset) -> torch.Tensor:
        """Measure how much of it each image has: Tensor of shape (n,), NaN where unknown."""

    @abstractmethod
    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        """Choose the images to train on: a LongTensor of places, ascending, maybe repeated."""
