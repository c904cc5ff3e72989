"""Whether the GAN is any good, and whether it repeats its training images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganatomy.data.images import contact_sheet
from ganatomy.files import read_json
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.figures.class_bars import class_bars
from ganatomy.report.figures.fidelity_chart import fidelity_chart, in_words, meaning
from ganatomy.report.figures.suspects_sheet import suspects_sheet
from ganatomy.report.sections.page_section import (
    SAMPLES,
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.sections.train import SETTINGS, has_level
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.copies import copies
from ganatomy.report.verdict.questions.quality import classes, works

_HEAD = (8, 4)  # columns and rows of images at the page's head
_HEAD_SIDE = 52  # small images are enlarged to about so many pixels


@dataclass(frozen=True)
class Evaluated:
    """The study beside what it rests on: how good the evaluator is, and how D was trained."""

    study: EvaluationStudy
    evaluator: Record
    has_level: bool

    @staticmethod
    def load(folder: Path) -> "Evaluated":
        """Read the study and what two other stages have left beside it."""
        return Evaluated(
            EvaluationStudy.load(folder),
            read_json(folder.parent / "evaluator" / "metrics.json"),
            has_level(read_json(folder.parent / "train" / SETTINGS)),
        )


def _facts(result: Evaluated) -> Record:
    study = result.study
    rows = [
        {**row, "meaning": meaning(row["name"]), "words": in_words(row)}
        for row in rows_of(study.fidelity.dropna(subset="value"))
    ]
    quality = {
        "rows": rows,
        "count": study.num_compared,
        "fcd": None if study.unmeasured else rows[0],
        "unmeasured": study.unmeasured,
        "by_inception": any(row["name"] == "fid" for row in rows),
    }
    return {
        "quality": quality,
        "memorisation": _memorisation(study.memorisation),
        "generalisation": {**study.generalisation, "has_level": result.has_level},
        "classes": study.classes,
        "evaluator": result.evaluator,
    }


def _memorisation(record: Record) -> Record:
    """The verdict, and a row for each measure in each space: of the fakes, and of honest ones."""
    rows = []
    for space, evidence in record["spaces"].items():
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
    return {**{key: value for key, value in record.items() if key != "spaces"}, "rows": rows}


def _figures(result: Evaluated) -> dict[str, Figure]:
    study = result.study
    table, classes = study.fidelity, study.classes
    is_inception = (table["name"] == "fid") | table["name"].str.endswith("_inception")
    columns = max(1, round(len(study.shown) ** 0.5))
    figures: dict[str, Figure] = {
        "samples": lambda: png(contact_sheet(study.shown, columns)),
        SAMPLES: _first_samples(study),
        "suspects": lambda: png(_suspects(study)),
    }
    if study.is_measured:
        figures["fidelity"] = lambda: png(fidelity_chart(table[~is_inception]))
    if is_inception.any():
        figures["fidelity_inception"] = lambda: png(fidelity_chart(table[is_inception]))
    if classes["names"]:
        figures["classes"] = lambda: png(
            class_bars(classes["names"], classes["real"], classes["fake"])
        )
    return figures


def _first_samples(study: EvaluationStudy) -> Picture:
    first = study.shown[: _HEAD[0] * _HEAD[1]]
    scale = max(1, round(_HEAD_SIDE / first.shape[-1]))
    return Picture(
        lambda: png(contact_sheet(first, _HEAD[0], scale=scale)),
        title=f"The first {len(first)} images that G makes",
        caption="First draws, not picked.",
        alt=f"{len(first)} images made by the generator",
        kind="pixels",
    )


def _suspects(study: EvaluationStudy) -> NDArray[np.uint8]:
    pictures = dict(study.suspicious)
    fakes = pictures.pop("fake")
    table = study.suspects
    spaces = table["space"].unique().tolist()
    rows = {space: table[table["space"] == space] for space in spaces}
    return suspects_sheet(
        fakes,
        {space: pictures[space] for space in spaces},
        rows[spaces[0]]["fake"].tolist(),
        ratios={space: rows[space]["ratio"].tolist() for space in spaces},
    )


def _alarms(result: Evaluated) -> list[str]:
    memorisation, missing = result.study.memorisation, result.study.classes["missing"]
    alarms = []
    if result.study.unmeasured:
        alarms.append(
            f"Distances, precision, recall, density, coverage and classes are not measured: "
            f"{result.study.unmeasured}"
        )
    if memorisation["copies_found"]:
        alarms.append("G repeats training images, see “Does it memorise?”")
    if memorisation["cannot_tell"]:
        alarms.append("Whether G repeats training images cannot be told, see “Does it memorise?”")
    if missing:
        alarms.append(f"G does not make these classes: {', '.join(missing)}")
    return alarms


def _summary(result: Evaluated) -> list[str]:
    study = result.study
    classes, gap = study.classes, study.generalisation
    measured = study.fidelity.dropna(subset="value")
    missing = f", missing: {', '.join(classes['missing'])}" if classes["missing"] else ""
    return [
        *(
            f"{row['name']}@{row['count']}: {row['value']:.3g} "
            f"({row['low']:.3g} to {row['high']:.3g}; real/real: {row['floor']:.3g})"
            for row in rows_of(measured)
        ),
        *([f"not measured: {study.unmeasured}"] if study.unmeasured else []),
        *(
            [f"classes found: {classes['num_found']} of {classes['num_modes']}{missing}"]
            if classes["names"]
            else []
        ),
        f"copies of training images: {study.memorisation['verdict']}",
        f"D tells training from held-out images (AUC): {gap['auc']:.3f} "
        f"({gap['auc_low']:.3f} to {gap['auc_high']:.3f})",
    ]


def _clauses(result: Evaluated, gate: Gate) -> list[Clause]:
    study = result.study
    return [works(study, gate), classes(study, gate), copies(study, gate)]


SECTION = PageSection(
    name="evaluate",
    place=10,
    blocks=(
        Block("works", "Does it work?", "quality", Path(__file__).with_name("evaluate.html")),
        Block(
            "memorises",
            "Does it memorise?",
            "quality",
            Path(__file__).with_name("memorisation.html"),
        ),
    ),
    load=Evaluated.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
    clauses=_clauses,
)
