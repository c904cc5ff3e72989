"""Stage variants: one data set per changed feature, and unchanged nulls."""

from dataclasses import replace

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.data.variants import before_and_after
from ganatomy.data.variation import make_variants
from ganatomy.files import whole_folder
from ganatomy.tensors import write_tensors
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import LEARNED_FEATURES, PREPARED, REPORTS, VARIANTS
from tasks.shared.events import Events
from tasks.shared.in_full import write_in_full
from tasks.shared.learned import learned_folder
from tasks.shared.leaving_out import is_left_out
from tasks.shared.names import recipes_of
from tasks.shared.results import write_metrics
from tasks.shared.retraining_way import load_way
from tasks.variants.params import Variants


def main(events: Events) -> None:
    """data/prepared, reports/directions -> data/variants, data/in_full"""
    base, params, way = Base.load(), Variants.load(), load_way()
    if way.left_out:
        _leave_out(way.left_out)
        return
    torch.set_num_threads(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    source = learned_folder(params)
    recipes = recipes_of(params, train, base.seed, events.warning, learned=source or "")
    previews: dict[str, torch.Tensor] = {}
    with whole_folder(VARIANTS) as folder, whole_folder(REPORTS / "variants") as report:
        if source:
            LearnedFeatures.load(source).save(folder / LEARNED_FEATURES.name)

        def keep(entry: VariantEntry, changed: Dataset | None) -> None:
            entry = _settled(entry)
            own = folder / entry.recipe.folder
            entry.save(own)
            if changed is not None:
                if params.materialize:
                    changed.save(own, "train")
                previews[entry.recipe.folder] = before_and_after(train, changed)
                preview = contact_sheet(previews[entry.recipe.folder], 10)
                write_png(own / "preview.png", preview)

        variants = make_variants(
            train,
            recipes,
            on_made=keep,
            on_progress=lambda done, total: events.progress(done, total, "data sets"),
            on_warning=events.warning,
        )
        variants = VariantSet(tuple(map(_settled, variants.entries)))
        variants.save(folder)
        variants.save(report)
        write_tensors(report / "previews.safetensors", previews)
        write_metrics(report, variants.metrics())
    in_full = [recipe.name for recipe in variants.trainable() if not recipe.is_null]
    write_in_full(in_full, screened=False)


def _settled(entry: VariantEntry) -> VariantEntry:
    """The entry as later stages read it: learned features lie beside the data sets."""
    recipe = entry.recipe
    if not recipe.regions.learned:
        return entry
    regions = replace(recipe.regions, learned=LEARNED_FEATURES.as_posix())
    return replace(entry, recipe=replace(recipe, regions=regions))


def _leave_out(reason: str) -> None:
    with whole_folder(VARIANTS) as folder:
        VariantSet(()).save(folder)
        is_left_out("variants", reason)
    write_in_full([], screened=False)


if __name__ == "__main__":
    stage.run(main, "variants")
