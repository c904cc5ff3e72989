"""Stage variants: one data set per changed feature, and unchanged nulls."""

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.data.variation import make_variants
from ganatomy.files import whole_folder
from ganatomy.tensors import write_tensors
from tasks.params.base import Base
from tasks.shared import stage
from tasks.shared.artifact_paths import PREPARED, REPORTS, VARIANTS
from tasks.shared.events import Events
from tasks.shared.in_full import write_in_full
from tasks.shared.learned import keep_learned, learned_folder, settled
from tasks.shared.leaving_out import is_left_out
from tasks.shared.names import recipes_of
from tasks.shared.results import write_metrics
from tasks.shared.retraining_way import load_way
from tasks.variants.params import Variants
from tasks.variants.previews import write_preview


def main(events: Events) -> None:
    """data/prepared, reports/directions -> data/variants, data/in_full"""
    base, params, way = Base.load(), Variants.load(), load_way()
    if way.left_out:
        _leave_out(way.left_out)
        return
    torch.set_num_threads(base.num_threads)
    train = Dataset.load(PREPARED, "train")
    learned = learned_folder(params) or ""
    recipes = recipes_of(params, train, base.seed, events.warning, learned=learned)
    previews: dict[str, torch.Tensor] = {}
    with whole_folder(VARIANTS) as folder, whole_folder(REPORTS / "variants") as report:
        keep_learned(learned, folder)

        def keep(entry: VariantEntry, changed: Dataset | None) -> None:
            own = folder / entry.recipe.folder
            settled(entry).save(own)
            if changed is not None:
                if params.materialize:
                    changed.save(own, "train")
                previews[entry.recipe.folder] = write_preview(own, train, changed)

        variants = make_variants(
            train,
            recipes,
            on_made=keep,
            on_progress=lambda done, total: events.progress(done, total, "data sets"),
            on_warning=events.warning,
        )
        made = VariantSet(tuple(map(settled, variants.entries)))
        made.save(folder)
        made.save(report)
        write_tensors(report / "previews.safetensors", previews)
        write_metrics(report, variants.metrics())
    in_full = [recipe.name for recipe in variants.trainable() if not recipe.is_null]
    write_in_full(in_full, screened=False)


def _leave_out(reason: str) -> None:
    with whole_folder(VARIANTS) as folder:
        VariantSet(()).save(folder)
        is_left_out("variants", reason)
    write_in_full([], screened=False)


if __name__ == "__main__":
    stage.run(main, "variants")
