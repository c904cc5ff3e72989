"""The pictures of the study of importance."""

import numpy as np
from numpy.typing import NDArray

from ganatomy.importance.readouts import READOUTS
from ganatomy.importance.result import ImportanceStudy
from ganatomy.report.figures.effect_table import effect_table
from ganatomy.report.figures.importance_bars import importance_bars
from ganatomy.report.figures.interaction_chart import interaction_chart
from ganatomy.report.figures.small_multiples import multiples
from ganatomy.report.figures.power_chart import power_chart
from ganatomy.report.figures.region_map import region_map, region_values

_TITLES = {name: readout.title for name, readout in READOUTS.items()}


def pictures_of(study: ImportanceStudy) -> dict[str, NDArray[np.uint8]]:
    """Draw what the study found, by name."""
    summary, ranking = study.summary, study.ranking
    pictures = {
        "importance": importance_bars(ranking, summary, _TITLES),
        "effects": effect_table(summary, ranking, _TITLES),
        "power": power_chart(study.power),
    }
    if study.sheets:
        asked = set(ranking["variant"])
        pictures["without"] = multiples(
            [
                (name if name in asked else "nothing changed", meaning, images)
                for name, meaning, images in study.sheets
            ]
        )
    inside = {name: mask.numpy() for name, mask in study.regions.inside.items()}
    if values := region_values(ranking, list(inside), "remove"):
        pictures["regions"] = region_map(study.regions.mean_image.numpy(), inside, values)
    if not study.interactions.empty:
        pictures["interactions"] = interaction_chart(study.interactions, summary, _TITLES)
    return pictures
