"""Stage screen: short trainings that drop the features that cannot be told from nulls."""

import pandas as pd

from ganatomy.data.dataset import Dataset
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.screening import Rung, Screening, cost_of, screened_run
from ganatomy.files import read_json, whole_folder, write_bytes, write_json
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.training import architecture_for, num_steps
from ganatomy.retraining import Budget, retrain_and_read
from ganatomy.tables import csv_bytes
from tasks import stage
from tasks.events import Events
from tasks.layout import PACKING, PREPARED, REPORTS
from tasks.members import load_variant, trainable
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.params.importance import Importance
from tasks.params.retrain import Retrain
from tasks.params.screen import Screen
from tasks.params.variants import Variants
from tasks.probe import probe_of
from tasks.results import write_metrics

_SEEDS_OF_RUNGS = 1_000_000  # none of those that are trained in full: these were selected on


def main(events: Events) -> None:
    """data/variants, models/packing, models/gan, models/evaluator -> reports/screen"""
    params = Screen.load()
    names = [recipe.name for recipe in trainable() if not recipe.is_null]
    screening = _screened(params, events) if params.enabled else None
    kept = names if screening is None else _with_their_parts(screening.survivors)
    with whole_folder(REPORTS / "screen") as report:
        write_json(report / "survivors.json", {"screened": params.enabled, "variants": kept})
        metrics: dict[str, float | int] = {"num_variants": len(names), "num_kept": len(kept)}
        if screening is not None:
            for name, table in (("history", screening.history), ("repeats", screening.repeats)):
                write_bytes(report / f"{name}.csv", csv_bytes(table))
            metrics["cost_factor"] = _factor(screening, params)
        write_metrics(report, metrics)


def _with_their_parts(survivors: tuple[str, ...]) -> list[str]:
    """Survivors in the recipes' order, and what is never screened: the single features of an
    interaction that survives, which it is compared with, and random subsets."""
    recipes = trainable()
    parts = {
        name
        for recipe in recipes
        if recipe.name in survivors and recipe.kind == "interaction"
        for name in recipe.features
    }
    return [
        recipe.name
        for recipe in recipes
        if recipe.kind == "subset"
        or recipe.name in survivors
        or (recipe.mode == "remove" and len(recipe.features) == 1 and recipe.features[0] in parts)
    ]


def _rungs(params: Screen) -> list[Rung]:
    return [Rung(*rung) for rung in zip(params.shares, params.num_seeds, strict=True)]


def _factor(screening: Screening, params: Screen) -> float:
    num_nulls = sum(recipe.is_null for recipe in trainable())
    seeds = Retrain.load().num_seeds
    return cost_of(screening.num_trained, num_nulls, _rungs(params), seeds).factor


def _screened(params: Screen, events: Events) -> Screening:
    base, retrain, variants = Base.load(), Retrain.load(), Variants.load()
    settings = retrain.settings(GanSection.load().method())
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    packing = Packing(**read_json(PACKING / "packing.json"))
    recipes = {recipe.name: recipe for recipe in trainable() if recipe.kind != "subset"}
    data = {name: load_variant(recipe, base, variants) for name, recipe in recipes.items()}
    train = Dataset.load(PREPARED, "train", mapped=True)
    architecture = architecture_for(train.images, settings, len(train.class_names))
    probe = probe_of(Importance.load().num_fakes, base.seed, architecture, device)
    total = num_steps(len(train), settings)

    def train_and_read(names: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        steps = max(1, round(rung.share * total))
        return retrain_and_read(
            {name: (recipes[name], data[name]) for name in names},
            [base.seed + _SEEDS_OF_RUNGS + k for k in range(rung.num_seeds)],
            Budget(architecture, settings, steps, packing, device),
            probe,
            lambda done, of: events.progress(done, of, f"steps at {100 * rung.share:g} %"),
            events.warning,
        ).repeats

    return screened_run(
        [name for name, recipe in recipes.items() if not recipe.is_null],
        [name for name, recipe in recipes.items() if recipe.is_null],
        _rungs(params),
        train_and_read,
        params.keep,
        params.alpha,
        params.keep_at_least,
    )


if __name__ == "__main__":
    stage.run(main, "screen")
