"""Two parts of the section on topology: regions of activation maps, and ways between latents."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.explain.topology.latent_topology import LatentTopology
from ganatomy.explain.topology.map_topology import PERSISTENT_FROM, MapTopology
from ganatomy.marking import GENERATED
from ganatomy.report.figures.betti_chart import betti_chart
from ganatomy.report.figures.latent_paths_chart import paths_chart
from ganatomy.report.figures.latent_strips import strips_sheet, tears_sheet
from ganatomy.report.figures.map_regions import class_region_sheet, region_sheet
from ganatomy.report.figures.modes_chart import modes_chart
from ganatomy.report.sections.page_section import Block, Figure, Picture, Record, png, rows_of
from ganatomy.wording import counted, percent

_HERE = Path(__file__)
MAPS = Block(
    "topology-maps",
    "Which shapes do layers see?",
    "looks",
    _HERE.with_name("topology_maps.html"),
)
LATENTS = Block(
    "topology-latents",
    "Does G tear between latents?",
    "looks",
    _HERE.with_name("topology_latents.html"),
)

_NETWORKS = {"G": "the generator", "D": "the discriminator"}
_MOST_TEARS = 12
_Drawn = Callable[[], NDArray[np.uint8] | None]


def facts_of_maps(maps: MapTopology) -> Record:
    """Give what the template of `MAPS` shows, under ``map_topology``."""
    told = {
        "sentences": maps.sentences(),
        "layers": rows_of(maps.layers),
        "compared": rows_of(maps.compared),
        "persistent": percent(PERSISTENT_FROM),
        "left_out": maps.left_out,
    }
    return {"map_topology": told}


def facts_of_latents(latents: LatentTopology) -> Record:
    """Give what the template of `LATENTS` shows, under ``latent_topology``."""
    told = {
        "sentences": latents.sentences(),
        "tears": [
            {**row, "t": f"{row['t']:.4f}"} for row in rows_of(latents.tears.head(_MOST_TEARS))
        ],
        "num_steps": latents.num_steps,
        "space": latents.space,
        "parts": f"{round(1 / latents.resolution):,}",
        "left_out": latents.left_out,
    }
    return {"latent_topology": told}


def figures_of_maps(maps: MapTopology) -> dict[str, Figure]:
    """Give the pictures of `MAPS`, those that there are."""
    found: dict[str, Figure] = {}
    for name, words in _NETWORKS.items():
        key = name.lower()
        if not (maps.layers["network"] == name).any():
            continue
        found[f"maps_{key}"] = _images(
            partial(region_sheet, maps, name),
            f"Regions and holes in the maps of {words}",
            "The mean |activation| of each layer, white being the most, for all images and for the "
            "first ones. Red: regions that persist, half-way through their life; blue: holes.",
            "topology_maps.safetensors",
            generated="fake" in maps.images,
        )
        if (maps.by_class["network"] == name).any():
            found[f"maps_{key}_classes"] = _images(
                partial(class_region_sheet, maps, name),
                f"The last layer of {words}, class by class",
                "The mean map of each class, outlined in the same way.",
                "topology_maps.safetensors",
                generated=False,
            )
        found[f"maps_{key}_curves"] = _chart(
            partial(betti_chart, maps, name),
            f"How many regions and holes maps of {words} have",
            "Cut at each threshold, in the mean over images.",
            "topology_maps_curves.csv",
        )
    return found


def figures_of_latents(latents: LatentTopology) -> dict[str, Figure]:
    """Give the pictures of `LATENTS`, those that there are."""
    found: dict[str, Figure] = {}
    if len(latents.paths):
        torn = latents.num_torn
        found["ways"] = _chart(
            lambda: paths_chart(latents),
            f"{torn} of {counted(len(latents.paths), 'way')} between latents have a tear",
            "Left: how far each step goes, a line for each way, red where it tears. Right: the "
            "singular values of the Jacobian at some latents.",
            "topology_latents_steps.csv",
        )
        found["ways_images"] = _images(
            lambda: strips_sheet(latents),
            "Images on the first ways between latents",
            "Below each the class that the evaluator sees, where there is one.",
            "topology_latents.safetensors",
        )
    if len(latents.beside):
        found["tears"] = _images(
            lambda: tears_sheet(latents),
            "Images on either side of the largest tears",
            "Between the two of a pair a way goes on by a vanishing step, and the image jumps.",
            "topology_latents_tears.csv",
        )
    if len(latents.points):
        found["modes"] = _chart(
            lambda: modes_chart(latents),
            f"A map of modes (t-SNE, trustworthiness {latents.trustworthiness:.2f})",
            f"Each point is an image; near each other is who is alike in {latents.space}. How "
            "large a group is and how far apart two are says nothing on such a map.",
            "topology_latents_points.csv",
        )
    return found


def _chart(draw: _Drawn, title: str, caption: str, source: str) -> Picture:
    return Picture(lambda: _file(draw), title, caption, source=f"topology/{source}", narrow=True)


def _images(
    draw: _Drawn, title: str, caption: str, source: str, *, generated: bool = True
) -> Picture:
    return Picture(
        lambda: _file(draw),
        title,
        caption,
        source=f"topology/{source}",
        kind="pixels",
        mark=GENERATED if generated else None,
    )


def _file(draw: _Drawn) -> bytes:
    drawn = draw()
    if drawn is None:
        raise ValueError("a figure without anything to draw")
    return png(drawn)
