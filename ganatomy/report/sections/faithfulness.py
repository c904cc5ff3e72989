"""Whether the explanations can be trusted."""

from dataclasses import dataclass
from pathlib import Path

from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.verdict import RULES
from ganatomy.explain.lime.baseline_check import said
from ganatomy.files import read_json
from ganatomy.report.figures.control_chart import control_chart
from ganatomy.report.figures.randomisation_chart import randomisation_chart
from ganatomy.report.figures.region_ranks import agreement_picture
from ganatomy.report.figures.removal_chart import removal_chart
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png, rows_of
from ganatomy.report.verdict.questions.maps import maps
from ganatomy.tables import read_table


@dataclass(frozen=True, eq=False)
class StudyWithRefusals:
    """The study, and the maps that the studies of maps and of LIME had to leave out."""

    study: FaithfulnessStudy
    refusals: tuple[Record, ...]


def _load(folder: Path) -> StudyWithRefusals:
    return StudyWithRefusals(FaithfulnessStudy.load(folder), tuple(_refusals(folder.parent)))


def _refusals(reports: Path) -> list[Record]:
    """Maps that were replaced by a reason, of every stage that draws any."""
    rows: list[Record] = []
    if (file := reports / "gradcam" / "refusals.json").exists():
        rows = [{**row, "stage": "gradcam"} for row in read_json(file)]
    if (file := reports / "lime" / "surrogates.csv").exists():
        table = read_table(file, ("group", "refusal"))
        for (case, reason), group in table.groupby(["group", "refusal"]):  # less those without
            about = {"case": case, "method": "lime", "reason": reason, "images": len(group)}
            rows.append({**about, "stage": "lime"})
    return rows


def _facts(result: StudyWithRefusals) -> Record:
    """The verdict on each method, with the figures that it rests on."""
    study = result.study
    own = study.scores[study.scores["control"] == ""]
    infidelity = own[own["measure"] == "infidelity"].groupby("method")["value"].mean()
    told = {
        "verdict": study.verdict(),
        "rows": rows_of(study.verdicts),
        "rules": {name: study.rules[name] for name in RULES if name in study.rules},
        "num_images": int(own.groupby("method")["image"].nunique().max()),
        "sentences": study.sentences,
        "baseline": study.hiding.baseline,
        "beware": [*said(study.hiding)],
        "infidelity": infidelity.to_dict(),
        "planted": rows_of(study.planted),
    }
    return {"faithfulness": told, "refusals": list(result.refusals)}


def _figures(result: StudyWithRefusals) -> dict[str, Figure]:
    study, regions = result.study, result.study.regions
    figures: dict[str, Figure] = {
        "controls": lambda: png(control_chart(study.measures)),
        "removal": lambda: png(removal_chart(study.curves)),
        "randomisation": lambda: png(randomisation_chart(study.randomised["d"])),
    }
    if regions is not None:
        figures["agreement"] = lambda: png(
            agreement_picture(regions.mean_image, regions.masks, regions.agreement.ranks)
        )
    return figures


def _summary(result: StudyWithRefusals) -> list[str]:
    trusted = result.study.trusted
    return [
        f"explanations that can be trusted: {', '.join(trusted) or 'none'} "
        f"({len(trusted)} of {len(result.study.verdicts)} methods)"
    ]


SECTION = PageSection(
    name="faithfulness",
    place=30,
    blocks=(
        Block(
            "trust", "Can it be trusted?", "trust", Path(__file__).with_name("faithfulness.html")
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
    clauses=lambda result, gate: [maps(result.study.trusted, len(result.study.verdicts), gate)],
)
