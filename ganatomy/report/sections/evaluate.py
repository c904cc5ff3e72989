"""Whether the GAN is any good, and whether it repeats its training images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ganatomy.data.images import contact_sheet
from ganatomy.files import read_json
from ganatomy.importance.champion import FOLDER, BesideChampion
from ganatomy.marking import GENERATED, MIXED
from ganatomy.metrics.result import EVALUATOR, RANDOM, EvaluationStudy
from ganatomy.metrics.sentences import beside_held_out, beside_reals, on_copies
from ganatomy.report.figures.class_bars import class_bars
from ganatomy.report.figures.fidelity_chart import fidelity_chart
from ganatomy.report.figures.suspects_sheet import suspects_sheet
from ganatomy.report.glossary import label, term
from ganatomy.report.sections import quality_words as words
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
from ganatomy.report.sections.samples_sheet import first_samples
from ganatomy.report.sections.train import SETTINGS, has_level
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.champion import champion
from ganatomy.report.verdict.questions.copies import copies
from ganatomy.report.verdict.questions.quality import classes, works
from ganatomy.wording import counted

_BLUE_AND_GREY = (
    "Blue: generated images, with their 95 % interval. Grey: real training images in their place, "
    "which is what a perfect generator would reach."
)


_WHOSE = {
    EVALUATOR: "an evaluator trained on these data",
    RANDOM: "a network of random weights",
}
_COPIES = "Does it copy?"
_MEASURES = {
    "copies": "nearer than the threshold for copies",
    "c_t": label("c_t"),
    "authenticity": label("authenticity"),
}


@dataclass(frozen=True)
class Evaluated:
    """The study beside what it rests on: how good the evaluator is, and how D was trained."""

    study: EvaluationStudy
    evaluator: Record
    has_level: bool
    beside: BesideChampion | None = None

    @staticmethod
    def load(folder: Path) -> "Evaluated":
        """Read the study and what two other stages have left beside it."""
        beside, study = folder / FOLDER, EvaluationStudy.load(folder)
        if study.of_given_images:  # there is no evaluator, and nothing is known of the training
            return Evaluated(study, {}, False)
        return Evaluated(
            study,
            read_json(folder.parent / "evaluator" / "metrics.json"),
            has_level(read_json(folder.parent / "train" / SETTINGS)),
            BesideChampion.load(beside) if beside.is_dir() else None,
        )

    @property
    def own(self) -> pd.DataFrame:
        """The figures in the evaluator's features; no rows where it guesses."""
        table = self.study.fidelity.dropna(subset="value")
        return table[~_by_inception(table)]

    @property
    def inception(self) -> pd.DataFrame:
        """The figures in Inception's features; no rows without."""
        table = self.study.fidelity
        return table[_by_inception(table)]


def _by_inception(table: pd.DataFrame) -> "pd.Series[bool]":
    return (table["name"] == "fid") | table["name"].str.endswith("_inception")


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """All but a kernel distance that cannot tell, which says nothing the others do not."""
    silent = [
        row["name"].startswith(("kid", "krd")) and not words.is_told_apart(row)
        for row in rows_of(table)
    ]
    return table[~np.asarray(silent, dtype=bool)]


def _facts(result: Evaluated) -> Record:
    study = result.study
    every = study.fidelity.dropna(subset="value")
    shown = _shown(every)
    return {
        "quality": {
            "finding": _in_short(result),
            "rows": [_worded(row) for row in rows_of(shown)],
            "folded": [_worded(row) for row in rows_of(every.drop(shown.index))],
            "count": study.num_compared,
            "unmeasured": study.unmeasured,
            "by_inception": not result.inception.empty,
            "evaluator": study.skill.in_words() if study.skill else "",
            "given": study.of_given_images,
        },
        "memorisation": _memorisation(study.memorisation),
        "generalisation": _of_discriminator(result),
        "classes": study.classes,
        "evaluator": result.evaluator,
    }


def _of_discriminator(result: Evaluated) -> Record:
    """Tell what D says of images that it was and was not shown; nothing where there is no D."""
    gap = result.study.generalisation
    if not gap:
        return {"finding": ""}
    finding = words.d_and_its_training_images(gap)
    return {**gap, "finding": finding, "has_level": result.has_level}


def _in_short(result: Evaluated) -> str:
    rows = rows_of(_shown(result.own))
    return words.in_short(rows, result.study.classes) if rows else ""


def _finding(table: pd.DataFrame, count: int) -> str:
    return words.finding_of_fidelity(rows_of(table), count) if len(table) else ""


def _worded(row: Record) -> Record:
    known = term(row["name"])
    meaning = known.meaning if known else ""
    return {**row, "label": label(row["name"]), "meaning": meaning, "words": beside_reals(row)}


def _memorisation(record: Record) -> Record:
    """The verdict, and a row for each measure in each space: of the fakes, and of honest ones."""
    rows = []
    for space, evidence in record["spaces"].items():
        copies = evidence["copies"]
        for measure, values, honest in (
            ("copies", copies, copies["expected"]),
            ("c_t", evidence["c_t"], 0),
            ("authenticity", evidence["authenticity"], None),
        ):
            said = beside_held_out(measure, evidence)
            rows.append(
                {
                    "measure": _MEASURES[measure],
                    "space": space,
                    "floor": honest,
                    **values,
                    "is_share": measure != "c_t",
                    "words": said,
                    "bad": said.startswith(("copies", "nearer")),
                }
            )
    kept = {key: value for key, value in record.items() if key != "spaces"}
    return {**kept, "rows": rows, "off_the_data": words.where_they_lie(record)}


def _figures(result: Evaluated) -> dict[str, Figure]:
    study = result.study
    columns = max(1, round(len(study.shown) ** 0.5))
    figures: dict[str, Figure] = {
        "samples": Picture(
            lambda: png(contact_sheet(study.shown, columns)),
            f"The first {counted(len(study.shown), 'generated image')}; nobody chose them.",
            "Made from the first latents that were drawn."
            if study.of_given_images
            else "Made by the generator that is published, the moving average of its weights, from "
            "the first latents that were drawn.",
            source="evaluate/pictures.safetensors",
            kind="pixels",
            mark=GENERATED,
        ),
        SAMPLES: first_samples(study.shown, "evaluate/pictures.safetensors"),
        "suspects": Picture(
            lambda: png(_suspects(study)),
            words.finding_of_copies(study.memorisation),
            "The generated images nearest to a training image, worst first, above that training "
            "image. The numbers are distances in units of the threshold for copies, red where "
            "nearer. Two equal images above each other would be a copy.",
            source="evaluate/suspects.csv",
            mark=MIXED,
            narrow=True,
        ),
        **_charts(result),
    }
    if study.classes["names"]:
        found = study.classes
        figures["classes"] = Picture(
            lambda: png(class_bars(found["names"], found["real"], found["fake"])),
            words.finding_of_classes(found),
            "% of the images that are of each class, as the evaluator sees them. Grey: held-out "
            "real images. Blue: generated images.",
            source="evaluate/classes.json",
            narrow=True,
        )
    return figures


def _charts(result: Evaluated) -> dict[str, Figure]:
    """A chart for each network in whose features anything was measured."""
    charts: dict[str, Figure] = {}
    count = result.study.num_compared
    for name, table, where in (
        ("fidelity", _shown(result.own), _WHOSE[result.study.features]),
        ("fidelity_inception", _shown(result.inception), "Inception, as papers report them"),
    ):
        if len(table):
            charts[name] = Picture(
                lambda table=table: png(fidelity_chart(table)),  # type: ignore[misc]
                _finding(table, count),
                f"{count:,} generated images beside as many held-out real ones, in the features "
                f"of {where}. {_BLUE_AND_GREY}",
                source="evaluate/fidelity.csv",
                narrow=True,
            )
    return charts


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
    study = result.study
    memorisation, missing = study.memorisation, study.classes["missing"]
    alarms = []
    if study.unmeasured:
        alarms.append(
            f"Distances, precision, recall, density, coverage and classes are not measured: "
            f"{study.unmeasured}"
        )
    if memorisation["copies_found"]:
        alarms.append(f"G repeats training images, see “{_COPIES}”")
    if memorisation["cannot_tell"]:
        alarms.append(f"Whether G repeats training images cannot be told, see “{_COPIES}”")
    if missing:
        alarms.append(f"G does not make these classes: {', '.join(missing)}")
    return alarms


def _summary(result: Evaluated) -> list[str]:
    study = result.study
    classes, gap = study.classes, study.generalisation
    missing = f", missing: {', '.join(classes['missing'])}" if classes["missing"] else ""
    return [
        *(
            f"{row['name']}@{row['count']}: {row['value']:.3g} "
            f"({row['low']:.3g} to {row['high']:.3g}; real/real: {row['floor']:.3g})"
            for row in rows_of(study.fidelity.dropna(subset="value"))
        ),
        *([f"not measured: {study.unmeasured}"] if study.unmeasured else []),
        *(
            [f"classes found: {classes['num_found']} of {classes['num_modes']}{missing}"]
            if classes["names"]
            else []
        ),
        f"copies of training images: {on_copies(study.memorisation)}",
        *(
            [
                f"D tells training from held-out images (AUC): {gap['auc']:.3f} "
                f"({gap['auc_low']:.3f} to {gap['auc_high']:.3f})"
            ]
            if gap
            else []
        ),
    ]


def _clauses(result: Evaluated, gate: Gate) -> list[Clause]:
    study = result.study
    answers = [works(study, gate), classes(study, gate), copies(study, gate)]
    return answers if result.beside is None else [*answers, champion(result.beside)]


_HERE = Path(__file__)
SECTION = PageSection(
    name="evaluate",
    place=10,
    blocks=(
        Block("works", "Does it work?", "quality", _HERE.with_name("evaluate.html")),
        Block("memorises", _COPIES, "quality", _HERE.with_name("memorisation.html")),
        Block(
            "quality-details",
            "Quality and copies: details",
            "appendix",
            _HERE.with_name("quality_details.html"),
        ),
    ),
    load=Evaluated.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
    clauses=_clauses,
)
