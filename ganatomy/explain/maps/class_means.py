"""Mean maps of each class: where, over many images, explanations have their mass."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.explain.networks.subjects import Subjects
from ganatomy.tensors import read_notes, read_tensors, write_tensors

_FILE = "class_means.safetensors"
_IMAGES = "class_images.safetensors"


@dataclass(frozen=True, eq=False)
class ClassMeans:
    """Mean |map| of each class, of several cases.

    Attributes
    ----------
    means : dict of case to dict of class name to Tensor of shape (h, w)
    images : dict of class name to Tensor of shape (c, h, w)
        The mean real image of each class, to look at beside them.
    method : str
        How the maps were made.
    counts : dict of case to int
        Maps that the means were taken over.
    """

    means: dict[str, dict[str, torch.Tensor]]
    images: dict[str, torch.Tensor]
    method: str
    counts: dict[str, int]

    @staticmethod
    def of(
        cases: Mapping[str, tuple[torch.Tensor, torch.Tensor]], subjects: Subjects, method: str
    ) -> "ClassMeans":
        """Average maps of shape (n, h, w) by labels of shape (n,), which are given by case."""
        means = {key: subjects.by_class(maps, labels) for key, (maps, labels) in cases.items()}
        counts = {key: len(maps) for key, (maps, _) in cases.items()}
        return ClassMeans(means, subjects.mean_images(), method, counts)

    def save(self, folder: Path) -> None:
        """Write ``class_means.safetensors`` and ``class_images.safetensors``."""
        tensors = {
            f"{key}/{name}": mean for key, each in self.means.items() for name, mean in each.items()
        }
        write_tensors(folder / _FILE, tensors, {"method": self.method})
        names = dict.fromkeys(
            [*self.images, *(name for each in self.means.values() for name in each)]
        )
        about = {"counts": json.dumps(self.counts), "classes": json.dumps(list(names))}
        write_tensors(folder / _IMAGES, self.images, about)

    @staticmethod
    def load(folder: Path) -> "ClassMeans":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about, tensors = read_notes(folder / _IMAGES), read_tensors(folder / _FILE)
        images, names = read_tensors(folder / _IMAGES), json.loads(about["classes"])
        counts = json.loads(about["counts"])
        means = {
            key: {name: tensors[f"{key}/{name}"] for name in names if f"{key}/{name}" in tensors}
            for key in counts
        }
        return ClassMeans(
            means,
            {name: images[name] for name in names if name in images},
            read_notes(folder / _FILE)["method"],
            counts,
        )
