"""What was changed in the data, to see which features matter."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from ganatomy.data.images import contact_sheet
from ganatomy.data.recipe import Recipe
from ganatomy.files import read_json, safe_name
from ganatomy.report.feature_names import plain_variant
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Picture, Record, png
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
            shown.append({"figure": safe_name(recipe["name"])})
    return {"variants": shown}


def _figures(result: _VariantsResult) -> dict[str, Figure]:
    entries = {safe_name(entry["recipe"]["name"]): entry for entry in result.index}
    return {
        name: Picture(
            partial(lambda images: png(contact_sheet(images, _COLUMNS)), images),
            title=_title(entries[name]),
            caption=_caption(entries[name]["recipe"]["kind"]),
            source=f"variants/{PREVIEWS}",
            kind="pixels",
            mark=None,
        )
        for name, images in result.previews.items()
        if entries[name]["recipe"]["kind"] != "null"
    }


def _title(entry: Record) -> str:
    recipe = Recipe.from_json(entry["recipe"])
    changed = f"pixels change by {entry['mean_change']:.2g} of 255 on average"
    if recipe.kind in _OTHER_IMAGES:
        changed = f"{entry['num_images']:,} images are left"
    return f"{plain_variant(recipe)}: {recipe.meaning}; {changed}"


def _caption(kind: str) -> str:
    if kind in _OTHER_IMAGES:
        return "Above the first images of the data, below the first ones of what is left."
    return "Above images of the data, below the same ones changed."


SECTION = PageSection(
    name="variants",
    place=25,
    blocks=(
        Block(
            "variants", "What was changed?", "appendix", Path(__file__).with_name("variants.html")
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
)
