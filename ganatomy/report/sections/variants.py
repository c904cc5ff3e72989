"""What was changed in the data, to see which features matter."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ganatomy.data.images import contact_sheet
from ganatomy.files import read_json, safe_name
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png
from ganatomy.tensors import read_tensors

PREVIEWS = "previews.safetensors"
_COLUMNS = 10
_OTHER_IMAGES = ("class", "balance", "attribute")  # kinds that leave images out


@dataclass(frozen=True)
class _VariantsResult:
    index: list[Record]
    previews: dict[str, torch.Tensor]  # images before, then as many after, by the variant's folder


def _load(folder: Path) -> _VariantsResult:
    return _VariantsResult(read_json(folder / "index.json"), read_tensors(folder / PREVIEWS))


def _facts(result: _VariantsResult) -> Record:
    shown = []
    for entry in result.index:
        recipe = entry["recipe"]
        if recipe["kind"] != "null" and not entry["changes_nothing"]:
            same = recipe["kind"] not in _OTHER_IMAGES
            about = {"name": recipe["name"], "meaning": recipe["meaning"], "same_images": same}
            shown.append({**about, "figure": safe_name(recipe["name"])})
    return {"variants": shown}


def _figures(result: _VariantsResult) -> dict[str, Figure]:
    return {
        name: partial(lambda images: png(contact_sheet(images, _COLUMNS)), images)
        for name, images in result.previews.items()
    }


SECTION = PageSection(
    name="variants",
    place=25,
    blocks=(
        Block(
            "variants", "What was changed?", "features", Path(__file__).with_name("variants.html")
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
)
