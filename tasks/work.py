"""What the parts of a stage that explains have in common."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import torch

from ganatomy.report.class_maps import class_maps
from ganatomy.tensors import write_tensors
from tasks.events import Events
from tasks.params.section import Section
from tasks.results import show_image
from tasks.samples import Samples

P = TypeVar("P", bound=Section)


@dataclass
class Work(Generic[P]):
    """One run of the stage: what it is given, where it writes, what it has found so far."""

    events: Events
    params: P
    seed: int
    device: torch.device
    samples: Samples
    report: Path
    metrics: dict[str, float | int] = field(default_factory=dict)
    refused: list[dict[str, str | int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """For stages that share more."""

    def average(
        self, cases: dict[str, tuple[str, torch.Tensor, torch.Tensor]], note: dict[str, str]
    ) -> None:
        """Write and draw the mean |map| of each class; cases are key, maps and labels by title."""
        rows: dict[str, dict[str, torch.Tensor]] = {}
        tensors: dict[str, torch.Tensor] = {}
        for title, (key, maps, labels) in cases.items():
            rows[title] = self.samples.by_class(maps, labels)
            tensors |= {f"{key}/{name}": mean for name, mean in rows[title].items()}
        write_tensors(self.report / "class_means.safetensors", tensors, note)
        picture = class_maps(rows, self.samples.mean_images())
        show_image(self.report, self.events, "classes", picture)
