"""Where D looks, by the kinds of map that pass every test, and how far maps can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ganatomy.explain.faithfulness.result import FaithfulnessStudy
from ganatomy.explain.faithfulness.verdict import RULES
from ganatomy.explain.lime.baseline_check import said
from ganatomy.explain.maps.methods import INTEGRATED_GRADIENTS, OCCLUSION
from ganatomy.files import read_json
from ganatomy.marking import MIXED
from ganatomy.report.feature_names import plain_feature
from ganatomy.report.figures.control_chart import control_chart
from ganatomy.report.figures.map_sheet import MapRow, map_sheet
from ganatomy.report.figures.randomisation_chart import randomisation_chart
from ganatomy.report.figures.region_ranks import agreement_picture
from ganatomy.report.figures.removal_chart import removal_chart
from ganatomy.report.sections import faithfulness_words as words
from ganatomy.report.sections.discriminator import what_reals_are, what_the_sign_means
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.maps import maps
from ganatomy.tables import read_table
from ganatomy.wording import listed

FILLED_WITH = {
    "black": "black",
    "mean": "the mean image",
    "blur": "a blurred copy of the image",
    "inpaint": "what fits the places around",
    "marginal": "what other images show there",
}
"""What hides a place, by the baseline's name."""

_MAPS = "faithfulness/maps.safetensors"
_FIRST = {
    "both": "The first real and the first generated images",
    "real": "The first real images",
    "generated": "The first generated images",
}
_JUDGED = {
    "both": ", real and generated",
    "real": ", all of them real",
    "generated": ", all of them generated",
}


def colours(has_both: bool) -> str:
    """Say what the colours of a sheet of maps mean.

    Parameters
    ----------
    has_both : bool
        Whether it shows real and generated images.
    """
    alike = ", in real and generated images alike" if has_both else ""
    return (
        "Red raises D’s logit, blue lowers it; the strongest colours of a row stand for the number "
        f"beside its name{alike}. Above each image: D’s logit of it."
    )


COLOURS = colours(has_both=True)


@dataclass(frozen=True, eq=False)
class StudyWithRefusals:
    """The study, and the maps that the studies of maps and of LIME had to leave out.

    And the sentence on what the sign of D's logit means, and what real images are called.
    """

    study: FaithfulnessStudy
    refusals: tuple[Record, ...]
    sign: str
    reals: str = "real, held out"

    @property
    def kinds(self) -> Kinds:
        """The kinds of map, with their names."""
        shown = self.study.shown
        return Kinds(self.study.verdicts, {} if shown is None else shown.sizes)


def _load(folder: Path) -> StudyWithRefusals:
    reports = folder.parent
    return StudyWithRefusals(
        FaithfulnessStudy.load(folder),
        tuple(_refusals(reports)),
        what_the_sign_means(reports),
        what_reals_are(reports),
    )


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
    study, kinds = result.study, result.kinds
    own = study.scores[study.scores["control"] == ""]
    infidelity = own[own["measure"] == "infidelity"].groupby("method")["value"].mean()
    told = {
        "verdict": study.verdict(),
        "rows": [
            {**row, "name": kinds.name(row["method"]), **tested}
            for row, tested in zip(
                rows_of(study.verdicts),
                words.outcomes(study.measures, kinds, words.magnitudes(study)),
            )
        ],
        "asks": words.ASKS,
        "counts": words.counts(study.verdicts),
        "figures": words.all_figures(study, kinds),
        "rules": {name: study.rules[name] for name in RULES if name in study.rules},
        "within_g": any(" G " in kind for kind in study.verdicts["method"]),
        "of_images": _JUDGED["both" if study.shown is None else study.shown.kinds],
        "num_images": int(own.groupby("method")["image"].nunique().max()),
        "agree": words.agree(study, kinds),
        "baseline": study.hiding.baseline,
        "beware": [*said(study.hiding)],
        "infidelity": infidelity.to_dict(),
        "planted": rows_of(study.planted.assign(name=study.planted["method"].map(kinds.name))),
    }
    looks = {
        "passing": [kinds.name(kind) for kind in study.trusted],
        "where": words.where(study, kinds),
        "sign": result.sign,
        "kept": study.shown is not None,
    }
    return {"faithfulness": told, "looks": looks, "refusals": list(result.refusals)}


def _figures(result: StudyWithRefusals) -> dict[str, Figure]:
    return {**_sheets(result), **_charts(result)}


def _sheets(result: StudyWithRefusals) -> dict[str, Figure]:
    """Maps of the kinds that pass; those of no layer that do not: the others have own sections."""
    study, kinds = result.study, result.kinds
    if study.shown is None:
        return {}
    of_d, of_g = words.of_d(study), [kind for kind in study.trusted if " G " in kind]
    failing = [
        kind
        for kind in (INTEGRATED_GRADIENTS, OCCLUSION)
        if kind in study.maps and kind not in study.trusted
    ]
    mark = None if study.shown.kinds == "real" else MIXED
    legend = colours(study.shown.kinds == "both")
    figures: dict[str, Figure] = {}
    if of_d:
        figures["looks"] = Picture(
            lambda: png(_sheet(result, of_d)),
            title=words.finding(study, kinds),
            caption=f"{_FIRST[study.shown.kinds]}, not picked, and the maps that "
            f"passed every test. {legend} Integrated gradients and occlusion compare the image "
            f"with {FILLED_WITH[study.hiding.baseline]}.",
            source=_MAPS,
            kind="pixels",
            mark=mark,
        )
    if of_g:
        figures["within_g"] = Picture(
            lambda: png(_sheet(result, of_g)),
            title=f"{len(of_g)} kind{'s' * (len(of_g) > 1)} of map within G pass every test",
            caption="Which places of G’s layers raise D’s logit of the image that they lead to. "
            f"{legend}",
            source=_MAPS,
            kind="pixels",
            mark=MIXED,
        )
    if failing:
        figures["failing"] = Picture(
            lambda: png(_sheet(result, failing)),
            title=f"Not to be relied on: {listed([kinds.name(kind) for kind in failing])}",
            alt="; ".join(f"{kinds.name(kind)}: {kinds.stamp(kind)}" for kind in failing),
            caption=f"Above each row stands why it is not to be relied on. {legend}",
            source=_MAPS,
            kind="pixels",
            mark=mark,
        )
    return figures


def _sheet(result: StudyWithRefusals, which: Sequence[str]) -> NDArray[np.uint8]:
    """Kinds of map of D at real and generated images, or of G at the generated ones."""
    study, kinds, shown = result.study, result.kinds, result.study.shown
    assert shown is not None
    within_g = " G " in which[0]
    images, scores = shown.images, shown.scores
    groups = [(result.reals, len(shown.real)), ("generated", len(shown.fake))]
    groups = [group for group in groups if group[1]]
    if within_g:
        images, scores, groups = shown.fake, shown.fake_scores, groups[-1:]
    rows = []
    for kind in which:
        own = study.maps[kind]
        maps = own[: len(shown.fake)] if within_g else shown.of_d(own)
        reasons = [
            "" if bool(torch.isfinite(each).all()) else words.refusal(study, kind) for each in maps
        ]
        rows.append(MapRow(kinds.name(kind), maps, reasons, kinds.stamp(kind)))
    return map_sheet(images, rows, scores, groups=groups)


def _charts(result: StudyWithRefusals) -> dict[str, Figure]:
    study, kinds = result.study, result.kinds
    figures: dict[str, Figure] = {
        "controls": Picture(
            lambda: png(control_chart(_named(study.measures, kinds))),
            title=words.controlled(study.verdicts),
            caption="How much better each kind of map foretells what removing pixels does to D’s "
            "logit than a random map, an edge detector, and the same kind’s map of another image; "
            "right of 0 it is better. Lines are 95 % intervals. The edge detector is not judged.",
            source="faithfulness/measures.csv",
        ),
        "removal": Picture(
            lambda: png(removal_chart(_named(study.curves, kinds))),
            title=words.best_removal(study.measures),
            caption="D’s logit while pixels are hidden (deletion), or shown (insertion), those "
            "first that the map ranks highest; beside it the same in the order of the controls.",
            source="faithfulness/removal.csv",
        ),
        "randomisation": Picture(
            lambda: png(randomisation_chart(_named(study.randomised["d"], kinds))),
            title=words.randomised(study, kinds),
            caption="How alike a map is to that of the trained D, as ever more of D’s layers get "
            "random weights; a map that explains D ends within the grey band.",
            source="faithfulness/randomisation_d.csv",
        ),
    }
    if (regions := study.regions) is not None:
        grid = words.grid_of(regions.masks)
        ranks = words.regions(regions.agreement.ranks, kinds, grid)
        masks = {plain_feature(name, grid): mask for name, mask in regions.masks.items()}
        figures["agreement"] = Picture(
            lambda: png(agreement_picture(regions.mean_image, masks, ranks)),
            title=words.agree(study, kinds)["title"],
            caption="What each way of asking calls important: retraining without the region "
            "(size of the change of G and of D), and the mean magnitude of each kind of map of D "
            "on real images. Rank 1, dark, is the most important.",
            source="faithfulness/regions.csv",
        )
    return figures


def _named(table: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
    return table.assign(method=table["method"].map(kinds.name))


def _summary(result: StudyWithRefusals) -> list[str]:
    trusted = result.study.trusted
    return [
        f"explanations that can be trusted: {', '.join(trusted) or 'none'} "
        f"({len(trusted)} of {len(result.study.verdicts)} methods)"
    ]


def _clauses(result: StudyWithRefusals, gate: Gate) -> list[Clause]:
    trusted = [result.kinds.name(kind) for kind in result.study.trusted]
    return [maps(trusted, len(result.study.verdicts), gate)]


_HERE = Path(__file__).parent
SECTION = PageSection(
    name="faithfulness",
    place=30,
    blocks=(
        Block("looks", "Where does D look?", "looks", _HERE / "faithfulness_looks.html"),
        Block("trust", "How far can maps be trusted?", "trust", _HERE / "faithfulness.html"),
        Block(
            "trust-figures",
            "The tests of the maps in figures",
            "appendix",
            _HERE / "faithfulness_figures.html",
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
    clauses=_clauses,
)
