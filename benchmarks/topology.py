"""Topology: seconds of ours beside gudhi's and ripser's own calls, and what is planted."""

# ruff: noqa: E501  the lines of `section` are those of the page

import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import topology_clouds, topology_layers
from benchmarks.tables import machine_line, table
from ganatomy.explain.topology.homology import bars_of, distances_of

Result = dict[str, Any]
COUNTS = (500, 1000, 2000)
_DIM, _REPEATS = 20, 3


def measure() -> Result:
    """Everything, on one thread."""
    torch.set_num_threads(1)
    return {
        "speed": measure_speed(),
        "planted": topology_clouds.measure_planted(),
        "without": topology_clouds.measure_without(),
        "published": topology_clouds.measure_published(),
        "maps": topology_layers.measure_maps(),
        "tears": topology_layers.measure_tears(),
    }


def measure_speed(counts: tuple[int, ...] = COUNTS, repeats: int = _REPEATS) -> Result:
    """Distances of normal points, put to each by turns; seconds of the processor, on one thread."""
    rows = []
    for count in counts:
        points = torch.randn(count, _DIM, generator=torch.Generator().manual_seed(0))
        distances = distances_of(points)
        ways: dict[str, Callable[[], Any]] = {
            "ours": partial(bars_of, distances),
            "gudhi": partial(of_gudhi, distances.numpy()),
            "ripser": partial(of_ripser, distances.numpy()),
        }
        for call in ways.values():  # imports, and memory that is not asked for again
            call()
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, call in ways.items():
                begin = time.process_time()
                call()
                seconds[name].append(time.process_time() - begin)
        middle = {f"{name}_s": round(statistics.median(each), 4) for name, each in seconds.items()}
        beside = [ours / gudhi - 1 for ours, gudhi in zip(seconds["ours"], seconds["gudhi"])]
        rows.append({"num_points": count, **middle, "beside": sorted(beside)})
    return {"repeats": repeats, "load": round(os.getloadavg()[0], 1), "rows": rows}


def of_gudhi(distances: NDArray[np.float64]) -> Any:
    """Call gudhi as its documentation does, with the best of its settings for such distances."""
    from gudhi.sklearn.rips_persistence import RipsPersistence

    call = RipsPersistence(
        homology_dimensions=[0, 1],
        input_type="full distance matrix",
        threshold=float(distances.max(1).min()),
        num_collapses=0,
    )
    return call.fit_transform([distances])


def of_ripser(distances: NDArray[np.float64]) -> Any:
    """Call ripser as its documentation does."""
    from ripser import ripser

    return ripser(distances, distance_matrix=True, maxdim=1)


def section(results: list[Result]) -> str:
    """Words and tables of the page."""
    result = results[0]
    speed = result["speed"]
    rows = [
        [
            f"{row['num_points']:,}",
            *(f"{row[f'{name}_s']:.3f}" for name in ("ours", "gudhi", "ripser")),
            f"{statistics.median(row['beside']):+.0%} ({row['beside'][0]:+.0%} to {row['beside'][-1]:+.0%})",
        ]
        for row in speed["rows"]
    ]
    heads = ["points", "ours, s", "gudhi, s", "ripser, s", "ours beside gudhi, in pairs"]
    return f"""\
## Groups and loops

{machine_line(result)}

Normal points in {_DIM} dimensions, their distances known, groups and loops up to the enclosing radius. Seconds of the processor on one thread, which other work on the machine (load {speed["load"]}) moves little; medians of {speed["repeats"]} runs by turns, and ours beside gudhi's run of the same turn.

{table(heads, rows)}

{topology_clouds.section(result)}

{topology_layers.section(result["maps"], result["tears"])}"""
