"""Make features of directions: read from images by a regression, changed as the generator does."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import nn

from ganatomy.data.features.coordinates import Coordinates, principal_components
from ganatomy.data.features.learned import Judged, Learned, Numbers
from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.errors import InputError
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.walks import half_changes, moved, ratio_of_means
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.statistics import Array
from ganatomy.wording import percent

READ_FROM = 0.5
"""Held-out R^2 below which a direction is not read from images: more is unknown than known."""

_Interval = tuple[float, float, float]  # a figure, and its 95 % interval
_PENALTIES = tuple(10.0**power for power in range(-5, 3))
_WIDTH = 2.0  # of the median squared distance of two images
_LEAST = 40  # latents
_MOST_VALUES = 200_000_000  # of all images together
_SHARES = (0.7, 0.15, 0.15)  # fitted to, penalties chosen by, judged by
_BATCH = 64


@dataclass(frozen=True)
class ReadingSettings:
    """Numbers of what the readings are made of.

    Attributes
    ----------
    num_components : int
        Principal components of images, and of their changes.
    num_centres : int
        Images that nearness is measured to.
    num_changed : int
        The most latents along which changes are made, two images each and for each direction.
    """

    num_components: int = 64
    num_centres: int = 300
    num_changed: int = 600


DEFAULT_READING = ReadingSettings()


def learn_features(
    study: DirectionsStudy,
    generator: nn.Module,
    z: torch.Tensor,
    *,
    settings: ReadingSettings = DEFAULT_READING,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> LearnedFeatures:
    """Fit what reads each direction from images, and what changes images along it.

    Both are ridge regressions on the images' `Coordinates`, of the latent's part along the
    direction, and of what half a walk from one step below to one above changes. They are
    fitted to the first latents, their penalties chosen by the next, and judged by the last. A
    direction that does not stand out, that is not read (`READ_FROM`), or along which an
    image that is changed is no nearer to G's own than the image as it was, is no feature.

    Parameters
    ----------
    study : DirectionsStudy
        Of this generator.
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
        Other latents than the study's; 2,000 are better, 40 the least. Of large images fewer are
        made: so many as have 200 million values together.
    settings : ReadingSettings
    on_progress : callable
        Told steps done, and of how many.

    Raises
    ------
    InputError
        Too few latents.

    Examples
    --------
    >>> from ganatomy.explain.directions.study import find_directions
    >>> generator = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
    >>> generator[0].weight.data[:, 1:] = 0.0  # one entry of the latents moves the image
    >>> study = find_directions(generator, torch.randn(64, 8))
    >>> list(learn_features(study, generator, torch.randn(400, 8)).features)
    ['learned:1']
    """
    if len(z) < _LEAST:
        raise InputError(f"{len(z)} latents", "z", f"Give at least {_LEAST}; 2,000 are better.")
    total = 1 + len(study.directions)
    asked = [number for number in range(1, total) if study.stands_out(number)]
    if not asked:
        return LearnedFeatures(tuple(_none(study, k, _ALIKE) for k in range(1, total)), None, {})
    z = z.detach().cpu()
    z = z[: max(_LEAST, _MOST_VALUES // outputs_of(generator, z[:1]).numel())]
    fitting = _Fitting(generator, z, settings)
    on_progress(1, total)
    found: list[Judged | Learned] = []
    for number in range(1, total):
        found.append(_learned(study, number, fitting) if number in asked else _none(study, number))
        on_progress(1 + number, total)
    judged = tuple(one.judged if isinstance(one, Learned) else one for one in found)
    features = {one.name: one for one in found if isinstance(one, Learned)}
    return LearnedFeatures(judged, fitting.coordinates if features else None, features)


def learned_readers(
    study: DirectionsStudy, generator: nn.Module, z: torch.Tensor
) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    """Return what reads each direction that is a feature: images to Tensor of shape (n,), by name.

    Parameters
    ----------
    study, generator, z
        As of `learn_features`.
    """
    return learn_features(study, generator, z).readers()


_ALIKE = "it does not stand out: random directions change the image as much"


def _none(study: DirectionsStudy, number: int, reason: str = _ALIKE) -> Judged:
    return Judged(number, study.concept_of(number), reason)


class _Fitting:
    """Images of latents, in three parts: to fit to, to choose penalties by, and to judge by."""

    def __init__(self, generator: nn.Module, z: torch.Tensor, settings: ReadingSettings) -> None:
        self.generator, self.settings = generator, settings
        ends = [0, *(round(len(z) * sum(_SHARES[: k + 1])) for k in range(len(_SHARES)))]
        self.parts = [z[start:end] for start, end in pairwise(ends)]
        images = outputs_of(generator, z).clamp(-1, 1)
        self.images = [images[start:end] for start, end in pairwise(ends)]
        self.coordinates = _coordinates(self.images[0], settings)
        self.found = [self.coordinates.of(part) for part in self.images]


def _coordinates(images: torch.Tensor, settings: ReadingSettings) -> Coordinates:
    rows = images.flatten(1)
    mean, components = principal_components(rows[: settings.num_changed], settings.num_components)
    centres = (rows[: settings.num_centres] - mean) @ components.T
    width = _WIDTH * float(torch.cdist(centres, centres).square().median())
    scale = float(centres.std(0).max())
    return Coordinates(mean, components, centres, scale, width)


def _learned(study: DirectionsStudy, number: int, fitting: _Fitting) -> Judged | Learned:
    direction, latents = study.directions[number - 1], fitting.parts
    truth = [part[:, : len(direction)].double() @ direction for part in latents]
    reader = _ridge(fitting.found, [each[:, None] for each in truth])[:, 0]
    read = fitting.found[2] @ reader
    r2 = _share_told(read[:, None], truth[2][:, None])
    if not r2[0] >= READ_FROM:
        reason = f"its reading tells {percent(max(0.0, r2[0]))} of the latent's variance, less "
        reason += f"than {percent(READ_FROM)}"
        return _read_only(study, number, reason, r2)
    numbers = _numbers(fitting, direction, reader)
    if not float(numbers.gain) > 0:
        reason = "images that are changed along it do not read as if they were"
        return _read_only(study, number, reason, r2)
    trial = Learned(_none(study, number, ""), fitting.coordinates, numbers)
    follows = _followed(fitting, direction, trial)
    reason = "" if follows[1] > 0 else _ASTRAY
    concept, left = study.concept_of(number), _left(fitting, trial)
    judged = Judged(number, concept, reason, *r2, *follows, left)
    return judged if reason else Learned(judged, fitting.coordinates, numbers)


_ASTRAY = "an image that is changed along it is not surely nearer to what G would make"


def _read_only(study: DirectionsStudy, number: int, reason: str, r2: _Interval) -> Judged:
    return Judged(number, study.concept_of(number), reason, *r2)


def _numbers(fitting: _Fitting, direction: torch.Tensor, reader: torch.Tensor) -> Numbers:
    settings = fitting.settings
    few = [part[: settings.num_changed] for part in fitting.parts[:2]]
    changes = [_changes(fitting.generator, part, direction) for part in few]
    mean, ways = principal_components(changes[0], settings.num_components)
    scores = [(each - mean).double() @ ways.double().T for each in changes]
    changer = _ridge([found[: len(part)] for found, part in zip(fitting.found, few)], scores)
    numbers = Numbers(reader.float(), mean, ways, changer.float(), torch.tensor(1.0))
    trial = Learned(_UNJUDGED, fitting.coordinates, numbers)
    images = fitting.images[1]
    above, below = (trial.measure(trial.walked(images, step)) for step in (1.0, -1.0))
    return Numbers(**{**vars(numbers), "gain": (above - below).mean() / 2})


def _changes(generator: nn.Module, z: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    parts = [half_changes(generator, part, direction) for part in z.split(_BATCH)]
    return torch.cat(parts).flatten(1)


_UNJUDGED = Judged(0, "")


def _ridge(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> torch.Tensor:
    """Regress on coordinates, shape (coordinates, k); the penalty is chosen by the second part."""
    values, vectors = torch.linalg.eigh(found[0].T @ found[0])
    turned = vectors.T @ (found[0].T @ wanted[0])
    fitted = [
        vectors @ (turned / (values.clamp(min=0) + penalty)[:, None]) for penalty in _PENALTIES
    ]
    errors = [float((found[1] @ each - wanted[1]).square().sum()) for each in fitted]
    best: torch.Tensor = fitted[errors.index(min(errors))]
    return best


def _share_told(guess: torch.Tensor, truth: torch.Tensor) -> _Interval:
    """R^2 of rows, with its 95 % interval."""
    mean = truth.mean(0).expand_as(truth)
    return _gained(_distances(guess, truth), _distances(mean, truth))


def _gained(distances: Array, otherwise: Array) -> _Interval:
    """1 less the squared distances to the truth over those of another guess."""
    ratio = ratio_of_means(distances, otherwise)
    return 1 - ratio.value, 1 - ratio.high, 1 - ratio.low


def _distances(one: torch.Tensor, other: torch.Tensor) -> Array:
    squares: Array = (one - other).double().flatten(1).square().sum(1).numpy()
    return squares


def _followed(fitting: _Fitting, direction: torch.Tensor, trial: Learned) -> _Interval:
    """The share of G's own steps, forth and back, that changed images get right."""
    images, squares = fitting.images[2], []
    for step in (1.0, -1.0):
        parts = fitting.parts[2].split(_BATCH)
        walked = [moved(fitting.generator, each, direction, step) for each in parts]
        truth = torch.cat(walked).clamp(-1, 1)
        pair = (trial.walked(images, step), images)
        squares.append([_distances(each, truth) for each in pair])
    return _gained(*(sum(each) for each in zip(*squares)))


def _left(fitting: _Fitting, trial: Learned) -> float:
    before = trial.values(fitting.images[2])
    after = trial.values(trial.removed(fitting.images[2], before.mean(0)))
    return float(after.std() / before.std())
