"""Where D and G look, by class activation maps."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ganatomy.files import read_json
from ganatomy.report.figures.film import film
from ganatomy.report.sections.section import Figure, Record, Section, drawn, rows_of

_ALWAYS = ("d_real", "d_fake", "g_fake", "classes")
_WHERE_THERE_ARE_ANY = ("g_targets", "disagreement", "causal", "dissection")


def _facts(folder: Path) -> Record:
    return {
        "gradcam": read_json(folder / "metrics.json"),
        "concepts": rows_of(pd.read_csv(folder / "concepts.csv")),
    }


def _figures(folder: Path) -> dict[str, Figure]:
    return {**drawn(folder, *_ALWAYS, *_WHERE_THERE_ARE_ANY), "film": lambda: _film(folder)}


def _film(folder: Path) -> bytes:
    """Where D looks on the same latents' images, and G's part in it, over the training."""
    paths = sorted((folder / "images").glob("film_*.png"), key=_step)
    return film([np.asarray(Image.open(path).convert("RGB")) for path in paths])


def _step(path: Path) -> int:
    return int(path.stem.rpartition("_")[2])  # film_100 comes after film_99


SECTION = Section(
    name="gradcam",
    place=40,
    links=(("gradcam", "Where do D and G look?"),),
    template=Path(__file__).with_name("gradcam.html"),
    load=Path,
    facts=_facts,
    figures=_figures,
)
