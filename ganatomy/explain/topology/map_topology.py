"""What the study of activation maps' topology found: saved, loaded, in figures and in words."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, listed, of_all, percent, signed

PERSISTENT_FROM = 0.2
"""Of a map's range: a region or a hole that lives over less is not counted."""
COUNTED = ("regions", "holes")
LAYERS = ["network", "layer", "kind", "height", "width", "num_images", "num_constant", *COUNTED]
COMPARED = [
    *("network", "layer", "what", "real", "fake", "difference", "low", "high"),
    *("p", "q", "stands_out"),
]
BY_CLASS = ["network", "layer", "kind", "label", "num_images", *COUNTED]
CURVES = ["network", "layer", "kind", "threshold", *COUNTED]

_TABLES = {"layers": LAYERS, "compared": COMPARED, "by_class": BY_CLASS, "curves": CURVES}
_TEXT = ("network", "layer", "kind", "label", "what")
_MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class LayerMaps:
    """Maps of one layer on images of one kind, with what persists in them marked.

    Attributes
    ----------
    mean : Tensor of shape (h, w), float32 in [0, 1]
        Over images, each map scaled to its own range.
    marks : Tensor of shape (h, w), int8
        As of `cubical.outlined`.
    examples : Tensor of shape (e, h, w), float32 in [0, 1]
        Maps of the first images.
    example_marks : Tensor of shape (e, h, w), int8
    classes : Tensor of shape (k, h, w), float32 in [0, 1]
        The mean of each class, as in the table `by_class`.
    class_marks : Tensor of shape (k, h, w), int8
    """

    mean: torch.Tensor
    marks: torch.Tensor
    examples: torch.Tensor
    example_marks: torch.Tensor
    classes: torch.Tensor
    class_marks: torch.Tensor


@dataclass(frozen=True, eq=False)
class MapTopology:
    """Connected regions and holes of the activation maps of each layer.

    A map is the mean |activation| over a layer's channels for one image, scaled to its own range;
    what persists over `PERSISTENT_FROM` of that range is counted.

    Attributes
    ----------
    layers : DataFrame
        One row for each layer and kind of images, `LAYERS`: ``network`` G or D; ``kind`` real or
        fake; the size of the maps; ``num_constant``: maps that say nothing; ``regions``,
        ``holes``: the mean over images.
    compared : DataFrame
        One row for each layer of D and each of `COUNTED`, `COMPARED`: ``difference``: fake less
        real, with a 95 % interval (Welch); ``p`` of a permutation test over images, ``q``
        Benjamini-Hochberg over all rows.
    by_class : DataFrame
        `BY_CLASS`; no rows where images have no classes.
    curves : DataFrame
        `CURVES`: how many regions and holes there are at a threshold, in the mean over images.
    maps : tuple of LayerMaps
        One for each row of `layers`.
    images : dict of str to Tensor of shape (e, c, h, w), uint8
        By kind, those of the examples.
    left_out : dict of str to str
        What could not be asked, and why.
    """

    layers: pd.DataFrame
    compared: pd.DataFrame
    by_class: pd.DataFrame
    curves: pd.DataFrame
    maps: tuple[LayerMaps, ...]
    images: dict[str, torch.Tensor]
    left_out: dict[str, str] = field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        found: dict[str, float] = {}
        for network, own in self.layers.groupby("network"):
            for what in COUNTED:
                found[f"{str(network).lower()}_mean_map_{what}"] = float(own[what].mean())
        if len(self.compared):
            found["map_differences"] = int(self.compared["stands_out"].sum())
        return found

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Say the same, a sentence each."""
        if self.layers.empty:
            return ["No layer has maps whose regions could be counted."]
        return [*self._counts(), *self._differences()]

    def _counts(self) -> Iterator[str]:
        for network in ("G", "D"):
            own = self.layers[self.layers["network"] == network]
            if len(own):
                yield (
                    f"A map of a layer of {network} has {_between(own, 'regions')} regions and "
                    f"{_between(own, 'holes')} holes that persist over {percent(PERSISTENT_FROM)} "
                    f"of its range, in the mean over images."
                )

    def _differences(self) -> Iterator[str]:
        if self.compared.empty:
            return
        found = self.compared[self.compared["stands_out"]]
        if found.empty:
            number = int(self.layers.loc[self.layers["network"] == "D", "num_images"].min())
            yield (
                f"In none of {counted(len(self.compared), 'comparison')} do D's maps of generated "
                f"images have more or fewer of them than its maps of real ones, as far as "
                f"{counted(number, 'image')} of a kind show."
            )
            return
        largest = found.reindex(found["difference"].abs().sort_values(ascending=False).index)
        told = [_said(row) for row in largest.head(_MOST_NAMED).to_dict("records")]
        yield (
            f"In {of_all(len(found), len(self.compared), 'comparison')} D's maps of generated "
            f"images differ from its maps of real ones; the largest: {listed(told)}."
        )

    def save(self, folder: Path) -> None:
        """Write ``topology_maps.json``, four tables and ``topology_maps.safetensors``."""
        for name in _TABLES:
            write_bytes(folder / f"topology_maps_{name}.csv", csv_bytes(getattr(self, name)))
        tensors = {f"images.{kind}": images for kind, images in self.images.items()}
        for row, each in enumerate(self.maps):
            tensors |= {f"{row}.{name}": getattr(each, name) for name in _MAPS}
        write_tensors(folder / "topology_maps.safetensors", tensors)
        write_json(folder / "topology_maps.json", {"left_out": self.left_out})

    @staticmethod
    @validated
    def load(folder: Path) -> "MapTopology":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "topology_maps.json")
        tensors = read_tensors(folder / "topology_maps.safetensors")
        tables = {
            name: read_table(folder / f"topology_maps_{name}.csv", _TEXT)[columns]
            for name, columns in _TABLES.items()
        }
        tables["compared"]["stands_out"] = tables["compared"]["stands_out"].astype(bool)
        maps = tuple(
            LayerMaps(*(tensors[f"{row}.{name}"] for name in _MAPS))
            for row in range(len(tables["layers"]))
        )
        images = {
            name.removeprefix("images."): tensor
            for name, tensor in tensors.items()
            if name.startswith("images.")
        }
        return MapTopology(**tables, maps=maps, images=images, left_out=about["left_out"])


_MAPS = tuple(each.name for each in fields(LayerMaps))


def _between(table: pd.DataFrame, what: str) -> str:
    low, high = (f"{value:.1f}" for value in (table[what].min(), table[what].max()))
    return low if low == high else f"{low} to {high}"


def _said(row: Mapping[Hashable, Any]) -> str:
    low, high = (signed(row[name], 1) for name in ("low", "high"))
    return f"{row['layer']} has {signed(row['difference'], 1)} {row['what']} ({low} to {high})"
