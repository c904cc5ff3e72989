"""How G and D are built: a drawing of each, and what each of their layers does."""

from pathlib import Path

from ganatomy.explain.structure.result import NetworkStructure, StructureStudy
from ganatomy.report.figures.layer_bars import layer_bars
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.sections.structure_drawing import drawings, size_in_words

_NAMES = {"G": "the generator", "D": "the discriminator"}
_REACH = {"G": "pixels that a place changes", "D": "pixels that a place sees"}


def _facts(study: StructureStudy) -> Record:
    networks = [
        {
            "name": name,
            "words": _NAMES[name],
            "reach": _REACH[name],
            "drawings": drawings(each),
            "rows": _rows(each),
            "has_first": bool(each.vitals["moved"].notna().any()),
            "why_untraced": each.why_untraced,
            "unplaced": each.graph.unplaced,
        }
        for name, each in study.networks.items()
    ]
    told = {"networks": networks, "verdict": study.verdict(), "num_images": study.num_images}
    return {"structure": told}


def _rows(structure: NetworkStructure) -> list[Record]:
    known = {row["name"]: row for row in rows_of(structure.vitals)}
    return [
        {
            "name": part.name,
            "kind": part.kind,
            "shape": size_in_words(part.shape),
            "parameters": part.parameters,
            "macs": part.macs,
            "reach": structure.reach.get(part.module),
            "vitals": known.get(part.module),
        }
        for part in structure.graph.parts
    ]


def _figures(study: StructureStudy) -> dict[str, Figure]:
    vitals = {name: each.vitals for name, each in study.networks.items()}
    return {
        "layers": Picture(
            lambda: png(layer_bars(vitals)),
            "What each layer uses, and where the answer is made",
            "Left: a short bar means that a layer's units say much the same. Right: how large "
            "activation times gradient is, summed over units, in the mean over places and images.",
            source="structure/structure.json",
            narrow=True,
        )
    }


def _summary(study: StructureStudy) -> list[str]:
    return [study.verdict()]


SECTION = PageSection(
    name="structure",
    place=22,
    blocks=(
        Block(
            "structure",
            "How are G and D built?",
            "looks",
            Path(__file__).with_name("structure.html"),
        ),
    ),
    load=StructureStudy.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
