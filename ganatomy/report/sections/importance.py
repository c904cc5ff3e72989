"""Which features of the data matter, by retraining without each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganatomy.data.variant_set import VariantSet
from ganatomy.importance.ranking import RANKING_RULE
from ganatomy.importance.readouts import READOUTS, RELIANCE_READOUTS
from ganatomy.importance.result import ImportanceStudy
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.report.figures.effect_table import effect_table
from ganatomy.report.figures.importance_bars import importance_bars
from ganatomy.report.figures.interaction_chart import interaction_chart
from ganatomy.report.figures.power_chart import power_chart
from ganatomy.report.figures.region_map import region_map, region_values
from ganatomy.report.figures.small_multiples import multiples
from ganatomy.report.sections.noise_part import noise_part
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png, rows_of
from ganatomy.report.verdict.questions.features import features

_ASKS = {
    "remove": "removed (replaced by the data set's mean or a neutral value): what does it add?",
    "permute": "permuted (exchanged between images): does it depend on the rest of the image? A "
    "cue that is independent of the rest has no importance here",
    "noise": "noise (replaced at random): what if it told nothing?",
}
_TITLES = {name: readout.title for name, readout in READOUTS.items()}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Told:
    """The study, and what it was made of."""

    study: ImportanceStudy
    variants: VariantSet
    screening: ScreeningStudy

    @staticmethod
    def load(folder: Path) -> "_Told":
        return _Told(
            ImportanceStudy.load(folder),
            VariantSet.load(folder.parent / "variants"),
            ScreeningStudy.load(folder.parent / "screen"),
        )


def _facts(told: _Told) -> Record:
    study, entries = told.study, told.variants.entries
    summary = study.summary
    readouts = [name for name in READOUTS if name in set(summary["readout"])]
    judged = summary.groupby("readout")["judged"].any()
    facts = {
        "rows": _rows(told, readouts),
        "verdict": study.verdict(),
        "fdr": study.fdr,
        "readouts": readouts,
        "meanings": {name: READOUTS[name].meaning for name in readouts},
        "reliance_meanings": {name: readout.meaning for name, readout in RELIANCE_READOUTS.items()},
        "rule": RANKING_RULE,
        "modes": {mode: _ASKS[mode] for mode in _ASKS if mode in set(summary["mode"])},
        "num_comparisons": int(summary["judged"].sum()),
        "num_seeds": study.read.repeats["seed"].nunique(),
        "num_nulls": sum(entry.recipe.is_null for entry in entries),
        "not_judged": [name for name in readouts if not judged.get(name, False)],
        "idle": [
            {"variant": entry.recipe.name, "reason": entry.changes_nothing}
            for entry in entries
            if entry.changes_nothing
        ],
        "diverged": rows_of(study.read.diverged),
        "screening": _screening(told.screening),
        "interactions": rows_of(study.interactions),
        "subsets": rows_of(study.subsets),
        "subset_scores": rows_of(study.subsets.drop_duplicates("readout")),
        "power": rows_of(study.power),
        "noise": noise_part(study.read.repeats)[0],
        "limits": study.limits(),
        "detectable": rows_of(study.detectable),
    }
    return {"importance": facts}


def _rows(told: _Told, readouts: list[str]) -> list[Record]:
    """One for each changed variant, the most influential first, with all that is known of it."""
    entries = {entry.recipe.name: entry for entry in told.variants.entries}
    effects = {(row["variant"], row["readout"]): row for row in rows_of(told.study.summary)}
    relied = {
        (row["features"], row["mode"], row["readout"]): row for row in rows_of(told.study.reliance)
    }
    rows = []
    for row in rows_of(told.study.ranking):
        entry = entries[row["variant"]]
        reliance = [relied.get((row["features"], "permute", name)) for name in RELIANCE_READOUTS]
        rows.append(
            {
                **row,
                "meaning": entry.recipe.meaning,
                "mean_change": entry.mean_change,
                "effects": [effects.get((row["variant"], name)) for name in readouts],
                "reliance": reliance,
            }
        )
    return rows


def _screening(study: ScreeningStudy) -> Record | None:
    """Tell what was dropped before the trainings in full; None where nothing was screened."""
    if study.screening is None or study.cost is None:
        return None
    return {"factor": study.cost.factor, "history": rows_of(study.screening.history)}


def _figures(told: _Told) -> dict[str, Figure]:
    study = told.study
    figures = {name: _drawing(draw, study) for name, draw in _ALWAYS.items()}
    if study.sheets:
        figures["without"] = _drawing(_without, study)
    if region_values(study.ranking, list(study.regions.inside), "remove"):
        figures["regions"] = _drawing(_regions, study)
    if not study.interactions.empty:
        figures["interactions"] = _drawing(_interactions, study)
    return figures | noise_part(study.read.repeats)[1]


def _drawing(draw: Callable[[ImportanceStudy], Pixels], study: ImportanceStudy) -> Figure:
    return lambda: png(draw(study))


def _bars(study: ImportanceStudy) -> Pixels:
    return importance_bars(study.ranking, study.summary, _TITLES)


def _effects(study: ImportanceStudy) -> Pixels:
    return effect_table(study.summary, study.ranking, _TITLES)


def _power(study: ImportanceStudy) -> Pixels:
    return power_chart(study.power)


_ALWAYS = {"importance": _bars, "effects": _effects, "power": _power}


def _without(study: ImportanceStudy) -> Pixels:
    asked = set(study.ranking["variant"])
    return multiples(
        [
            (name if name in asked else "nothing changed", meaning, images)
            for name, meaning, images in study.sheets
        ]
    )


def _regions(study: ImportanceStudy) -> Pixels:
    inside = {name: mask.numpy() for name, mask in study.regions.inside.items()}
    values = region_values(study.ranking, list(inside), "remove")
    return region_map(study.regions.mean_image.numpy(), inside, values)


def _interactions(study: ImportanceStudy) -> Pixels:
    return interaction_chart(study.interactions, study.summary, _TITLES)


def _summary(told: _Told) -> list[str]:
    rows: list[dict[str, Any]] = rows_of(told.study.ranking)
    out = [f"`{row['variant']}`" for row in rows if row["stands_out"]]
    judged = [row for row in rows if row["max_abs_t"] is not None]
    within = [f"`{row['variant']}`" for row in judged if not row["stands_out"]]
    return [
        f"features that stand out: {', '.join(out) or 'none'}",
        f"within the noise of retraining: {', '.join(within) or 'none'}",
    ]


SECTION = PageSection(
    name="importance",
    place=20,
    blocks=(
        Block(
            "importance",
            "Which features matter?",
            "features",
            Path(__file__).with_name("importance.html"),
        ),
    ),
    load=_Told.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
    clauses=lambda told, gate: [features(told.study, gate)],
)
