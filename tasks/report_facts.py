"""The facts that the page states, each from one file of one stage's report."""

from typing import Any

import pandas as pd

import ganatomy
from ganatomy.explain.readouts import READOUTS, RELIANCE_READOUTS
from ganatomy.explain.statistics import RANKING_RULE
from ganatomy.files import read_json
from ganatomy.gan.guards import RULES
from ganatomy.report import fidelity
from ganatomy.tables import plain_text
from tasks import provenance
from tasks.layout import REPORTS
from tasks.params.section import read_document
from tasks.results import METRICS

Record = dict[str, Any]

_ASKS = {
    "remove": "removed (replaced by the data set's mean or a neutral value): what does it add?",
    "permute": "permuted (exchanged between images): does it depend on the rest of the image? A "
    "cue that is independent of the rest has no importance here",
    "noise": "noise (replaced at random): what if it told nothing?",
}
_WITH_METRICS = ("evaluator", "train", "gradcam", "lime")
_MAY_LACK = {"lime": [f"mean_held_out_r2_{key}" for key in ("d_real", "d_fake", "g_regions")]}
_LEVELLESS = ("wgan", "relativistic")  # losses under which zero is no boundary


def gather(title: str) -> Record:
    """Everything that the template is given, besides the pictures."""
    metrics = {
        name: {**dict.fromkeys(_MAY_LACK.get(name, ())), **read_json(REPORTS / name / METRICS)}
        for name in _WITH_METRICS
    }
    params = read_document()
    found = {
        "title": title,
        "version": ganatomy.__version__,
        "params": params,
        "environment": read_json(provenance.ENVIRONMENT),
        "data": read_json(REPORTS / "prepare" / "card.json"),
        "quarantine": rows_of(pd.read_csv(REPORTS / "prepare" / "quarantine.csv")),
        "quality": _quality(),
        "memorisation": _memorisation(),
        "generalisation": _generalisation(params["gan"]["loss"] not in _LEVELLESS),
        "guards": _guards(),
        "classes": read_json(REPORTS / "evaluate" / "classes.json"),
        "importance": _importance(),
        "faithfulness": _faithfulness(),
        "refusals": _refusals(),
        "concepts": rows_of(pd.read_csv(REPORTS / "gradcam" / "concepts.csv")),
        "provenance": provenance.describe(),
        "artifacts": provenance.artifacts(),
        **metrics,
    }
    return {**found, "alarms": _alarms(found)}


def rows_of(table: pd.DataFrame) -> list[Record]:
    """A table as plain values; None where there is none."""
    known = table.astype(object).where(table.notna(), None)
    rows = known.to_dict("records")
    return [{str(name): plain_text(cell) for name, cell in row.items()} for row in rows]


def _alarms(facts: Record) -> list[str]:
    """What must not be overlooked."""
    found = [text for guard in facts["guards"] for text in guard["findings"]]
    if facts["memorisation"]["copies_found"]:
        found.append("G repeats training images, see “Does it memorise?”")
    if facts["memorisation"]["cannot_tell"]:
        found.append("Whether G repeats training images cannot be told, see “Does it memorise?”")
    if missing := facts["classes"]["missing"]:
        found.append(f"G does not make these classes: {', '.join(missing)}")
    return found


def _quality() -> Record:
    table = pd.read_csv(REPORTS / "evaluate" / "fidelity.csv")
    rows = [
        {**row, "meaning": fidelity.meaning(row["name"]), "words": fidelity.in_words(row)}
        for row in rows_of(table)
    ]
    fcd = rows[0]
    return {
        "rows": rows,
        "count": fcd["count"],
        "fcd": fcd,
        "by_inception": any(row["name"] == "fid" for row in rows),
    }


def _memorisation() -> Record:
    """The verdict, and a row for each measure in each space: of the fakes, and of honest ones."""
    found = read_json(REPORTS / "evaluate" / "memorisation.json")
    rows = []
    for space, evidence in found["spaces"].items():
        copies = evidence["copies"]
        for measure, values, honest, bad in (
            ("share below the threshold", copies, copies["expected"], "has_copies"),
            ("C_T", evidence["c_t"], 0, "is_nearer"),
            ("authenticity", evidence["authenticity"], None, "is_nearer"),
        ):
            rows.append(
                {
                    "measure": measure,
                    "space": space,
                    "floor": honest,
                    **values,
                    "is_share": measure != "C_T",
                    "bad": evidence[bad],
                }
            )
    return {**{key: value for key, value in found.items() if key != "spaces"}, "rows": rows}


def _generalisation(has_level: bool) -> Record:
    found = read_json(REPORTS / "evaluate" / "generalisation.json")
    return {**found, "has_level": has_level}


def _guards() -> list[Record]:
    """Each rule with the findings that it led to."""
    findings = read_json(REPORTS / "train" / "guards.json")
    return [
        {
            "name": name.replace("_", "-"),
            "rule": rule,
            "findings": [found["text"] for found in findings if found["guard"] == name],
        }
        for name, rule in RULES.items()
    ]


def _importance() -> Record:
    folder = REPORTS / "importance"
    tables = {
        name: pd.read_csv(folder / f"{name}.csv")
        for name in ("summary", "ranking", "interactions", "subsets", "power", "reliance")
    }
    summary, index = tables["summary"], read_json(REPORTS / "variants" / "index.json")
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
        "screening": _screening(),
        "interactions": rows_of(tables["interactions"]),
        "subsets": rows_of(tables["subsets"]),
        "power": rows_of(tables["power"]),
    }


def _faithfulness() -> Record:
    """The verdict on each method, with the figures that it rests on."""
    folder = REPORTS / "faithfulness"
    verdict = rows_of(pd.read_csv(folder / "trust.csv", keep_default_na=False, na_values=[""]))
    scores = pd.read_parquet(folder / "scores.parquet")
    own = scores[scores["control"] == ""]
    planted = rows_of(pd.read_csv(folder / "planted.csv"))
    return {
        "rows": [
            {**row, "why": row["why"] or "", "refused": row["refused"] or ""} for row in verdict
        ],
        "rules": read_json(folder / "rules.json"),
        "num_images": int(own.groupby("method")["image"].nunique().max()),
        "sentences": read_json(folder / "agreement.json")["sentences"],
        "infidelity": own[own["measure"] == "infidelity"]
        .groupby("method")["value"]
        .mean()
        .to_dict(),
        "planted": planted,
    }


def _refusals() -> list[Record]:
    """Maps that were replaced by a reason, of every stage that draws any."""
    found: list[Record] = read_json(REPORTS / "gradcam" / "refusals.json")
    rows = [{**row, "stage": "gradcam"} for row in found]
    surrogates = pd.read_csv(REPORTS / "lime" / "surrogates.csv", keep_default_na=False)
    refused = surrogates[surrogates["refusal"] != ""]
    for (case, reason), group in refused.groupby(["group", "refusal"]):
        about = {"case": case, "method": "lime", "reason": reason, "images": len(group)}
        rows.append({**about, "stage": "lime"})
    return rows


def _screening() -> Record | None:
    """What was dropped before the trainings in full, or None where there was no screening."""
    folder = REPORTS / "screen"
    if not read_json(folder / "survivors.json")["screened"]:
        return None
    return {
        "factor": read_json(folder / METRICS)["cost_factor"],
        "history": rows_of(pd.read_csv(folder / "history.csv")),
    }
