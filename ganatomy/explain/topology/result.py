"""What the study of topology found: saved, loaded, in figures and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganatomy.explain.topology.clouds import (
    ALARM,
    CLASSES,
    COUNTS,
    COURSE,
    FAKE,
    LEFT,
    MADE,
    REAL,
    TESTS,
    WAYS,
    Cloud,
)
from ganatomy.explain.topology.homology import Bars
from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.explain.topology.map_topology import MapTopology
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, listed, percent

_TABLES = {"counts": COUNTS, "ways": WAYS, "classes": CLASSES, "course": COURSE}
_TEXT = ("kind", "what", "way", "name")
_AGREE = 0.8
"""Share of subsamples that must agree about a count before it is compared."""
_ONE = {"groups": "group", "loops": "loop", "voids": "void"}


@dataclass(frozen=True, eq=False)
class TopologyStudy:
    """The topology of what G makes, of activation maps and of latent space.

    Attributes
    ----------
    clouds : tuple of Cloud
        Images in the evaluator's features and in pixels; none without enough images.
    maps : MapTopology
    latents : LatentTopology
    left_out : dict of str to str
        What was not asked, and why.
    """

    clouds: tuple[Cloud, ...]
    maps: MapTopology
    latents: LatentTopology
    left_out: dict[str, str]

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        found: dict[str, float] = {}
        for cloud in self.clouds:
            key = "pixels" if cloud.space == "pixels" else "features"
            for row in cloud.counts.to_dict("records"):
                found[f"{key}_{row['kind']}_{row['what']}"] = float(row["count"])
            for row in cloud.ways.to_dict("records"):
                found[f"{key}_{row['part']}_{row['way']}"] = float(row["divergence"])
            if len(cloud.ways):
                found[f"{key}_p"] = cloud.p
        return {**found, **self.maps.metrics(), **self.latents.metrics()}

    def verdict(self) -> str:
        """Say in a few sentences what was found of the images as a whole."""
        found = [text for cloud in self.clouds for text in sentences_of(cloud)]
        return " ".join(found) or "Of images as a whole nothing could be asked."

    def save(self, folder: Path) -> None:
        """Write ``topology.json``, tables and tensors of each cloud, and those of both parts."""
        about, tensors = [], {}
        for place, cloud in enumerate(self.clouds):
            for name in _TABLES:
                table = csv_bytes(getattr(cloud, name))
                write_bytes(folder / f"cloud_{place}_{name}.csv", table)
            for kind, bars in cloud.bars.items():
                tensors[f"{place}.{kind}.groups"] = bars.groups
                tensors[f"{place}.{kind}.loops"] = bars.loops
            plain = ("space", "num_points", "num_dimensions", "share", "is_even")
            about.append({name: getattr(cloud, name) for name in plain})
        write_tensors(folder / "bars.safetensors", tensors)
        self.maps.save(folder)
        self.latents.save(folder)
        write_json(folder / "topology.json", {"clouds": about, "left_out": self.left_out})

    @staticmethod
    @validated
    def load(folder: Path) -> "TopologyStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "topology.json")
        tensors = read_tensors(folder / "bars.safetensors")
        clouds = []
        for place, plain in enumerate(about["clouds"]):
            tables = {
                name: read_table(folder / f"cloud_{place}_{name}.csv", tuple({*_TEXT} & {*columns}))
                for name, columns in _TABLES.items()
            }
            kinds = [kind for kind in (REAL, FAKE) if f"{place}.{kind}.groups" in tensors]
            bars = {
                kind: Bars(*(tensors[f"{place}.{kind}.{each}"] for each in ("groups", "loops")))
                for kind in kinds
            }
            whole: dict[str, Any] = {**plain, **tables}
            clouds.append(Cloud(**whole, bars=bars))
        return TopologyStudy(
            tuple(clouds),
            MapTopology.load(folder),
            LatentTopology.load(folder),
            about["left_out"],
        )


def sentences_of(cloud: Cloud) -> Iterator[str]:
    """Say what was found of real and generated images in one space."""
    kinds = list(cloud.bars)
    if len(kinds) == 1:
        told = [_counted(cloud, kinds[0], what) for what in _ONE]
        yield (
            f"In {cloud.space} {cloud.num_points} {kinds[0]} images are {told[0]} with "
            f"{listed(told[1:])}."
        )
        return
    if not cloud.differs:
        yield (
            f"In {cloud.space} the shape of {cloud.num_points} generated images is not to be told "
            f"from that of as many real ones (p = {cloud.p:.2f})."
        )
        return
    sure = list(dict.fromkeys(cloud.ways["way"][TESTS * cloud.ways["p"] <= ALARM]))
    words = {MADE: "G makes what lies beyond the data", LEFT: "G leaves out what the data has"}
    ways = [words[way] for way in sure]
    yield (
        f"In {cloud.space} the shape of generated images differs from that of real ones: "
        f"{listed(ways)} (p = {cloud.p:.2g}, {cloud.num_points} of each; such a statement is false "
        f"in at most {percent(ALARM)} of cases)."
    )
    for what in _ONE:
        (real, agreed), (fake, agreed_too) = (cloud.count(kind, what) for kind in (REAL, FAKE))
        if real != fake and min(agreed, agreed_too) >= _AGREE:
            yield (
                f"There the data has {_counted(cloud, REAL, what)} and what G makes "
                f"{_counted(cloud, FAKE, what)}."
            )


def _counted(cloud: Cloud, kind: str, what: str) -> str:
    return counted(cloud.count(kind, what)[0], _ONE[what])
