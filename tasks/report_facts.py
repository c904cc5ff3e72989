"""The facts that the page states, each from one file of one stage's report."""

from typing import Any

import pandas as pd

import ganatomy
from ganatomy.explain.readouts import READOUTS
from ganatomy.files import read_json
from ganatomy.gan.guards import RULES
from ganatomy.report import fidelity
from tasks import provenance
from tasks.layout import REPORTS
from tasks.params.section import read_document
from tasks.results import METRICS

Record = dict[str, Any]

_LEVELLESS = ("wgan", "relativistic")  # losses under which zero is no boundary


def gather(title: str) -> Record:
    """Everything that the template is given, besides the pictures."""
    metrics = {name: read_json(REPORTS / name / METRICS) for name in ("evaluator", "train", "lime")}
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
        "class_word": "rotations" if metrics["evaluator"]["by_rotation"] else "classes",
        "importance": _importance(),
        "provenance": provenance.describe(),
        "artifacts": provenance.artifacts(),
        **metrics,
    }
    return {**found, "alarms": _alarms(found)}


def rows_of(table: pd.DataFrame) -> list[Record]:
    """A table as plain values."""
    return table.to_dict("records")  # type: ignore[return-value]


def _alarms(facts: Record) -> list[str]:
    """What must not be overlooked."""
    found = [text for guard in facts["guards"] for text in guard["findings"]]
    if facts["memorisation"]["copies_found"]:
        found.append("G repeats training images, see “Does it memorise?”")
    if missing := facts["classes"]["missing"]:
        found.append(f"G does not make these {facts['class_word']}: {', '.join(missing)}")
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
    kept = {key: found[key] for key in ("verdict", "copies_found", "reason", "rule")}
    return {**kept, "rows": rows}


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
    summary, ranking = pd.read_csv(folder / "summary.csv"), pd.read_csv(folder / "ranking.csv")
    repeats = pd.read_csv(folder / "repeats.csv")
    recipes = {entry["name"]: entry for entry in read_json(REPORTS / "variants" / "index.json")}
    readouts = [name for name in READOUTS if name in set(summary["readout"])]
    by_key = {(row["variant"], row["readout"]): row for row in rows_of(summary)}
    rows = []
    for row in rows_of(ranking):
        effects = [by_key[row["variant"], readout] for readout in readouts]
        for effect in effects:
            effect["half"] = float(effect["high"] - effect["effect"])
        recipe = recipes[row["variant"]]
        same_images = not recipe["feature"].startswith("class_")
        rows.append(
            {**row, "meaning": recipe["meaning"], "effects": effects, "same_images": same_images}
        )
    return {
        "rows": rows,
        "readouts": readouts,
        "meanings": {name: READOUTS[name][1] for name in readouts},
        "threshold": float(summary["threshold"].iloc[0]),
        "num_comparisons": len(summary),
        "num_seeds": int(repeats["seed"].nunique()),
        "num_nulls": int(repeats.loc[repeats["is_null"], "variant"].nunique()),
        "not_judged": sorted(summary.loc[summary["null_sd"] == 0, "readout"].unique()),
    }
