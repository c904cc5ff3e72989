"""Whether G tears between latents, how it stretches them, and where its modes lie: the study."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch

from ganatomy.data.images import to_uint8
from ganatomy.explain.directions.methods import draws_by_place, jacobian_at
from ganatomy.explain.networks.hooks import kept
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.latent_paths import Path, classes, has_features, looks_normal, seen
from ganatomy.explain.topology.latent_topology import (
    PATHS,
    POINTS,
    SPECTRUM,
    STEPS,
    TEARS,
    LatentTopology,
)
from ganatomy.explain.topology.modes import FEWEST, embedded
from ganatomy.explain.topology.tears import HALVINGS, Tear, find_tears
from ganatomy.rng import derive_seed
from ganatomy.wording import counted

_JACOBIANS = 8
_MOST_IMAGES = 1200  # drawn for these
_MOST_VALUES = 100_000_000  # of one
_USED_FROM = 0.01
_STRIPS, _IN_STRIP = 4, 9
_SHOWN = 6  # tears with images


@dataclass(eq=False)
class _Walked:
    """The rows and images of the paths so far."""

    paths: list[list[object]] = field(default_factory=list)
    steps: list[list[object]] = field(default_factory=list)
    tears: list[list[object]] = field(default_factory=list)
    sides: list[torch.Tensor] = field(default_factory=list)
    strips: list[torch.Tensor] = field(default_factory=list)


def topology_of_latents(
    subjects: Subjects,
    *,
    num_paths: int = 16,
    num_steps: int = 32,
    num_images: int = 300,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> LatentTopology:
    """Walk between latents, halve the steps that jump, and map where images lie.

    Distances are those of evaluator features, or of pixels without an evaluator.

    Parameters
    ----------
    subjects : Subjects
        What needs a generator is left out without one.
    num_paths : int
        Interpolations, each between two of the latents that are given: 2, 4, 6, ... latents.
    num_steps : int
        Of each; even.
    num_images : int
        The most of each kind on the map of modes.
    seed : int
    on_progress : callable
        Told interpolations done, and of how many.

    Examples
    --------
    >>> G = torch.nn.Unflatten(1, (1, 2, 2))
    >>> study = topology_of_latents(Subjects.of(G, None, z=torch.randn(8, 4)))
    >>> study.num_torn, study.spectrum["participation"].round(3).unique().tolist()
    (0, [4.0])
    """
    left_out: dict[str, str] = {}
    spherical = bool(subjects.has_generator) and looks_normal(subjects.z[:, : subjects.latent_dim])
    walked, num_steps = _Walked(), 2 * max(1, num_steps // 2)
    with kept(subjects.generator):
        why = _why_no_paths(subjects)
        if why:
            left_out["tears and paths between latents"] = why
        else:
            total = min(num_paths, len(subjects.z) // 2)
            for number in range(total):
                path = Path(subjects, 2 * number, 2 * number + 1, spherical=spherical)
                _walk(subjects, path, number + 1, num_steps, walked)
                on_progress(number + 1, total)
        spectra = _spectra(subjects, left_out, why)
    points, trust = _modes(subjects, left_out, num_images, seed)
    paths = pd.DataFrame(walked.paths, columns=PATHS)
    tears = pd.DataFrame(walked.tears, columns=TEARS)
    tears["of_distance"] = tears["size"] / paths["straight"].mean()
    # the largest first: those are shown
    order = tears["size"].to_numpy(float).argsort(kind="stable")[::-1]
    shape = subjects.fake.shape[1:]
    sides = [walked.sides[place] for place in order[:_SHOWN]]
    return LatentTopology(
        "evaluator features" if has_features(subjects.evaluator) else "pixels",
        "spherical" if spherical else "straight",
        num_steps,
        1 / num_steps / 2**HALVINGS,
        max(0, subjects.latent_dim),
        paths,
        pd.DataFrame(walked.steps, columns=STEPS),
        tears.iloc[order].reset_index(drop=True),
        pd.DataFrame([_told(row, each) for row, each in enumerate(spectra, 1)], columns=SPECTRUM),
        points,
        trust,
        _stacked(sides, 2, *shape),
        _stacked(walked.strips, _IN_STRIP, *shape),
        spectra,
        left_out,
    )


def _stacked(images: list[torch.Tensor], *shape: int) -> torch.Tensor:
    return torch.stack(images) if images else torch.zeros(0, *shape, dtype=torch.uint8)


def _why_no_paths(subjects: Subjects) -> str:
    if not subjects.has_generator:
        return "there is no generator"
    if subjects.latent_dim < 1:
        return "its latents are a class and nothing else"
    if len(subjects.z) < 2:
        return f"{counted(len(subjects.z), 'latent')}: it takes two"
    if not bool(subjects.fake.isfinite().all()):
        return "the images that G makes are not finite"
    if draws_by_place(subjects.generator, subjects.z):
        return "G draws noise of its own for each image, so one latent has no one image"
    return ""


def _walk(subjects: Subjects, path: Path, number: int, num_steps: int, walked: _Walked) -> None:
    t = torch.linspace(0, 1, num_steps + 1, dtype=torch.float64)
    images = path.images(t)
    found, labels = seen(subjects, images), classes(subjects, images)
    steps = (found[1:] - found[:-1]).double().norm(dim=1)
    tears = find_tears(lambda places: seen(subjects, path.images(places)), t, found)
    straight = float((found[-1] - found[0]).double().norm())
    length, largest, median = (float(each) for each in (steps.sum(), steps.max(), steps.median()))
    known = [label for label in labels if label]
    changes = sum(one != other for one, other in itertools.pairwise(known))
    held = subjects.class_names[path.held] if 0 <= path.held < len(subjects.class_names) else ""
    detour = length / straight if straight > 0 else float("nan")
    walked.paths.append(
        [number, held, length, straight, detour, largest, median, len(set(known)), changes,
         len(tears)]
    )  # fmt: skip
    middles = ((t[1:] + t[:-1]) / 2).tolist()
    walked.steps += [[number, *row] for row in zip(middles, steps.tolist(), labels)]
    for tear in tears:
        _note(subjects, path, number, tear, walked)
    if number <= _STRIPS:
        places = np.linspace(0, num_steps, _IN_STRIP).round().astype(int)
        walked.strips.append(to_uint8(images[places]))


def _note(subjects: Subjects, path: Path, number: int, tear: Tear, walked: _Walked) -> None:
    sides = path.images(torch.tensor([tear.low, tear.high], dtype=torch.float64))
    before, after = classes(subjects, sides)
    walked.tears.append(
        [number, tear.t, tear.low, tear.high, tear.size, np.nan, tear.beside, before, after]
    )
    walked.sides.append(to_uint8(sides))


def _spectra(subjects: Subjects, left_out: dict[str, str], why: str) -> torch.Tensor:
    """Singular values of the Jacobian at the first latents, (latents, k)."""
    dim = max(0, subjects.latent_dim)
    values = int(np.prod(subjects.fake.shape[1:])) * dim
    count = min(_JACOBIANS, len(subjects.z), _MOST_IMAGES // (dim + 1))
    if not why and (count < 1 or values > _MOST_VALUES):
        why = f"of {counted(dim, 'latent dimension')} and images of this size it is too large"
    if why:
        left_out["the Jacobian's spectrum"] = why
        return torch.zeros(0, 0)
    found = []
    for base in subjects.z[:count]:
        jacobian = jacobian_at(subjects.generator, base, dim).double()
        small = jacobian if len(jacobian) <= jacobian.shape[1] else jacobian.T
        squares = torch.linalg.eigvalsh(small @ small.T).flip(0)
        found.append(squares.clamp(min=0).sqrt().float())
    return torch.stack(found)


def _told(number: int, values: torch.Tensor) -> list[object]:
    squares = values.double().square()
    largest, smallest = float(values[0]), float(values[-1])
    participation = float(squares.sum() ** 2 / squares.square().sum()) if largest > 0 else 0.0
    condition = largest / smallest if smallest > 0 else np.inf
    used = int((values >= _USED_FROM * largest).sum()) if largest > 0 else 0
    return [number, participation, used, condition, largest]


def _modes(
    subjects: Subjects, left_out: dict[str, str], most: int, seed: int
) -> tuple[pd.DataFrame, float]:
    kinds = {
        "real": (subjects.real[:most], subjects.real_labels),
        "fake": (subjects.fake[:most], subjects.fake_labels),
    }
    total, why = sum(len(images) for images, _ in kinds.values()), ""
    if total < FEWEST:
        why = f"{counted(total, 'image')}: it takes {FEWEST}"
    else:
        parts = [seen(subjects, images) for images, _ in kinds.values() if len(images)]
        features = torch.cat(parts).double()
        if not bool(features.isfinite().all()) or float(features.std(0).max()) == 0:
            why = "what is seen of images is not finite, or the same of all"
    if why:
        left_out["a map of modes"] = why
        return pd.DataFrame(columns=POINTS), float("nan")
    places, trust = embedded(
        features.double().numpy(), derive_seed(seed, "topology", "modes") % 2**32
    )
    about = [
        (kind, subjects.class_names[label] if label >= 0 else "")
        for kind, (images, labels) in kinds.items()
        for label in labels[: len(images)].tolist()
    ]
    rows = [[*place, *each] for place, each in zip(places.tolist(), about)]
    return pd.DataFrame(rows, columns=POINTS), trust
