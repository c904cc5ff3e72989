"""Stage variants: one data set per changed feature, and unchanged nulls."""

from typing import Any

import torch

from ganatomy.data.card import content_hash
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.variants import ChangesNothing, Recipe, apply, before_and_after, recipes
from ganatomy.errors import InputError
from ganatomy.files import whole_folder, write_json
from tasks import stage
from tasks.events import Events
from tasks.layout import PREPARED, REPORTS, VARIANTS
from tasks.names import features_of
from tasks.params.base import Base
from tasks.params.variants import Variants
from tasks.results import image_path, write_metrics


def main(events: Events) -> None:
    """data/prepared -> data/variants"""
    base, params = Base.load(), Variants.load()
    torch.set_num_threads(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    made = recipes(
        features_of(params, train, events.warning),
        params.modes,
        params.interactions,
        params.num_subsets,
        params.subset_share,
        params.num_nulls,
        train,
        base.seed,
        params.grid,
        params.masks,
    )
    index: list[dict[str, Any]] = []
    with whole_folder(VARIANTS) as folder, whole_folder(REPORTS / "variants") as report:
        for done, recipe in enumerate(made, start=1):
            entry: dict[str, Any] = {"recipe": recipe.to_json(), "changes_nothing": ""}
            try:
                variant = apply(train, recipe, "cpu", params.grid, params.masks)
            except ChangesNothing as nothing:
                entry["changes_nothing"] = nothing.what
                events.warning(str(nothing))
            else:
                data = variant.dataset
                entry |= {
                    "sha256": content_hash(data),
                    "num_images": len(data),
                    "mean_change": variant.change,
                }
                if params.materialize:
                    data.save(folder / recipe.folder, "train")
                preview = contact_sheet(before_and_after(train, data), 10)
                write_png(folder / recipe.folder / "preview.png", preview)
                write_png(image_path(report, recipe.folder), preview)
            write_json(folder / recipe.folder / "recipe.json", entry)
            index.append(entry)
            events.progress(done, len(made), "data sets")
        _check_some_left(made, index)
        _check_combinations(made, index)
        write_json(folder / "index.json", index)
        write_json(report / "index.json", index)
        num_nulls = sum(recipe.is_null for recipe in made)
        num_idle = sum(bool(entry["changes_nothing"]) for entry in index)
        write_metrics(
            report,
            {
                "num_variants": len(made) - num_nulls - num_idle,
                "num_nulls": num_nulls,
                "num_that_change_nothing": num_idle,
            },
        )


def _check_some_left(made: list[Recipe], index: list[dict[str, Any]]) -> None:
    if all(recipe.is_null or entry["changes_nothing"] for recipe, entry in zip(made, index)):
        raise InputError(
            "none of the features changes anything on this data",
            "variants.features",
            "Name features that the images have; docs/importance.md lists them.",
        )


def _check_combinations(made: list[Recipe], index: list[dict[str, Any]]) -> None:
    """What changes nothing is not trained alone, so no combination can be compared with it."""
    combinations = [recipe for recipe in made if recipe.kind in ("interaction", "subset")]
    idle = {
        recipe.features[0]
        for recipe, entry in zip(made, index)
        if entry["changes_nothing"] and recipe.mode == "remove" and recipe not in combinations
    }
    for recipe in combinations:
        if found := [name for name in recipe.features if name in idle]:
            raise InputError(
                f"{', '.join(found)} changes nothing on this data and is in {recipe.name}",
                "variants.features",
                "Leave it out of features and interactions.",
            )


if __name__ == "__main__":
    stage.run(main, "variants")
