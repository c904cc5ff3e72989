"""Does retraining find what was planted, and nothing else? How much does screening save?"""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Recipe
from ganatomy.device import keep_freed_memory
from ganatomy.importance.experiment import Experiment, StudySize
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.reliance import reliance_on_features
from ganatomy.importance.screening import Rung, cost_of, screened_run
from tests.planted import CORNERS, digits, random_patch, two_cues, without_effect

_FDR = 0.05
_PATCH = "cell_0_0"
_GRID = [f"cell_{row}_{column}" for row in range(4) for column in range(4)]
_OTHERS = [
    *("brightness", "contrast", "blur", "mid_frequencies", "low_frequencies", "orientation"),
    *("position", "scale", "thickness", "symmetry", "noise", "class_balance"),
    *(f"class_{digit}" for digit in range(10)),
]


def measure(num_data_seeds: int = 10) -> dict[str, Any]:
    """All four studies; each data seed in a process of one thread."""
    os.environ["OMP_NUM_THREADS"] = "1"
    started = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        patches = list(pool.map(_patch, range(2)))
        cues = list(pool.map(_cues, range(num_data_seeds)))
        nulls = list(pool.map(_nulls, range(4)))
        screening = list(pool.map(_screening, range(2)))
    return {
        "size": vars(StudySize()),
        "fdr": _FDR,
        "seconds": round(time.perf_counter() - started),
        "patch": patches,
        "cues": _of_cues(cues),
        "nulls": _of_nulls(nulls),
        "screening": screening,
    }


def _alone() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()


def _patch(data_seed: int) -> dict[str, Any]:
    """A patch of noise in one corner: first among the cells? The blank corners not?"""
    _alone()
    base = digits(5000, data_seed)
    images = random_patch(_faint_corners(base.images, data_seed), seed=data_seed)
    data = Dataset(images, base.labels, base.class_names)
    experiment = Experiment.begin(data, StudySize(), seed=data_seed)
    variants = experiment.variants(experiment.recipes(_GRID))
    summary = summarise(experiment.read(variants).repeats, _FDR)
    relied = reliance_on_features(
        experiment.base.discriminator,
        experiment.evaluation,
        [recipe for recipe, _ in variants],
        modes=("remove",),
        fdr=_FDR,
        seed=data_seed,
    )
    blank = [f"cell_{row}_{column}" for row, column in CORNERS if (row, column) != (0, 0)]
    retrained = {
        network: _first(summary[summary["network"] == network], "t")
        for network in ("generator", "discriminator")
    }
    out = pd.concat([summary, relied])
    out = out[out["stands_out"]]
    return {
        "data_seed": data_seed,
        "first_in": {**retrained, "base": _first(relied, "value")},
        "blank_that_stand_out": out.loc[out["variant"].isin(blank), ["variant", "readout"]]
        .agg(" ".join, axis=1)
        .tolist(),
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
    """Two independent cues and one inert cell; one row for each, whether it stands out."""
    _alone()
    planted = two_cues(5000, data_seed)
    experiment = Experiment.begin(planted.dataset, StudySize(), seed=data_seed)
    variants = experiment.variants(experiment.recipes([*planted.true, planted.inert]))
    summary = summarise(experiment.read(variants).repeats, _FDR)
    return [
        {
            "data_seed": data_seed,
            "cell": cell,
            "is_true": cell in planted.true,
            "rows": len(rows),
            "rows_out": int(rows["stands_out"].sum()),
            "by_g": bool(rows.loc[rows["network"] == "generator", "stands_out"].any()),
            "by_d": bool(rows.loc[rows["network"] == "discriminator", "stands_out"].any()),
        }
        for cell, rows in summary.groupby("variant")
    ]


def _of_cues(results: list[list[dict[str, Any]]]) -> dict[str, Any]:
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


def _nulls(data_seed: int) -> list[dict[str, Any]]:
    """Features that are nulls in all but name: p values that should be uniform."""
    _alone()
    experiment = Experiment.begin(digits(5000, data_seed), StudySize(), seed=data_seed)
    names = [f"class_of_{k}" for k in range(8)]  # of a kind that leaves images as they are
    variants = experiment.variants(experiment.recipes([]))
    for name, dataset in without_effect(experiment.train, names, data_seed).items():
        variants.append((Recipe(name, (name,), "remove", 0, "", "own"), dataset))
    summary = summarise(experiment.read(variants).repeats, _FDR)
    judged = summary[summary["judged"]]
    return [
        {"data_seed": data_seed, "p": float(row["p"]), "stands_out": bool(row["stands_out"])}
        for row in judged.to_dict("records")
    ]


def _of_nulls(results: list[list[dict[str, Any]]]) -> dict[str, Any]:
    p = pd.Series([row["p"] for result in results for row in result])
    return {
        "num_tables": len(results),
        "num_comparisons": len(p),
        "share_below_5_pct": float((p < 0.05).mean()),
        "share_below_1_pct": float((p < 0.01).mean()),
        "tables_with_a_find": sum(any(row["stands_out"] for row in result) for result in results),
    }


def _screening(data_seed: int) -> dict[str, Any]:
    """Every feature of the digits in full, against screening and the survivors in full."""
    _alone()
    experiment = Experiment.begin(digits(5000, data_seed), StudySize(num_steps=300), seed=data_seed)
    made = experiment.variants(experiment.recipes([*_GRID, *_OTHERS]))  # not the blank corners
    variants = {recipe.name: (recipe, dataset) for recipe, dataset in made}
    nulls = [name for name, (recipe, _) in variants.items() if recipe.is_null]
    changed = [name for name in variants if name not in nulls]
    full = rank(summarise(experiment.read(made).repeats, _FDR))
    rungs = [Rung(0.15, 2)]

    def train_and_read(names: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        seeds = [data_seed + 1000 + k for k in range(rung.num_seeds)]
        asked = [variants[name] for name in names]
        return experiment.read(asked, seeds=seeds, share=rung.share).repeats

    screening = screened_run(
        changed, nulls, rungs, train_and_read=train_and_read, keep=5, keep_at_least=3
    )
    kept = [variants[name] for name in (*screening.survivors, *nulls)]
    screened = rank(summarise(experiment.read(kept).repeats, _FDR))
    num_seeds = experiment.size.num_seeds
    cost = cost_of(screening.num_trained, len(nulls), rungs, final_seeds=num_seeds)
    return {
        "data_seed": data_seed,
        "num_features": len(changed),
        "num_kept": len(screening.survivors),
        "factor": cost.factor,
        "full": _short(full)[:6],
        "screened": _short(screened)[:6],
        "same_top3": set(full["variant"][:3]) == set(screened["variant"][:3]),
    }


def _short(ranking: pd.DataFrame) -> list[list[Any]]:
    columns = ["variant", "max_abs_t", "stands_out"]
    return [[name, round(t, 1), bool(out)] for name, t, out in ranking[columns].to_numpy()]
