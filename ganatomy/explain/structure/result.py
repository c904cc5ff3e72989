"""What the study of structure found: saved, loaded, in figures and in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.explain.structure.graph import NetworkGraph
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.wording import counted, listed

NETWORKS = ("G", "D")
_UNUSED_BELOW = 0.1
"""Of the dimensions that a layer's units could use together: where it is less, it sleeps."""
_FEWEST_UNITS = 8
_STILL_BELOW = 1e-6  # of the first weights: what rounding makes
_NAMED = 5  # layers, in a sentence
_TEXT = ("name",)
_SLEEP = {  # of one unit, and of several
    "num_dead": ("is dead: it never varies", "are dead: they never vary"),
    "num_duplicates": (
        "is the copy of another one of its layer",
        "are copies of others of their layers",
    ),
}


@dataclass(frozen=True, eq=False)
class NetworkStructure:
    """One network: how it is built and how its layers work.

    Attributes
    ----------
    graph : NetworkGraph
    why_untraced : str
        Why its layers are known and not what flows between them; "" where it is known.
    batch_in_training, batch_in_use : tuple of str
        Parts that look at the images beside an image, in train and in eval mode.
    reach : dict of str to (int, int)
        By layer: of D the pixels that its middle place sees, of G those that it changes.
    vitals : DataFrame
        As of `vitals.vitals`.
    missing : tuple of str
        What could not be measured, and why.
    """

    graph: NetworkGraph
    why_untraced: str
    batch_in_training: tuple[str, ...]
    batch_in_use: tuple[str, ...]
    reach: dict[str, tuple[int, int]]
    vitals: pd.DataFrame
    missing: tuple[str, ...] = ()

    @property
    def is_traced(self) -> bool:
        """Whether what flows between its layers is known."""
        return not self.why_untraced

    @property
    def sleeping(self) -> pd.DataFrame:
        """Layers that use few of their dimensions, have dead units or duplicated ones."""
        found = self.vitals
        few = (found["num_units"] >= _FEWEST_UNITS) & (
            found["rank"] < _UNUSED_BELOW * found["possible"]
        )
        return found[few | (found["num_dead"] > 0) | (found["num_duplicates"] > 0)]

    def as_record(self) -> dict[str, Any]:
        """Give all but the table as what JSON can hold."""
        return {
            "graph": self.graph.as_record(),
            "why_untraced": self.why_untraced,
            "batch_in_training": list(self.batch_in_training),
            "batch_in_use": list(self.batch_in_use),
            "reach": {name: list(size) for name, size in self.reach.items()},
            "missing": list(self.missing),
        }

    @staticmethod
    def of_record(record: dict[str, Any], table: pd.DataFrame) -> "NetworkStructure":
        """Read what `as_record` gave, and the table beside it."""
        return NetworkStructure(
            NetworkGraph.of_record(record["graph"]),
            record["why_untraced"],
            tuple(record["batch_in_training"]),
            tuple(record["batch_in_use"]),
            {name: (size[0], size[1]) for name, size in record["reach"].items()},
            table,
            tuple(record["missing"]),
        )


@dataclass(frozen=True, eq=False)
class StructureStudy:
    """Both networks: how they are built and how their layers work.

    Attributes
    ----------
    networks : dict of str to NetworkStructure
        By `NETWORKS`, those that there are.
    num_images : int
        That layers were measured on, of each network.
    """

    networks: dict[str, NetworkStructure]
    num_images: int

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        found: dict[str, float] = {}
        for name, each in self.networks.items():
            key = name.lower()
            found[f"{key}_parameters"] = each.graph.num_parameters
            found[f"{key}_macs"] = each.graph.macs
            found[f"{key}_layers"] = sum(bool(part.module) for part in each.graph.parts)
            found[f"{key}_dead_units"] = int(each.vitals["num_dead"].sum())
            found[f"{key}_duplicated_units"] = int(each.vitals["num_duplicates"].sum())
        return found

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        return " ".join(text for name in self.networks for text in self._sentences(name))

    def _sentences(self, name: str) -> Iterator[str]:
        each = self.networks[name]
        layers = sum(bool(part.module) for part in each.graph.parts)
        weights = sum(bool(part.parameters) for part in each.graph.parts)
        yield (
            f"{name} has {counted(layers, 'layer')}, {weights} with weights, "
            f"{each.graph.num_parameters:,} parameters, and takes {each.graph.macs:,} "
            "multiplications with an addition for an image."
        )
        if not each.is_traced:
            yield f"What flows between its layers could not be followed: {each.why_untraced}."
        if each.batch_in_use:
            where = _few(each.batch_in_use)
            yield (
                f"{name} looks at the whole batch in use, first in {where}: what it says of an "
                "image depends on the images beside it."
            )
        elif each.batch_in_training:
            where = _few(each.batch_in_training)
            yield f"While it is trained it looks at the whole batch in {where}."
        yield from self._sleeping(name, each)

    def _sleeping(self, name: str, each: NetworkStructure) -> Iterator[str]:
        units = int(each.vitals["num_units"].sum())
        if each.missing:
            yield f"Of {name} could not be measured {listed(list(each.missing))}."
        if each.vitals.empty:
            return
        found = [
            f"{count:,} {words[count > 1]} (in {_few(_where(each, column))})"
            for column, words in _SLEEP.items()
            if (count := int(each.vitals[column].sum()))
        ]
        if found:
            yield f"Of {units:,} units of {name} {' and '.join(found)}."
        else:
            yield f"Of {units:,} units of {name} none is dead and none the copy of another."
        still = list(each.vitals["name"][each.vitals["moved"] < _STILL_BELOW])
        if still:
            yield f"Training has not moved the weights of {name} in {_few(still)}."

    def save(self, folder: Path) -> None:
        """Write ``structure.json`` and a table for each network into a folder."""
        remove_stale(folder, *(f"layers_{name}.csv" for name in NETWORKS))
        for name, each in self.networks.items():
            write_bytes(folder / f"layers_{name}.csv", csv_bytes(each.vitals))
        networks = {name: each.as_record() for name, each in self.networks.items()}
        write_json(folder / "structure.json", {"num_images": self.num_images, "networks": networks})

    @staticmethod
    @validated
    def load(folder: Path) -> "StructureStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "structure.json")
        networks = {
            name: NetworkStructure.of_record(
                record, read_table(folder / f"layers_{name}.csv", _TEXT)
            )
            for name, record in sorted(about["networks"].items(), reverse=True)  # G first
        }
        return StructureStudy(networks, about["num_images"])


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return listed([*names[:_NAMED], *([f"{more} more"] if more > 0 else [])])


def _where(each: NetworkStructure, column: str) -> list[str]:
    return list(each.vitals["name"][each.vitals[column] > 0])
