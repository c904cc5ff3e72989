"""Whether the GAN is any good, and whether it repeats its training images."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.files import read_json
from ganatomy.report.figures.class_bars import class_bars
from ganatomy.report.figures.fidelity_chart import fidelity_chart, in_words, meaning
from ganatomy.report.sections.section import Figure, Record, Section, drawn, png, rows_of


@dataclass(frozen=True)
class _Found:
    fidelity: pd.DataFrame
    memorisation: Record
    generalisation: Record
    classes: Record
    evaluator: Record
    drawn: dict[str, Figure]


def _load(folder: Path) -> _Found:
    return _Found(
        pd.read_csv(folder / "fidelity.csv"),
        read_json(folder / "memorisation.json"),
        read_json(folder / "generalisation.json"),
        read_json(folder / "classes.json"),
        read_json(folder.parent / "evaluator" / "metrics.json"),
        drawn(folder, "samples", "suspects"),
    )


def _facts(found: _Found) -> Record:
    rows = [
        {**row, "meaning": meaning(row["name"]), "words": in_words(row)}
        for row in rows_of(found.fidelity)
    ]
    quality = {
        "rows": rows,
        "count": rows[0]["count"],
        "fcd": rows[0],
        "by_inception": any(row["name"] == "fid" for row in rows),
    }
    return {
        "quality": quality,
        "memorisation": _memorisation(found.memorisation),
        "generalisation": found.generalisation,
        "classes": found.classes,
        "evaluator": found.evaluator,
    }


def _memorisation(found: Record) -> Record:
    """The verdict, and a row for each measure in each space: of the fakes, and of honest ones."""
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


def _figures(found: _Found) -> dict[str, Figure]:
    table, classes = found.fidelity, found.classes
    is_inception = (table["name"] == "fid") | table["name"].str.endswith("_inception")
    figures: dict[str, Figure] = dict(found.drawn)
    figures["fidelity"] = lambda: png(fidelity_chart(table[~is_inception]))
    if is_inception.any():
        figures["fidelity_inception"] = lambda: png(fidelity_chart(table[is_inception]))
    if classes["names"]:
        figures["classes"] = lambda: png(
            class_bars(classes["names"], classes["real"], classes["fake"])
        )
    return figures


def _alarms(found: _Found) -> list[str]:
    alarms = []
    if found.memorisation["copies_found"]:
        alarms.append("G repeats training images, see “Does it memorise?”")
    if found.memorisation["cannot_tell"]:
        alarms.append("Whether G repeats training images cannot be told, see “Does it memorise?”")
    if missing := found.classes["missing"]:
        alarms.append(f"G does not make these classes: {', '.join(missing)}")
    return alarms


def _summary(found: _Found) -> list[str]:
    classes, gap = found.classes, found.generalisation
    missing = f", missing: {', '.join(classes['missing'])}" if classes["missing"] else ""
    return [
        *(
            f"{row['name']}@{row['count']}: {row['value']:.3g} "
            f"({row['low']:.3g} to {row['high']:.3g}; real/real: {row['floor']:.3g})"
            for row in rows_of(found.fidelity)
        ),
        *(
            [f"classes found: {classes['num_found']} of {classes['num_modes']}{missing}"]
            if classes["names"]
            else []
        ),
        f"copies of training images: {found.memorisation['verdict']}",
        f"D tells training from held-out images (AUC): {gap['auc']:.3f} "
        f"({gap['auc_low']:.3f} to {gap['auc_high']:.3f})",
    ]


SECTION = Section(
    name="evaluate",
    place=10,
    links=(("works", "Does it work?"), ("memorises", "Does it memorise?")),
    template=Path(__file__).with_name("evaluate.html"),
    load=_load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
)
