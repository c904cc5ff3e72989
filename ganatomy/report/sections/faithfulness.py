"""Whether the explanations can be trusted."""

from pathlib import Path

import pandas as pd

from ganatomy.files import read_json
from ganatomy.report.sections.section import Figure, Record, Section, drawn, rows_of


def _facts(folder: Path) -> Record:
    """The verdict on each method, with the figures that it rests on."""
    scores = pd.read_parquet(folder / "scores.parquet")
    own = scores[scores["control"] == ""]
    found = {
        "rows": _verdicts(folder),
        "rules": read_json(folder / "rules.json"),
        "num_images": int(own.groupby("method")["image"].nunique().max()),
        "sentences": read_json(folder / "agreement.json")["sentences"],
        "infidelity": own[own["measure"] == "infidelity"]
        .groupby("method")["value"]
        .mean()
        .to_dict(),
        "planted": rows_of(pd.read_csv(folder / "planted.csv")),
    }
    return {"faithfulness": found, "refusals": _refusals(folder.parent)}


def _verdicts(folder: Path) -> list[Record]:
    table = pd.read_csv(folder / "trust.csv", keep_default_na=False, na_values=[""])
    return [
        {**row, "why": row["why"] or "", "refused": row["refused"] or ""} for row in rows_of(table)
    ]


def _refusals(reports: Path) -> list[Record]:
    """Maps that were replaced by a reason, of every stage that draws any."""
    rows: list[Record] = []
    if (file := reports / "gradcam" / "refusals.json").exists():
        rows = [{**row, "stage": "gradcam"} for row in read_json(file)]
    surrogates = pd.read_csv(reports / "lime" / "surrogates.csv", keep_default_na=False)
    refused = surrogates[surrogates["refusal"] != ""]
    for (case, reason), group in refused.groupby(["group", "refusal"]):
        about = {"case": case, "method": "lime", "reason": reason, "images": len(group)}
        rows.append({**about, "stage": "lime"})
    return rows


def _figures(folder: Path) -> dict[str, Figure]:
    return drawn(folder, "controls", "removal", "randomisation", "agreement")


def _summary(folder: Path) -> list[str]:
    rows = _verdicts(folder)
    trusted = [row["method"] for row in rows if row["trusted"]]
    return [
        f"explanations that can be trusted: {', '.join(trusted) or 'none'} "
        f"({len(trusted)} of {len(rows)} methods)"
    ]


SECTION = Section(
    name="faithfulness",
    place=30,
    links=(("trust", "Can it be trusted?"),),
    template=Path(__file__).with_name("faithfulness.html"),
    load=Path,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
