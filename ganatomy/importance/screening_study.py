"""The study of screening: which variants are worth a training in full, and what that saves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.recipes import Recipe
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.importance.evaluation_set import EvaluationSet
from ganatomy.importance.measuring import read_out
from ganatomy.importance.retraining import Budget, retrain_members
from ganatomy.importance.screening import Cost, Rung, Screening, cost_of, screened_run
from ganatomy.importance.tables import read_csv
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes

_SEEDS_OF_RUNGS = 1_000_000  # none of those that are trained in full: these were selected on
_SURVIVORS = "survivors.json"
_SCREENING = "screening.json"
_TABLES = ("history", "repeats")


@dataclass(frozen=True)
class ScreeningStudy:
    """The changed variants that are to be trained in full.

    Attributes
    ----------
    candidates : tuple of str
        All of them, by name.
    kept : tuple of str
        Survivors in the order of `candidates`, and what is never screened: random subsets, and the
        single features of an interaction that survives, which it is compared with.
    screening : Screening or None
        How it went; None where nothing was screened.
    cost : Cost or None
        Of the rungs, and of the survivors' trainings in full.

    Examples
    --------
    >>> ScreeningStudy.without(["contrast", "blur"]).verdict()
    'Nothing was screened: all 2 variants are trained in full.'
    """

    candidates: tuple[str, ...]
    kept: tuple[str, ...]
    screening: Screening | None = None
    cost: Cost | None = None

    @staticmethod
    def without(candidates: Sequence[str]) -> "ScreeningStudy":
        """Keep all variants: the result where nothing is screened."""
        return ScreeningStudy(tuple(candidates), tuple(candidates))

    def metrics(self) -> dict[str, float | int]:
        """Count candidates and those that are kept; say how many times less it costs."""
        counts: dict[str, float | int] = {
            "num_variants": len(self.candidates),
            "num_kept": len(self.kept),
        }
        return counts if self.cost is None else {**counts, "cost_factor": self.cost.factor}

    def verdict(self) -> str:
        """Say in words what is trained in full."""
        if self.cost is None:
            return f"Nothing was screened: all {len(self.kept)} variants are trained in full."
        return (
            f"Of {len(self.candidates)} variants {len(self.kept)} are trained in full: "
            f"{', '.join(self.kept) or 'none'}. Without screening it would cost "
            f"{self.cost.factor:.2g} times as much."
        )

    def save(self, folder: Path) -> None:
        """Write ``survivors.json`` and, where there was screening, its tables and its cost."""
        remove_stale(folder, _SCREENING, *(f"{name}.csv" for name in _TABLES))
        write_json(
            folder / _SURVIVORS,
            {"screened": self.screening is not None, "variants": list(self.kept)},
        )
        if self.screening is None or self.cost is None:
            return
        for name in _TABLES:
            write_bytes(folder / f"{name}.csv", csv_bytes(getattr(self.screening, name)))
        write_json(
            folder / _SCREENING,
            {
                "candidates": list(self.candidates),
                "survivors": list(self.screening.survivors),
                "cost": asdict(self.cost),
            },
        )

    @staticmethod
    @validated
    def load(folder: Path) -> "ScreeningStudy":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        about = read_json(folder / _SURVIVORS)
        if not about["screened"]:
            return ScreeningStudy.without(about["variants"])
        details = read_json(folder / _SCREENING)
        num_trained = tuple(details["cost"]["num_trained"])
        screening = Screening(
            tuple(details["survivors"]),
            num_trained,
            **{name: read_csv(folder / f"{name}.csv") for name in _TABLES},
        )
        cost = Cost(**{**details["cost"], "num_trained": num_trained})
        return ScreeningStudy(
            tuple(details["candidates"]), tuple(about["variants"]), screening, cost
        )


def screen_features(
    recipes: Sequence[Recipe],
    data: Mapping[str, Dataset],
    budget: Budget,
    evaluation: EvaluationSet,
    *,
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
            evaluation,
            on_progress=lambda done, total: on_progress(done, total, rung),
            on_warning=on_warning,
        )
        return read_out(members, evaluation, num_members=len(members)).repeats

    nulls = [name for name, recipe in trained.items() if recipe.is_null]
    screening = screened_run(
        [name for name in trained if name not in nulls],
        nulls,
        rungs,
        train_and_read,
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
