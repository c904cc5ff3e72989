"""Ways between two latents, and how far images go along them."""

import torch
from torch import nn

from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.subjects import Subjects

_SPREADS = (0.75, 1.25)  # of the entries of normal latents; those in [-1, 1] have less than 0.6
_NO_ANGLE = 1e-3  # its sine: two latents in line leave open which way round


def looks_normal(z: torch.Tensor) -> bool:
    """Say whether latents may be draws of a standard normal: then they lie near a sphere.

    Examples
    --------
    >>> looks_normal(torch.randn(50, 8)), looks_normal(2 * torch.rand(50, 8) - 1)
    (True, False)
    """
    spread = float(z.square().mean().sqrt())
    return _SPREADS[0] <= spread <= _SPREADS[1] and float(z.abs().max()) > 1


def between(
    one: torch.Tensor, other: torch.Tensor, t: torch.Tensor, *, spherical: bool
) -> torch.Tensor:
    """Interpolate between two latents, spherically (White 2016, arXiv 1609.04468) or straight.

    The spherical way turns evenly from one direction to the other while the length goes evenly
    from one to the other. Latents in line, as all of one entry are, are joined straight.

    Parameters
    ----------
    one, other : Tensor of shape (d,)
    t : Tensor of shape (k,), in [0, 1]
    spherical : bool

    Returns
    -------
    Tensor of shape (k, d), float64

    Examples
    --------
    >>> way = between(torch.tensor([1.0, 0]), torch.tensor([0, 1.0]), torch.tensor([0.5]),
    ...               spherical=True)
    >>> way.norm().round(decimals=6)
    tensor(1., dtype=torch.float64)
    """
    one, other, t = one.double(), other.double(), t.double()[:, None]
    lengths = one.norm(), other.norm()
    cosine = one @ other / (lengths[0] * lengths[1]).clamp(min=1e-300)
    angle = cosine.clamp(-1, 1).acos()
    if not spherical or float(angle.sin()) < _NO_ANGLE:
        return (1 - t) * one + t * other
    turned = ((1 - t) * angle).sin() * one / lengths[0] + (t * angle).sin() * other / lengths[1]
    way: torch.Tensor = ((1 - t) * lengths[0] + t * lengths[1]) * turned / angle.sin()
    return way


class Path:
    """The images of a generator on the way from one latent to another, the class held.

    Parameters
    ----------
    subjects : Subjects
        With a generator.
    first, last : int
        Rows of ``subjects.z``; the class is that of the first one.
    spherical : bool
    """

    def __init__(self, subjects: Subjects, first: int, last: int, *, spherical: bool) -> None:
        self._subjects, self._spherical = subjects, spherical
        dim = subjects.latent_dim
        self._ends = subjects.z[first, :dim], subjects.z[last, :dim]
        self._class = subjects.z[first, dim:]

    @property
    def held(self) -> int:
        """Return the class that is held; -1 of a generator without classes."""
        return int(self._class.argmax()) if len(self._class) else -1

    def latents(self, t: torch.Tensor) -> torch.Tensor:
        """Return those at places t of shape (k,); shape (k, latent_dim + num_classes)."""
        own = between(*self._ends, t, spherical=self._spherical).to(self._subjects.z.dtype)
        return torch.cat([own, self._class.expand(len(t), -1)], 1)

    def images(self, t: torch.Tensor) -> torch.Tensor:
        """Draw those at places t of shape (k,); shape (k, c, h, w)."""
        return outputs_of(self._subjects.generator, self.latents(t))


def has_features(evaluator: nn.Module | None) -> bool:
    """Say whether distances can be taken in an evaluator's features."""
    return evaluator is not None and callable(getattr(evaluator, "features", None))


class _Features(nn.Module):
    """An evaluator that returns its features."""

    def __init__(self, evaluator: nn.Module) -> None:
        super().__init__()
        self.evaluator = evaluator

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.evaluator.features(images)  # type: ignore[operator]
        return found


def seen(subjects: Subjects, images: torch.Tensor) -> torch.Tensor:
    """Turn images into what distances are taken in: evaluator features, or pixels without any.

    Returns
    -------
    Tensor of shape (n, f), float32
    """
    if subjects.evaluator is None or not has_features(subjects.evaluator) or not len(images):
        return images.flatten(1).float()
    return outputs_of(_Features(subjects.evaluator), images).flatten(1).float()


def classes(subjects: Subjects, images: torch.Tensor) -> list[str]:
    """Name the class that the evaluator sees in each image; "" where it knows none."""
    if subjects.evaluator is None or not subjects.class_names:
        return [""] * len(images)
    labels = outputs_of(subjects.evaluator, images).argmax(1).tolist()
    return [subjects.class_names[label] for label in labels]
