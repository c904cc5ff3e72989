"""What the parts of a stage that explains have in common."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import torch

from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.report.figures.class_maps import class_maps
from tasks.params.section import Section
from tasks.shared.events import Events
from tasks.shared.results import show_image

P = TypeVar("P", bound=Section)


@dataclass
class Work(Generic[P]):
    """One run of the stage: what it is given, where it writes, what it has found so far."""

    events: Events
    params: P
    seed: int
    device: torch.device
    samples: Subjects
    report: Path
    metrics: dict[str, float | int] = field(default_factory=dict)
    refused: list[dict[str, str | int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """For stages that share more."""

    def average(
        self, cases: dict[str, tuple[str, torch.Tensor, torch.Tensor]], method: str
    ) -> None:
        """Write and draw the mean |map| of each class; cases are key, maps and labels by title."""
        titles = {key: title for title, (key, _, _) in cases.items()}
        given = {key: (maps, labels) for key, maps, labels in cases.values()}
        found = ClassMeans.of(given, self.samples, method)
        found.save(self.report)
        rows = {titles[key]: means for key, means in found.means.items()}
        show_image(self.report, self.events, "classes", class_maps(rows, found.images))
