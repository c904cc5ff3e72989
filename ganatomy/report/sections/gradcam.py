"""Where D and G look, by class activation maps."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.maps.film import Frame
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.report.figures.attribution_sheet import attribution_sheet
from ganatomy.report.figures.causal_chart import causal_chart
from ganatomy.report.figures.class_maps import class_maps
from ganatomy.report.figures.disagreement_sheet import disagreement_sheet
from ganatomy.report.figures.dissection_table import dissection_table
from ganatomy.report.figures.film import film
from ganatomy.report.sections.discriminator import what_the_sign_means
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)

_SHEETS = ("d_real", "d_fake", "g_fake")
_CLASS_TITLES = {"d_real": "D on reals", "d_fake": "D on fakes", "g_fake": "G"}
_FILM_TITLES = {"D": "where D looks", "G": "G's part in it"}
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _MapsAndSign:
    """The study, and what D's logit being positive means."""

    study: MapsStudy
    sign: str


def _load(folder: Path) -> _MapsAndSign:
    return _MapsAndSign(MapsStudy.load(folder), what_the_sign_means(folder.parent))


def _facts(result: _MapsAndSign) -> Record:
    study = result.study
    facts = {
        "sign": result.sign,
        **study.metrics(),
        "verdict": study.verdict(),
        "methods": list(study.methods),
        "num_averaged": max(study.class_means.counts.values(), default=0),
        "num_remembered": len(study.film),
        "still": _still(study.film[-1]) if study.film else "",
    }
    return {"gradcam": facts, "concepts": rows_of(study.carriers.concepts)}


def _figures(result: _MapsAndSign) -> dict[str, Figure]:
    """Draw what there is something of."""
    study = result.study
    figures: dict[str, Figure] = {key: partial(_sheet, study, key) for key in _SHEETS}
    figures["classes"] = lambda: png(_classes(study))
    if study.asked is not None and study.asked.maps:
        figures["g_targets"] = lambda: png(_asked(study))
    if study.comparison is not None:
        figures["disagreement"] = lambda: png(_disagreement(study))
    if len(study.causal):
        figures["causal"] = lambda: png(causal_chart(study.causal))
    if (table := study.carriers.dissection) is not None:
        figures["dissection"] = lambda: png(dissection_table(table))
    if study.film:
        shown = list(_frames(study.film))
        figures["film"] = lambda: film(shown)
        for frame, pixels in zip(study.film, shown):  # for the record: the page has the film
            figures[_still(frame)] = Picture(partial(png, pixels), key="film", step=frame.step)
    return figures


def _still(frame: Frame) -> str:
    """Name a frame's picture."""
    return f"film_{frame.step:09d}"


def _sheet(study: MapsStudy, key: str) -> bytes:
    """The maps of a case over its images, or why there are none."""
    case = study.cases[key]
    images = case.inputs if case.network == "D" else study.cases["d_fake"].inputs
    maps = {which.title: each for which, each in case.maps.items()}
    reasons = {which.title: case.reasons[which.key] for which in case.maps}
    return png(attribution_sheet(images, maps, case.scores, notes=None, refusals=reasons))


def _asked(study: MapsStudy) -> Pixels:
    assert study.asked is not None
    fakes, logits = study.cases["d_fake"].inputs, study.cases["g_fake"].scores
    return attribution_sheet(
        fakes, study.asked.maps, logits, notes=None, refusals=study.asked.reasons
    )


def _disagreement(study: MapsStudy) -> Pixels:
    compared = study.comparison
    assert compared is not None
    fakes = study.cases["d_fake"].inputs
    return disagreement_sheet(fakes, compared.d_maps, compared.g_maps, result=compared.result)


def _classes(study: MapsStudy) -> Pixels:
    means = study.class_means
    rows = {_CLASS_TITLES[key]: by_class for key, by_class in means.means.items()}
    return class_maps(rows, means.images)


def _frames(frames: tuple[Frame, ...]) -> Iterator[Pixels]:
    """Each step; the colours of a row span the same magnitude in all of them."""
    limits = {
        title: max(float(frame.maps[network].nan_to_num(0).abs().max()) for frame in frames)
        for network, title in _FILM_TITLES.items()
        if network in frames[0].maps
    }
    for frame in frames:
        rows = {_FILM_TITLES[network]: maps for network, maps in frame.maps.items()}
        reasons = {title: [_nothing(each) for each in maps] for title, maps in rows.items()}
        notes = [f"step {frame.step:,}"]
        yield attribution_sheet(
            frame.images, rows, frame.scores, notes=notes, refusals=reasons, limits=limits
        )


def _nothing(values: torch.Tensor) -> str:
    """Say why a frame of the film shows no map."""
    if not bool(values.isfinite().all()):
        return "not a number"
    return "" if float(values.max()) > float(values.min()) else "flat"


SECTION = PageSection(
    name="gradcam",
    place=40,
    blocks=(
        Block(
            "gradcam", "Where do D and G look?", "looks", Path(__file__).with_name("gradcam.html")
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
)
