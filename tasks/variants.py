"""Stage variants: one data set per changed feature, and unchanged nulls."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.variants import before_and_after, make_variant, recipes
from ganatomy.files import whole_folder, write_json
from tasks import stage
from tasks.events import Events
from tasks.layout import PREPARED, REPORTS, VARIANTS
from tasks.params.base import Base
from tasks.params.variants import Variants
from tasks.results import image_path, write_metrics


def main(events: Events) -> None:
    """data/prepared -> data/variants"""
    base, params = Base.load(), Variants.load()
    torch.set_num_threads(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    made = recipes(params.features, params.num_nulls, train.class_names, base.seed)
    with whole_folder(VARIANTS) as folder, whole_folder(REPORTS / "variants") as report:
        for done, recipe in enumerate(made, start=1):
            variant = make_variant(train, recipe)
            variant.save(folder / recipe.name, "train")
            write_json(folder / recipe.name / "recipe.json", recipe.to_json())
            preview = contact_sheet(before_and_after(train, variant), 10)
            write_png(folder / recipe.name / "preview.png", preview)
            write_png(image_path(report, recipe.name), preview)
            events.progress(done, len(made), "data sets")
        index = [recipe.to_json() for recipe in made]
        write_json(folder / "index.json", index)
        write_json(report / "index.json", index)
        num_nulls = sum(recipe.is_null for recipe in made)
        write_metrics(report, {"num_variants": len(made) - num_nulls, "num_nulls": num_nulls})


if __name__ == "__main__":
    stage.run(main, "variants")
