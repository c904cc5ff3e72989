"""One concept: what is measured in an image, in units that people read."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from ganatomy.data.features.feature import Feature
from ganatomy.data.features.geometry import Position
from ganatomy.data.features.measured import Measured

Reader = Callable[[torch.Tensor], torch.Tensor]
Giver = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_Scale = Callable[[torch.Tensor], torch.Tensor]
PLACES = {
    "position_across": "pixels right of the middle",
    "position_down": "pixels below the middle",
}
"""Position is two numbers here: its distance from the middle rises on either side."""


@dataclass(frozen=True)
class Concept:
    """Something that can be measured in an image, and perhaps given to it.

    Attributes
    ----------
    name : str
    unit : str
        "" for none.
    read : callable
        Images of shape (n, c, h, w), float32 in [-1, 1], to a Tensor of shape (n,).
    feature : Feature, optional
        What is measured, where it is a feature of the data.
    given : callable, optional
        Images and values of shape (n,) in the concept's unit to images in [-1, 1] that have them,
        as far as that goes.
    """

    name: str
    unit: str
    read: Reader
    feature: Feature | None = None
    given: Giver | None = None


@dataclass(frozen=True)
class _Readable:
    """A unit that people read, in place of a feature's; both ways."""

    unit: str
    to_people: _Scale
    to_feature: _Scale


_READABLE = {
    "mean of [-1, 1]": _Readable(
        "mean, 0 black to 1 white", lambda x: (x + 1.0) / 2, lambda x: x * 2 - 1.0
    ),
    "standard deviation of [-1, 1]": _Readable(
        "standard deviation, 0 black to 1 white", lambda x: x / 2, lambda x: x * 2
    ),
    "tangent of the slant, capped at 45 degrees": _Readable(
        "degrees from upright, leaning left",
        lambda x: x.atan().rad2deg(),
        lambda x: x.deg2rad().tan(),
    ),
}


def concepts_of(feature: Feature) -> list[Concept]:
    """Return what a feature measures: one concept, or two of the position.

    Examples
    --------
    >>> from ganatomy.data.features.tones import Contrast
    >>> (contrast,) = concepts_of(Contrast())
    >>> contrast.unit, contrast.read(torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2)).tolist()
    ('standard deviation, 0 black to 1 white', [0.5])
    """
    if isinstance(feature, Position):
        return [_place(feature, axis, name) for axis, name in enumerate(PLACES)]
    plain = Concept(feature.measured_as or feature.name, feature.unit, feature.measure, feature)
    if isinstance(feature, Measured):
        plain = replace(
            plain, given=lambda images, values: _given(feature, images, values[:, None])
        )
    readable = _READABLE.get(feature.unit)
    return [_rescaled(plain, readable) if readable else plain]


def _rescaled(concept: Concept, readable: _Readable) -> Concept:
    read, given = concept.read, concept.given

    def give(images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        assert given is not None
        return given(images, readable.to_feature(values))

    return replace(
        concept,
        unit=readable.unit,
        read=lambda images: readable.to_people(read(images)),
        given=give if given else None,
    )


def _place(position: Position, axis: int, name: str) -> Concept:
    """One of the two coordinates, in pixels; giving one leaves the other as it is."""

    def read(images: torch.Tensor) -> torch.Tensor:
        return position.values(images)[:, axis] * images.shape[-1] / 2

    def give(images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        wanted = position.values(images)
        wanted[:, axis] = values * 2 / images.shape[-1]
        return _given(position, images, wanted)

    return Concept(name, PLACES[name], read, position, give)


def _given(feature: Measured, images: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return feature.given(images, values.to(images)).clamp(-1, 1)
