"""Stage variants: one data set per changed feature, and unchanged nulls."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.variant_set import VariantEntry, make_variants
from ganatomy.data.variants import before_and_after
from ganatomy.files import whole_folder
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.events import Events
from tasks.shared.layout import PREPARED, REPORTS, VARIANTS
from tasks.shared.names import recipes_of
from tasks.shared.results import image_path, write_metrics
from tasks.variants.params import Variants


def main(events: Events) -> None:
    """data/prepared -> data/variants"""
    base, params = Base.load(), Variants.load()
    torch.set_num_threads(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    recipes = recipes_of(params, train, base.seed, events.warning)
    with whole_folder(VARIANTS) as folder, whole_folder(REPORTS / "variants") as report:

        def keep(entry: VariantEntry, changed: Dataset | None) -> None:
            own = folder / entry.recipe.folder
            entry.save(own)
            if changed is not None:
                if params.materialize:
                    changed.save(own, "train")
                preview = contact_sheet(before_and_after(train, changed), 10)
                write_png(own / "preview.png", preview)
                write_png(image_path(report, entry.recipe.folder), preview)

        variants = make_variants(
            train,
            recipes,
            on_made=keep,
            on_progress=lambda done, total: events.progress(done, total, "data sets"),
            on_warning=events.warning,
        )
        variants.save(folder)
        variants.save(report)
        write_metrics(report, variants.metrics())


if __name__ == "__main__":
    stage.run(main, "variants")
