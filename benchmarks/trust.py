"""The trust table, judged: on data that its rules were not made on, and by what must fail."""

from typing import Any

import pandas as pd
import torch

from benchmarks.trust_data import DATA, IMAGES, subjects_and_pool
from benchmarks.trust_maps import Maps, Planted, blind_maps, layer_maps, of_another_image
from ganatomy.explain.faithfulness.controls import controls, with_controls
from ganatomy.explain.faithfulness.effort import DEFAULT_EFFORT
from ganatomy.explain.faithfulness.judged import judge_discriminator, verdicts_on
from ganatomy.explain.faithfulness.measure_tables import measures_table
from ganatomy.explain.faithfulness.randomisation import COLUMNS
from ganatomy.explain.faithfulness.ranks import Cells
from ganatomy.explain.faithfulness.removal import deletion_insertion
from ganatomy.explain.faithfulness.resolution import image_cells
from ganatomy.explain.faithfulness.road import IMPUTERS, road
from ganatomy.explain.faithfulness.verdict import CONTROLS, PASS, QUESTIONS, trust
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.settings import Hiding
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, d_logit
from ganatomy.rng import generator

SEEDS = (0, 1, 2)
DEVELOPMENT = (("digits", 1), ("digits", 2), *((name, 0) for name in DATA))
NUM_PLANTED = 4
METHODS = Methods(("gradcam", "hirescam"), hiding=Hiding(baseline="blur"))
_NO_CASCADE = pd.DataFrame(columns=COLUMNS)


def measure() -> dict[str, Any]:
    """Train and judge every run."""
    torch.set_num_threads(1)
    runs = [judge(name, seed, *subjects_and_pool(name, seed)) for name in DATA for seed in SEEDS]
    return {"runs": runs}


def judge(name: str, seed: int, subjects: Subjects, pool: torch.Tensor) -> dict[str, Any]:
    """Judge the methods, the impostors, the truths and the steps from Grad-CAM on."""
    found = judge_discriminator(subjects, pool, METHODS, effort=DEFAULT_EFFORT, seed=seed)
    verdicts = verdicts_on(found.examination.measures, found.refusals)
    images = torch.cat([subjects.real, subjects.fake])
    target, layers = d_logit(subjects.discriminator), list(subjects.d_layers.convolutions)
    cells = image_cells(METHODS, target, layers, images)
    half = torch.cat([subjects.real[: IMAGES // 2], subjects.fake[: IMAGES // 2]])
    blind, blind_cells = blind_maps(half, cells, seed)
    others = of_another_image(found.maps, len(subjects.real))
    return {
        "data": name,
        "seed": seed,
        "development": (name, seed) in DEVELOPMENT,
        "methods": _methods(verdicts, found.examination.measures),
        "blind": _rows(_faithful(target, half, blind, blind_cells, pool, seed)),
        "others": _rows(_faithful(target, images, others, cells, pool, seed)),
        "truths": _truths(images, pool, seed),
        "steps": _steps(target, layers, half, pool, cells, seed) if seed == 0 else [],
    }


def _methods(verdicts: pd.DataFrame, measures: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ["method", *QUESTIONS, "trusted", "why", "refused"]
    rows = verdicts[columns].to_dict("records")
    return [{**row, "measures": _intervals(measures, row["method"])} for row in rows]


def _intervals(measures: pd.DataFrame, method: str) -> dict[str, list[float]]:
    own = measures[measures["method"] == method]
    return {
        "_vs_".join(filter(None, (row["measure"], row["against"]))): [
            round(float(row[name]), 4) for name in ("value", "low", "high")
        ]
        for row in own.to_dict("records")
    }


def _faithful(
    target: Target,
    images: torch.Tensor,
    maps: Maps,
    cells: Cells,
    pool: torch.Tensor,
    seed: int,
) -> pd.DataFrame:
    """Measure removal alone, against the controls that are judged."""
    of = controls(images, maps, seed)
    together, names, in_cells = with_controls(maps, of, cells)
    fill = baselines("blur", images)[:, 0]
    curves = deletion_insertion(target, images, together, fill=fill, cells=in_cells, seed=seed)
    removal = {"insertion_deletion": {name: each.faithfulness for name, each in curves.items()}}
    for imputer in IMPUTERS:
        removal[f"road_{imputer}"] = road(
            target, images, together, imputer=imputer, pool=pool, cells=in_cells, seed=seed
        )
    return measures_table(removal, names, _NO_CASCADE, stability={})


def _rows(measures: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "map": row["method"],
            "faithful": row["faithful"] == PASS,
            "why": row["why"],
            "clear": _clear(_intervals(measures, row["method"])),
        }
        for row in trust(measures).to_dict("records")
    ]


def _clear(intervals: dict[str, list[float]]) -> dict[str, list[int]]:
    """Count the removal measures in which a map is clearly above, and below, each control."""
    found: dict[str, list[int]] = {}
    for control in CONTROLS:
        own = [each for name, each in intervals.items() if name.endswith(f"_vs_{control}")]
        found[control] = [sum(low > 0 for _, low, _ in own), sum(high < 0 for *_, high in own)]
    return found


def _truths(images: torch.Tensor, pool: torch.Tensor, seed: int) -> list[dict[str, Any]]:
    """Give the truth of planted discriminators as a map; every second one has two regions.

    What a pixel adds to the logit is told against black, and against the image's blur, which hides.
    """
    fill = baselines("blur", images)[:, 0]
    draw = generator(seed, "trust", "planted")
    rows = []
    for number in range(NUM_PLANTED):
        network = Planted.on(images, 1 + number % 2, draw).eval()
        truth = network.truth(images)
        maps = {f"truth {number}": truth - network.truth(fill), f"against black {number}": truth}
        rows += _rows(_faithful(d_logit(network), images, maps, {}, pool, seed))
    return rows


def _steps(
    target: Target,
    layers: list[str],
    images: torch.Tensor,
    pool: torch.Tensor,
    cells: Cells,
    seed: int,
) -> list[dict[str, Any]]:
    """Judge what lies between Grad-CAM and a sum of changes, by pixels and by the layer's cells."""
    fill = baselines("blur", images)[:, 0]
    maps: Maps = {}
    in_cells: Cells = {}
    for (name, layer), each in layer_maps(target, layers, images, fill).items():
        maps[f"{name}|{layer}|pixels"] = maps[f"{name}|{layer}|cells"] = each
        in_cells[f"{name}|{layer}|cells"] = cells[f"hirescam {layer}"]
    return _rows(_faithful(target, images, maps, in_cells, pool, seed))
