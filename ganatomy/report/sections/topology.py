"""The topology of what G makes, of activation maps and of latent space."""

from functools import partial
from pathlib import Path

from ganatomy.explain.topology.clouds import LEFT, MADE
from ganatomy.explain.topology.homology import GAP, VOID_FROM
from ganatomy.explain.topology.result import TopologyStudy
from ganatomy.report.figures.bars_chart import bars_chart
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.sections.topology_parts import (
    LATENTS,
    MAPS,
    facts_of_latents,
    facts_of_maps,
    figures_of_latents,
    figures_of_maps,
)
from ganatomy.wording import percent

_WAYS = {MADE: "what G makes, over the data", LEFT: "the data, over what G makes"}
_PARTS = {"groups": "tree to all points", "loops": "loops (topology divergence)"}


def _facts(study: TopologyStudy) -> Record:
    clouds = [
        {
            "space": cloud.space,
            "num_points": cloud.num_points,
            "num_dimensions": cloud.num_dimensions,
            "share": percent(cloud.share),
            "figure": f"cloud_{place}",
            "counts": rows_of(cloud.counts),
            "ways": [
                {**row, "way": _WAYS[row["way"]], "part": _PARTS[row["part"]]}
                for row in rows_of(cloud.ways)
            ],
            "classes": rows_of(cloud.classes),
            "course": rows_of(cloud.course),
        }
        for place, cloud in enumerate(study.clouds)
    ]
    told = {
        "verdict": study.verdict(),
        "clouds": clouds,
        "left_out": study.left_out,
        "gap": GAP,
        "void_from": VOID_FROM,
    }
    return {
        "topology": told,
        **facts_of_maps(study.maps),
        **facts_of_latents(study.latents),
    }


def _figures(study: TopologyStudy) -> dict[str, Figure]:
    found: dict[str, Figure] = {
        f"cloud_{place}": Picture(
            partial(lambda cloud: png(bars_chart(cloud)), cloud),
            f"Groups and loops of images in {cloud.space}",
            "As the scale grows, points are joined: groups become fewer, loops appear and are "
            "filled. Where generated images run with real ones, both have one shape.",
            source="topology/bars.safetensors",
            narrow=True,
            key="clouds",
            step=place,
        )
        for place, cloud in enumerate(study.clouds)
    }
    return {**found, **figures_of_maps(study.maps), **figures_of_latents(study.latents)}


def _summary(study: TopologyStudy) -> list[str]:
    return [study.verdict()]


SECTION = PageSection(
    name="topology",
    place=23,
    blocks=(
        Block(
            "topology",
            "Has what G makes the shape of the data?",
            "quality",
            Path(__file__).with_name("topology.html"),
        ),
        MAPS,
        LATENTS,
    ),
    load=TopologyStudy.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
