"""The learned features of one generator: read from a folder, found by name, refused with reason."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from ganatomy.data.features.coordinates import Coordinates
from ganatomy.data.features.feature import WHERE
from ganatomy.data.features.learned import (
    Judged,
    Learned,
    numbers_from,
    tensors_of,
)
from ganatomy.data.recipe import LEARNED
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.results import validated
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, listed, of_all, opened

_ABOUT, _TENSORS = "learned.json", "learned.safetensors"
_NAME = re.compile(rf"{LEARNED}([1-9][0-9]*)")
_FIGURES = ("r2", "r2_low", "r2_high", "follows", "follows_low", "follows_high", "left")


@dataclass(frozen=True, eq=False)
class LearnedFeatures:
    """All that was learned of the directions of a generator, and whether each is a feature.

    Attributes
    ----------
    judged : tuple of Judged
        One for each direction, from 1.
    coordinates : Coordinates or None
        None where no direction could be fitted.
    features : dict of str to Learned
        By name, ``learned:<direction>``: those without a reason against them.
    """

    judged: tuple[Judged, ...]
    coordinates: Coordinates | None
    features: dict[str, Learned]

    def find(self, name: str) -> Learned:
        """Find a feature by name; `InputError` with the reason where it is none."""
        number = number_in(name)
        if name in self.features:
            return self.features[name]
        usable = f"There are: {listed(list(self.features))}."
        if number > len(self.judged):
            count = counted(len(self.judged), "direction")
            raise InputError(f"no {name}: G has {count} that were looked at", WHERE, usable)
        reason = self.judged[number - 1].reason
        raise InputError(f"{name} is no feature: {reason}", WHERE, usable)

    def readers(self) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
        """Return what reads each feature: images of shape (n, c, h, w) to Tensor of shape (n,)."""
        return {name: partial(Learned.measure, each) for name, each in self.features.items()}

    def titles(self) -> dict[str, str]:
        """Name each feature for people: ``learned:3 (orientation)``."""
        return {name: each.judged.title for name, each in self.features.items()}

    def metrics(self) -> dict[str, float]:
        """Give the figures that it ends in."""
        read = {f"r2_{each.direction}": each.r2 for each in self.judged if each.r2 == each.r2}
        return {"num_learned_features": len(self.features), **read}

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        total = len(self.judged)
        first = opened(of_all(len(self.features), total, "direction"))
        are = "is a feature" if len(self.features) == 1 or total == 1 else "are features"
        sentences = [f"{first} {are} that can be read from an image and changed in it."]
        for each in self.judged:
            if each.reason:
                sentences.append(f"{opened(each.title)} is none: {each.reason}.")
                continue
            sentences.append(
                f"{opened(each.title)}: its reading tells {_share(each.r2)} of the latent's "
                f"variance ({_share(each.r2_low)} to {_share(each.r2_high)}), and changing it "
                f"makes {_share(each.follows)} of the change that G makes "
                f"({_share(each.follows_low)} to {_share(each.follows_high)})."
            )
        return " ".join(sentences)

    def save(self, folder: Path) -> None:
        """Write ``learned.json`` and ``learned.safetensors`` into a folder."""
        tensors: dict[str, torch.Tensor] = {}
        scales: dict[str, float] = {}
        if self.coordinates is not None:
            parts = vars(self.coordinates)
            scales = {name: value for name, value in parts.items() if isinstance(value, float)}
            tensors = {name: value for name, value in parts.items() if name not in scales}
        for feature in self.features.values():
            tensors |= tensors_of(feature)
        write_tensors(folder / _TENSORS, tensors)
        rows = [{k: v if v == v else None for k, v in asdict(each).items()} for each in self.judged]
        write_json(folder / _ABOUT, {"directions": rows, "coordinates": scales})

    @staticmethod
    @validated
    def load(folder: Path) -> "LearnedFeatures":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about, tensors = read_json(folder / _ABOUT), read_tensors(folder / _TENSORS)
        judged = tuple(_judged(row) for row in about["directions"])
        if not about["coordinates"]:
            return LearnedFeatures(judged, None, {})
        scales = about["coordinates"]
        coordinates = Coordinates(
            tensors["mean"],
            tensors["components"],
            tensors["centres"],
            float(scales["scale"]),
            float(scales["width"]),
        )
        usable = [each for each in judged if not each.reason]
        features = {
            each.name: Learned(each, coordinates, numbers_from(tensors, each.direction))
            for each in usable
        }
        return LearnedFeatures(judged, coordinates, features)


def _judged(row: dict[str, float | None]) -> Judged:
    return Judged(**{**row, **{k: float("nan") for k in _FIGURES if row[k] is None}})  # type: ignore[arg-type]


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def number_in(name: str, where: str = WHERE) -> int:
    """Read the direction in ``learned:<direction>``.

    `where` is the argument that the name came in, for the error.

    Raises
    ------
    InputError
        It is not written so.

    Examples
    --------
    >>> number_in("learned:3")
    3
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InputError(
            f"{name!r} names no direction",
            where,
            f"Write {LEARNED} and its number, counted from 1: {LEARNED}1.",
        )
    return int(match[1])


def learned_feature(name: str, folder: str | Path) -> Learned:
    """Find ``learned:<direction>`` among the features in a folder.

    Raises
    ------
    InputError
        There is no such direction, or it is no feature, and why; or nothing was learned.
    """
    number_in(name)
    if not folder:
        raise InputError(
            f"{name} is not known here: no directions of a generator were given",
            WHERE,
            "Give the folder that they were saved to.",
        )
    return LearnedFeatures.load(Path(folder)).find(name)
