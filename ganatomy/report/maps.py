"""The pictures of the study of maps, from its result."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.maps.film import Frame
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.report.causal import causal_chart
from ganatomy.report.class_maps import class_maps
from ganatomy.report.disagreement import disagreement_sheet
from ganatomy.report.dissection import dissection_table
from ganatomy.report.heatmaps import attribution_sheet

Pixels = NDArray[np.uint8]
_CLASS_TITLES = {"d_real": "D on reals", "d_fake": "D on fakes", "g_fake": "G"}
_FILM_TITLES = {"D": "where D looks", "G": "G's part in it"}


def map_pictures(found: MapsStudy) -> Iterator[tuple[str, int | None, Pixels]]:
    """Draw every picture that there is something for: its key, its step in a film, its pixels."""
    fakes = found.cases["d_fake"].inputs
    for key in ("d_real", "d_fake", "g_fake"):
        yield key, None, case_sheet(found, key)
    asked = found.asked
    if asked is not None and asked.maps:
        logits = found.cases["g_fake"].scores
        yield "g_targets", None, attribution_sheet(fakes, asked.maps, logits, None, asked.reasons)
    if (compared := found.comparison) is not None:
        sheet = disagreement_sheet(fakes, compared.of_d, compared.of_g, compared.result)
        yield "disagreement", None, sheet
    rows = {_CLASS_TITLES[key]: means for key, means in found.class_means.means.items()}
    yield "classes", None, class_maps(rows, found.class_means.images)
    if len(found.causal):
        yield "causal", None, causal_chart(found.causal)
    if found.carriers.dissection is not None:
        yield "dissection", None, dissection_table(found.carriers.dissection)
    for frame, pixels in zip(found.film, film_frames(found.film)):
        yield "film", frame.step, pixels


def case_sheet(found: MapsStudy, key: str) -> Pixels:
    """Draw the maps of a case over its images, or why there are none."""
    case = found.cases[key]
    images = case.inputs if case.network == "D" else found.cases["d_fake"].inputs
    return attribution_sheet(
        images,
        {which.title: maps for which, maps in case.maps.items()},
        case.scores,
        None,
        {which.title: case.reasons[which.key] for which in case.maps},
    )


def film_frames(film: tuple[Frame, ...]) -> Iterator[Pixels]:
    """Draw each frame; the colours of a row span the same magnitude in all of them."""
    limits = {
        title: max(float(frame.maps[network].nan_to_num(0).abs().max()) for frame in film)
        for network, title in _FILM_TITLES.items()
        if film and network in film[0].maps
    }
    for frame in film:
        rows = {_FILM_TITLES[network]: maps for network, maps in frame.maps.items()}
        reasons = {title: [_nothing(each) for each in maps] for title, maps in rows.items()}
        notes = [f"step {frame.step:,}"]
        yield attribution_sheet(frame.images, rows, frame.scores, notes, reasons, limits)


def _nothing(found: torch.Tensor) -> str:
    """Why a frame of the film shows no map."""
    if not bool(found.isfinite().all()):
        return "not a number"
    return "" if float(found.max()) > float(found.min()) else "flat"
