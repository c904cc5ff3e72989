"""Does retraining find what was planted, and nothing else? How much does screening save?"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.device import keep_freed_memory
from ganatomy.gan.settings import Method
from ganatomy.importance.detectable import detectable, in_words
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.reliance import reliance_on_features
from ganatomy.importance.screening import Rung, cost_of, screened_run
from ganatomy.rng import generator
from tests.planted import CORNERS, BlobScene, blob_scene, digits, random_patch, two_cues

FDR = 0.05
METHOD = Method(discriminator="dcgan-plain")
# nulls by data seed, where each can then be judged against four others
_NULLS = {10: 12}
_BLOBS = {10: 4, 0: 8}  # readouts were chosen on 0
_PATCH = "cell_0_0"
_NETWORKS = {"g": "generator", "d": "discriminator"}
_LEVELS = (0.05, 0.01, 0.002)
_GRID = [f"cell_{row}_{column}" for row in range(4) for column in range(4)]
_OTHERS = [
    *("brightness", "contrast", "blur", "mid_frequencies", "low_frequencies", "orientation"),
    *("position", "scale", "thickness", "symmetry", "noise", "class_balance"),
    *(f"class_{digit}" for digit in range(10)),
]


def measure(num_data_seeds: int = 20) -> dict[str, Any]:
    """All studies; each data seed in a process of one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        blobs = list(pool.map(_blob, _BLOBS))
        patches = list(pool.map(_patch, [10]))
        cues = list(pool.map(_cues, range(100, 100 + num_data_seeds)))
        nulls = list(pool.map(_nulls, _NULLS))
        screening = list(pool.map(_screening, range(2)))
    return {
        "size": vars(StudySize()),
        "discriminator": METHOD.discriminator,
        "fdr": FDR,
        "seconds": round(time.perf_counter() - started),
        "blob": [found for found, _ in blobs],
        "patch": patches,
        "cues": of_cues(cues),
        "nulls": [*nulls, *(rates for _, rates in blobs if rates)],
        "screening": screening,
    }


def _alone() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()


def _begin(data: Dataset, size: StudySize, data_seed: int) -> Experiment:
    return Experiment.begin(data, size, seed=data_seed, method=METHOD)


def _blob(data_seed: int) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What was found, and with more nulls than usual how they judge each other."""
    _alone()
    scene = blob_scene(5000, data_seed)
    size = replace(StudySize(), num_nulls=_BLOBS[data_seed])
    experiment = _begin(scene.dataset, size, data_seed)
    recipes = experiment.recipes(scene.cells, modes=("remove", "permute"))
    repeats = experiment.read(experiment.variants(recipes)).repeats
    has_spare = size.num_nulls > StudySize().num_nulls
    rates = of_nulls("blob", data_seed, repeats[repeats["is_null"]]) if has_spare else None
    return of_blob(data_seed, scene, repeats), rates


def of_blob(data_seed: int, scene: BlobScene, repeats: pd.DataFrame) -> dict[str, Any]:
    """Tell of each change whether it is there to be found, and whether it was, by G and by D."""
    rows = []
    summary = summarise(repeats, FDR)
    for variant, own in summary.groupby("variant"):
        rows.append(
            {
                "variant": variant,
                "is_true": variant in scene.true,
                "max_abs_t": {
                    letter: round(float(own.loc[own["network"] == network, "t"].abs().max()), 1)
                    for letter, network in _NETWORKS.items()
                },
                "found_by": {
                    letter: own.loc[
                        own["stands_out"] & (own["network"] == network), "readout"
                    ].tolist()
                    for letter, network in _NETWORKS.items()
                },
            }
        )
    limits = detectable(repeats, summary["p"].to_numpy(), FDR)
    nulls = repeats.loc[repeats["is_null"], "variant"].nunique()
    return {
        "data_seed": data_seed,
        "num_nulls": int(nulls),
        "rows": rows,
        "limits": in_words(limits, repeats["seed"].nunique(), nulls),
    }


def patch_of(data_seed: int) -> Dataset:
    """Return digits with a patch of noise in one corner and hardly anything in the others."""
    base = digits(5000, data_seed)
    images = random_patch(_faint_corners(base.images, data_seed), seed=data_seed)
    return Dataset(images, base.labels, base.class_names)


def _patch(data_seed: int) -> dict[str, Any]:
    """A patch of noise in one corner: first among the cells? The blank corners not?"""
    _alone()
    experiment = _begin(patch_of(data_seed), StudySize(), data_seed)
    variants = experiment.variants(experiment.recipes(_GRID))
    return of_patch(data_seed, experiment, experiment.read(variants).repeats)


def of_patch(data_seed: int, experiment: Experiment, repeats: pd.DataFrame) -> dict[str, Any]:
    """Tell in which readouts the patch is first, and its place in each that it stands out in."""
    summary = summarise(repeats, FDR)
    relied = reliance_on_features(
        experiment.base.discriminator,
        experiment.evaluation,
        experiment.recipes(_GRID),
        modes=("remove",),
        fdr=FDR,
        seed=data_seed,
    )
    blank = [f"cell_{row}_{column}" for row, column in CORNERS if (row, column) != (0, 0)]
    retrained = {
        network: _first(summary[summary["network"] == network], "t")
        for network in _NETWORKS.values()
    }
    out = pd.concat([summary, relied])
    out = out[out["stands_out"]]
    asked = summary[summary["readout"] == "d_contrast"].set_index("variant")
    return {
        "data_seed": data_seed,
        "first_in": {**retrained, "base": _first(relied, "value")},
        "d_contrast": {
            "effect": round(float(asked.loc[_PATCH, "effect"]), 2),
            "t": round(float(asked.loc[_PATCH, "t"]), 1),
            "stands_out": bool(asked.loc[_PATCH, "stands_out"]),
            "place_by_t": int(asked["t"].abs().rank(ascending=False)[_PATCH]),
            "cells_found": int(asked["stands_out"].sum()),
        },
        "blank_that_stand_out": [
            f"{variant} {readout}"
            for variant, readout in out[["variant", "readout"]].to_numpy()
            if variant in blank
        ],
        "ranking": _short(rank(summary)),
    }


def _first(table: pd.DataFrame, by: str) -> list[str]:
    """Readouts in which the patch is first of all cells and stands out."""
    readouts = []
    for readout, rows in table.groupby("readout"):
        if rows[by].notna().any():
            first = rows.loc[rows[by].abs().idxmax()]
            if first["features"] == _PATCH and first["stands_out"]:
                readouts.append(str(readout))
    return readouts


def _faint_corners(images: torch.Tensor, seed: int) -> torch.Tensor:
    """Grey levels of at most 2 in the corners: else taking them away would be no change."""
    draw = torch.Generator().manual_seed(seed)
    faint = images.clone()
    for row, column in CORNERS:
        cell = faint[..., 7 * row : 7 * row + 7, 7 * column : 7 * column + 7]
        cell.copy_(torch.randint(0, 3, cell.shape, generator=draw))
    return faint


def _cues(data_seed: int) -> list[dict[str, Any]]:
    _alone()
    planted = two_cues(5000, data_seed)
    experiment = _begin(planted.dataset, StudySize(), data_seed)
    variants = experiment.variants(experiment.recipes([*planted.true, planted.inert]))
    return cue_rows(data_seed, planted.true, experiment.read(variants).repeats)


def cue_rows(data_seed: int, true: tuple[str, ...], repeats: pd.DataFrame) -> list[dict[str, Any]]:
    """Two independent cues and one inert cell; one row for each, whether it stands out."""
    return [
        {
            "data_seed": data_seed,
            "cell": cell,
            "is_true": cell in true,
            "rows": len(rows),
            "rows_out": int(rows["stands_out"].sum()),
            "by_g": bool(rows.loc[rows["network"] == "generator", "stands_out"].any()),
            "by_d": bool(rows.loc[rows["network"] == "discriminator", "stands_out"].any()),
        }
        for cell, rows in summarise(repeats, FDR).groupby("variant")
    ]


def of_cues(results: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Count over data sets what was found of what is there, and of what is not."""
    rows = [row for result in results for row in result]
    true = [row for row in rows if row["is_true"]]
    named = [row for row in rows if row["by_g"] or row["by_d"]]
    false = [row for row in named if not row["is_true"]]
    return {
        "num_data_seeds": len(results),
        "recall": sum(row["by_g"] or row["by_d"] for row in true) / len(true),
        "recall_by_g": sum(row["by_g"] for row in true) / len(true),
        "recall_by_d": sum(row["by_d"] for row in true) / len(true),
        "false_discovery_rate": len(false) / max(1, len(named)),
        "false_among_comparisons": sum(row["rows_out"] for row in false)
        / max(1, sum(row["rows_out"] for row in named)),
        "inert_found": len(false),
        "rows": rows,
    }


def _nulls(data_seed: int) -> dict[str, Any]:
    _alone()
    size = replace(StudySize(), num_nulls=_NULLS[data_seed])
    experiment = _begin(digits(5000, data_seed), size, data_seed)
    variants = experiment.variants(experiment.recipes([]))
    return of_nulls("digits", data_seed, experiment.read(variants).repeats)


def of_nulls(data: str, data_seed: int, repeats: pd.DataFrame) -> dict[str, Any]:
    """Judge each null against four others, drawn 20 times: p values that should be uniform."""
    names = sorted(repeats["variant"].unique())
    draw = generator(data_seed, "leave one null out")
    tables = []
    for name in names:
        others = [other for other in names if other != name]
        for _ in range(20):
            chosen = [others[at] for at in torch.randperm(len(others), generator=draw)[:4]]
            part = repeats[repeats["variant"].isin([name, *chosen])]
            own = part["variant"] == name
            part = part.assign(
                is_null=~own, features=part["features"].where(~own, "left out"), mode="remove"
            )
            part = part[part["readout"] != "d_shift"]  # a null's is a distance from other nulls
            tables.append(summarise(part, FDR))
    found = pd.concat(tables)
    found = found[found["judged"]]
    return {
        "data": data,
        "data_seed": data_seed,
        "num_nulls": len(names),
        "num_comparisons": len(found),
        "rates": {
            column: {str(level): float((found[column] <= level).mean()) for level in _LEVELS}
            for column in ("p_t", "p_permuted", "p")
        },
        "tables_with_a_find": sum(bool(table["stands_out"].any()) for table in tables),
        "num_tables": len(tables),
    }


def _screening(data_seed: int) -> dict[str, Any]:
    """Every feature of the digits in full, against screening and the survivors in full."""
    _alone()
    experiment = _begin(digits(5000, data_seed), StudySize(num_steps=300), data_seed)
    made = experiment.variants(experiment.recipes([*_GRID, *_OTHERS]))  # not the blank corners
    variants = {recipe.name: (recipe, dataset) for recipe, dataset in made}
    nulls = [name for name, (recipe, _) in variants.items() if recipe.is_null]
    changed = [name for name in variants if name not in nulls]
    full = rank(summarise(experiment.read(made).repeats, FDR))
    rungs = [Rung(0.15, 2)]

    def train_and_read(names: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        seeds = [data_seed + 1000 + k for k in range(rung.num_seeds)]
        asked = [variants[name] for name in names]
        return experiment.read(asked, seeds=seeds, share=rung.share).repeats

    screening = screened_run(
        changed, nulls, rungs, train_and_read=train_and_read, keep=5, keep_at_least=3
    )
    kept = [variants[name] for name in (*screening.survivors, *nulls)]
    screened = rank(summarise(experiment.read(kept).repeats, FDR))
    num_seeds = experiment.size.num_seeds
    cost = cost_of(screening.num_trained, len(nulls), rungs, final_seeds=num_seeds)
    return {
        "data_seed": data_seed,
        "num_features": len(changed),
        "num_kept": len(screening.survivors),
        "discriminator": METHOD.discriminator,
        "factor": cost.factor,
        "full": _short(full)[:6],
        "screened": _short(screened)[:6],
        "same_top3": set(full["variant"][:3]) == set(screened["variant"][:3]),
    }


def _short(ranking: pd.DataFrame) -> list[list[Any]]:
    columns = ["variant", "max_abs_t", "stands_out"]
    return [[name, round(t, 1), bool(out)] for name, t, out in ranking[columns].to_numpy()]
