"""The topology of what G makes, of activation maps and of latent space: the study."""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.topology.clouds import (
    DEFAULT_CLOUDS,
    FEWEST,
    Cloud,
    CloudSettings,
    compare_clouds,
)
from ganatomy.explain.topology.latent_study import topology_of_latents
from ganatomy.explain.topology.map_study import topology_of_maps
from ganatomy.explain.topology.result import TopologyStudy

_TICKS = 2  # of each cloud


def describe_topology(
    subjects: Subjects,
    *,
    history: Iterable[tuple[int, nn.Module]] = (),
    settings: CloudSettings = DEFAULT_CLOUDS,
    num_maps: int = 64,
    num_paths: int = 16,
    seed: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> TopologyStudy:
    """Count groups, loops, regions, holes and tears, and compare real with generated images.

    Parameters
    ----------
    subjects : Subjects
        Of images as a whole something can be said from 40 of a kind on; 300 are better.
    history : iterable of (int, nn.Module)
        Steps of the training, and the generators of then.
    settings : CloudSettings
    num_maps : int
        Images of each kind whose activation maps are looked at, at most.
    num_paths : int
        Interpolations between latents.
    seed : int
    on_progress : callable
        Told steps done, and of how many.

    Examples
    --------
    >>> images = torch.randn(60, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    >>> D = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 1), nn.Flatten(0))
    >>> study = describe_topology(Subjects.of(None, D, real=images))
    >>> study.clouds[0].count("real", "groups")[0]
    1
    """
    spaces = _spaces(subjects)
    left_out = _left_out(subjects)
    total, done = _TICKS * len(spaces) + 2, 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    course = [(step, outputs_of(each, subjects.z)) for step, each in history if len(subjects.z)]
    clouds: list[Cloud] = []
    enough = max(len(subjects.real), len(subjects.fake)) >= FEWEST
    for space, features in spaces.items() if enough else ():
        clouds.append(
            compare_clouds(
                features(subjects.real),
                features(subjects.fake),
                space,
                labels=(subjects.real_labels, subjects.fake_labels),
                class_names=subjects.class_names,
                course=tuple((step, features(images)) for step, images in course),
                settings=settings,
                seed=seed,
                tick=tick,
            )
        )
    maps = topology_of_maps(subjects, num_images=num_maps, seed=seed)
    tick()
    latents = topology_of_latents(subjects, num_paths=num_paths, seed=seed)
    tick()
    return TopologyStudy(tuple(clouds), maps, latents, left_out)


def _spaces(subjects: Subjects) -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    found: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {}
    if subjects.evaluator is not None:
        evaluator = subjects.evaluator
        found["the evaluator’s features"] = lambda images: _features(evaluator, images)
    found["pixels"] = lambda images: images.flatten(1)
    return found


def _features(evaluator: nn.Module, images: torch.Tensor) -> torch.Tensor:
    if not len(images):
        return torch.zeros(0, 1)
    return outputs_of(_Features(evaluator), images)


class _Features(nn.Module):
    def __init__(self, evaluator: nn.Module) -> None:
        super().__init__()
        self.evaluator = evaluator

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.evaluator.features(images)  # type: ignore[operator]
        return found.flatten(1)


def _left_out(subjects: Subjects) -> dict[str, str]:
    return dict(_reasons(subjects))


def _reasons(subjects: Subjects) -> Iterator[tuple[str, str]]:
    for name, images in (("real images", subjects.real), ("generated images", subjects.fake)):
        if len(images) < FEWEST:
            yield name, f"there are {len(images)}, and {FEWEST} are needed"
    if subjects.evaluator is None:
        yield "the evaluator’s features", "there is no evaluator"
