"""The study of screening: which variants are worth a training in full, and what that saves."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.retraining import Budget, retrain_members
from ganatomy.importance.screening import Rung, cost_of, screened_run
from ganatomy.importance.screening_result import ScreeningStudy

_SEEDS_OF_RUNGS = 1_000_000  # none of those that are trained in full: these were selected on


def screen_features(
    recipes: Sequence[Recipe],
    data: Mapping[str, Dataset],
    budget: Budget,
    *,
    evaluation: EvaluationSet,
    rungs: Sequence[Rung],
    keep: int,
    final_seeds: int,
    alpha: float = 0.2,
    keep_at_least: int = 3,
    seed: int = 0,
    on_progress: Callable[[int, int, Rung], None] = lambda done, total, rung: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ScreeningStudy:
    """Train all variants for a short while, and drop those that cannot be told from nulls.

    Parameters
    ----------
    recipes : sequence of Recipe
        Of all variants, nulls among them.
    data : mapping of str to Dataset
        The variants by name; random subsets are not needed.
    budget : Budget
        Of a training in full.
    evaluation : EvaluationSet
    rungs : sequence of Rung
    keep, alpha, keep_at_least
        As in `screened_run`.
    final_seeds : int
        Of the trainings in full, for the cost.
    seed : int
        Rungs use seeds far above it, which no training in full should use.
    on_progress : callable
        Called with (done, total) steps of a rung's trainings, and the rung.
    on_warning : callable

    Raises
    ------
    InputError
        As `screened_run`.
    """
    trained = {recipe.name: recipe for recipe in recipes if recipe.kind != "subset"}

    def train_and_read(names: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        members = retrain_members(
            [(trained[name], data[name]) for name in names],
            [seed + _SEEDS_OF_RUNGS + k for k in range(rung.num_seeds)],
            budget.shortened(rung.share),
            on_progress=lambda done, total: on_progress(done, total, rung),
            on_warning=on_warning,
        )
        asked = [trained[name] for name in names]
        return read_out(members, evaluation, recipes=asked, num_members=len(members)).repeats

    nulls = [name for name, recipe in trained.items() if recipe.is_null]
    screening = screened_run(
        [name for name in trained if name not in nulls],
        nulls,
        rungs,
        train_and_read=train_and_read,
        keep=keep,
        alpha=alpha,
        keep_at_least=keep_at_least,
    )
    return ScreeningStudy(
        tuple(recipe.name for recipe in recipes if not recipe.is_null),
        _with_their_parts(recipes, screening.survivors),
        screening,
        cost_of(screening.num_trained, len(nulls), rungs, final_seeds=final_seeds),
    )


def _with_their_parts(recipes: Sequence[Recipe], survivors: tuple[str, ...]) -> tuple[str, ...]:
    """Survivors, random subsets, and the single features of interactions that survive."""
    parts = {
        name
        for recipe in recipes
        if recipe.name in survivors and recipe.kind == "interaction"
        for name in recipe.features
    }
    return tuple(
        recipe.name
        for recipe in recipes
        if recipe.kind == "subset"
        or recipe.name in survivors
        or (recipe.mode == "remove" and len(recipe.features) == 1 and recipe.features[0] in parts)
    )
