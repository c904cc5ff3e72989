"""Features as a user might write them: sound ones, and one for each way to go wrong."""

import random
import sys

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError

NOT_A_CLASS = 3


class Corner:
    """The smallest that will do."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, 0, 0]

    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        changed = images.clone()
        changed[..., :3, :3] = torch.rand(()) * 2 - 1 if mode == "noise" else 0.5
        return changed


class Described(Corner):
    kind = "tone"
    unit = "levels"
    modes = ("remove", "noise")

    def meaning(self, mode: str) -> str:
        return f"the corner is changed by {mode}"


class Even:
    """One that chooses images."""

    def measure(self, dataset: Dataset) -> torch.Tensor:
        return torch.arange(len(dataset)) % 2

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        return torch.arange(0, len(dataset), 2)


class NeedsArgument(Corner):
    def __init__(self, size: int) -> None:
        self.size = size


class NoChange:
    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3))


class NoMeasure:
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images


class UnknownMode(Corner):
    modes = ("erase",)


class OneString(Corner):
    modes = "remove"


class Shorter(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images[1:]


class Nothing(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> None:  # type: ignore[override]
        return None


class Double(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images.double()


class NotFinite(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images / 0


class OutOfRange(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images * 0 + 1.5


class InPlace(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images.mul_(0.5)


class Fickle(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        return images * random.random()


class Failing(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        raise IndexError("no row 28")


class InWords(Corner):
    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        raise InputError("no faces here", "my data", "Use faces.")


class ScalarMeasure(Corner):
    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return images.mean()


class Mask(Even):
    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        return torch.ones(len(dataset), dtype=torch.bool)


class TooFar(Even):
    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        return torch.tensor([0, len(dataset)])


class Exiting(Corner):
    def __init__(self) -> None:
        raise KeyError(sys.platform[:0] + "weights")


class NotANumber:
    """Undefined in every image."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return torch.full((len(images),), torch.nan)


class AlwaysTheSame:
    """A constant."""

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(images))


class MeasuredOnly:
    """Counts white pixels, and cannot change them."""

    unit = "pixels that are white"

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        return (images == 1.0).sum((1, 2, 3)).float()
