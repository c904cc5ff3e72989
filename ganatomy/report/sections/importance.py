"""Which features of the data matter, by retraining without each."""

from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.files import read_json, safe_name
from ganatomy.importance.ranking import RANKING_RULE
from ganatomy.importance.readouts import READOUTS, RELIANCE_READOUTS
from ganatomy.report.sections.section import Figure, Record, Section, drawn, rows_of

_ASKS = {
    "remove": "removed (replaced by the data set's mean or a neutral value): what does it add?",
    "permute": "permuted (exchanged between images): does it depend on the rest of the image? A "
    "cue that is independent of the rest has no importance here",
    "noise": "noise (replaced at random): what if it told nothing?",
}
_TABLES = ("summary", "ranking", "interactions", "subsets", "power", "reliance")


def _facts(folder: Path) -> Record:
    return {"importance": _found(folder)}


def _found(folder: Path) -> Record:
    tables = {name: pd.read_csv(folder / f"{name}.csv") for name in _TABLES}
    summary, index = tables["summary"], read_json(folder.parent / "variants" / "index.json")
    entries = {entry["recipe"]["name"]: entry for entry in index}
    readouts = [name for name in READOUTS if name in set(summary["readout"])]
    by_readout = summary.groupby("readout")
    by_key = {(row["variant"], row["readout"]): row for row in rows_of(summary)}
    relied = {
        (row["features"], row["mode"], row["readout"]): row for row in rows_of(tables["reliance"])
    }
    rows = []
    for row in rows_of(tables["ranking"]):
        entry = entries[row["variant"]]
        recipe = entry["recipe"]
        rows.append(
            {
                **row,
                "meaning": recipe["meaning"],
                "mean_change": entry["mean_change"],
                "same_images": recipe["kind"] not in ("class", "balance", "attribute"),
                "effects": [by_key.get((row["variant"], name)) for name in readouts],
                "reliance": [
                    relied.get((row["features"], "permute", name)) for name in RELIANCE_READOUTS
                ],
            }
        )
    seeds = set(pd.read_parquet(folder / "repeats.parquet", columns=["seed"])["seed"])
    return {
        "rows": rows,
        "readouts": readouts,
        "meanings": {name: READOUTS[name].meaning for name in readouts},
        "reliance_meanings": {name: each.meaning for name, each in RELIANCE_READOUTS.items()},
        "rule": RANKING_RULE,
        "modes": {mode: _ASKS[mode] for mode in _ASKS if mode in set(summary["mode"])},
        "num_comparisons": int(summary["judged"].sum()),
        "num_seeds": len(seeds),
        "num_nulls": sum(entry["recipe"]["mode"] == "null" for entry in index),
        "not_judged": [
            name for name in readouts if not by_readout["judged"].any().get(name, False)
        ],
        "idle": [
            {"variant": name, "reason": entry["changes_nothing"]}
            for name, entry in entries.items()
            if entry["changes_nothing"]
        ],
        "diverged": rows_of(pd.read_csv(folder / "diverged.csv")),
        "screening": _screening(folder.parent / "screen"),
        "interactions": rows_of(tables["interactions"]),
        "subsets": rows_of(tables["subsets"]),
        "power": rows_of(tables["power"]),
    }


def _screening(folder: Path) -> Record | None:
    """What was dropped before the trainings in full, or None where there was no screening."""
    if not read_json(folder / "survivors.json")["screened"]:
        return None
    return {
        "factor": read_json(folder / "metrics.json")["cost_factor"],
        "history": rows_of(pd.read_csv(folder / "history.csv")),
    }


def _figures(folder: Path) -> dict[str, Figure]:
    figures = drawn(folder, "importance", "effects", "power", "without", "regions", "interactions")
    for name in pd.read_csv(folder / "ranking.csv")["variant"].map(str):
        key = safe_name(name)
        figures[f"variant_{name}"] = drawn(folder.parent / "variants", key)[key]
    return figures


def _summary(folder: Path) -> list[str]:
    rows: list[dict[str, Any]] = rows_of(pd.read_csv(folder / "ranking.csv"))
    out = [f"`{row['variant']}`" for row in rows if row["stands_out"]]
    within = [f"`{row['variant']}`" for row in rows if not row["stands_out"]]
    return [
        f"features that stand out: {', '.join(out) or 'none'}",
        f"within the noise of retraining: {', '.join(within) or 'none'}",
    ]


SECTION = Section(
    name="importance",
    place=20,
    links=(("importance", "Which features matter?"),),
    template=Path(__file__).with_name("importance.html"),
    load=Path,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
