"""Groups and loops of a cloud: seconds of ours, and of gudhi's and ripser's own calls."""

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

from benchmarks.tables import machine_line, table
from ganatomy.explain.topology.homology import bars_of, distances_of

Result = dict[str, Any]
COUNTS = (500, 1000, 2000)
_DIM, _REPEATS = 20, 3


def measure(counts: tuple[int, ...] = COUNTS, repeats: int = _REPEATS) -> Result:
    """Distances of normal points, put to each by turns, on one thread."""
    torch.set_num_threads(1)
    rows = []
    for count in counts:
        points = torch.randn(count, _DIM, generator=torch.Generator().manual_seed(0))
        distances = distances_of(points)
        ways: dict[str, Callable[[], Any]] = {
            "ours": partial(bars_of, distances),
            "gudhi": partial(of_gudhi, distances.numpy()),
            "ripser": partial(of_ripser, distances.numpy()),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(repeats):
            for name, call in ways.items():
                begin = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - begin)
        middle = {f"{name}_s": round(statistics.median(each), 4) for name, each in seconds.items()}
        rows.append({"num_points": count, **middle})
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
    """Words and table of the page."""
    result = results[0]
    rows = [
        [
            f"{row['num_points']:,}",
            *(f"{row[f'{name}_s']:.3f}" for name in ("ours", "gudhi", "ripser")),
            f"{row['ours_s'] / row['gudhi_s'] - 1:+.0%}",
        ]
        for row in result["rows"]
    ]
    heads = ["points", "ours, s", "gudhi, s", "ripser, s", "ours beside gudhi"]
    return f"""\
## Groups and loops

{machine_line(result)}

Normal points in {_DIM} dimensions, their distances known, groups and loops up to the enclosing radius, on one thread, other work on the machine (load {result["load"]}); medians of {result["repeats"]} runs by turns.

{table(heads, rows)}"""
