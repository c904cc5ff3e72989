"""Directions of a generator: seconds of ours and of plain scripts of the published recipes."""

# ruff: noqa: E501  the lines of `section` are those of the page

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.decomposition import IncrementalPCA
from threadpoolctl import threadpool_limits
from torch import nn

from benchmarks.tables import machine_line, table
from ganatomy.explain.directions.found_again import matched
from ganatomy.explain.directions.methods import ganspace, sefa

Result = dict[str, Any]
DIM, WIDTH = 64, 32
NUM_SHOWN = 5
_COMPONENTS = 64
_REPEATS, _MORE = 7, 20
_COUNTS = (512, 2048)


def measure(counts: tuple[int, ...] = _COUNTS, repeats: int = _REPEATS) -> Result:
    """Both methods on one generator, ours and the plain script by turns, on one thread."""
    torch.set_num_threads(1)
    with threadpool_limits(1):  # numpy's own threads
        rows = [*_rows(dcgan(), counts, repeats)]
    load = os.getloadavg()[0]
    return {"num_threads": 1, "repeats": repeats, "load": round(load, 1), "rows": rows}


def _rows(generator: nn.Module, counts: tuple[int, ...], repeats: int) -> Iterator[Result]:
    for count in counts:
        z = torch.randn(count, DIM, generator=torch.Generator().manual_seed(1))
        ways: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "SeFa": (partial(sefa, generator, z, DIM), partial(plain_sefa, generator)),
            "GANSpace": (
                partial(ganspace, generator, z, DIM),
                partial(plain_ganspace, generator, z),
            ),
        }
        for method, (ours, plain) in ways.items():
            if method == "SeFa" and count != counts[0]:
                continue  # which takes no latents
            # a millisecond is told by many runs
            ours_s, plain_s = _by_turns(ours, plain, repeats * (_MORE if method == "SeFa" else 1))
            cosines = matched(ours().directions[:NUM_SHOWN], plain()[:NUM_SHOWN])
            yield {
                "method": method,
                "num_latents": count,
                "ours_s": round(ours_s, 5),
                "plain_s": round(plain_s, 5),
                "ratio": round(plain_s / ours_s, 2),
                "least_cosine": round(float(cosines.min()), 3),
            }


def dcgan() -> nn.Module:
    """A DCGAN of 28 px, its weights drawn, its first layer's values in a spread of sizes."""
    torch.manual_seed(0)
    first = nn.Linear(DIM, 4 * WIDTH * 49, bias=False)
    scales = torch.linspace(3.0, 0.3, DIM)
    turned = torch.linalg.qr(torch.randn(DIM, DIM)).Q
    first.weight.data = first.weight.data * scales @ turned
    return nn.Sequential(
        first,
        nn.Unflatten(1, (4 * WIDTH, 7, 7)),
        nn.BatchNorm2d(4 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(4 * WIDTH, 2 * WIDTH, 4, 2, 1),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, 1, 4, 2, 1),
        nn.Tanh(),
    ).eval()


def plain_sefa(generator: nn.Module) -> torch.Tensor:
    """As the paper's code does: eigenvectors of A^T A of the first layer's weights, as they lie."""
    weight = generator[0].weight.detach().numpy().T  # type: ignore[index]
    values, vectors = np.linalg.eig(weight.dot(weight.T))
    return torch.from_numpy(vectors.T[np.argsort(-values)].copy()).double()


@torch.no_grad()
def plain_ganspace(generator: nn.Module, z: torch.Tensor, batch: int = 256) -> torch.Tensor:
    """As the paper's code does: activations in batches, IncrementalPCA, latents by regression."""
    caught: list[torch.Tensor] = []
    handle = generator[3].register_forward_hook(  # type: ignore[index]
        lambda _module, _inputs, output: caught.append(output.flatten(1))
    )
    pca = IncrementalPCA(_COMPONENTS)
    try:
        for part in z.split(batch):
            generator(part)
            pca.partial_fit(caught.pop().numpy())
        coordinates = []
        for part in z.split(batch):
            generator(part)
            coordinates.append(pca.transform(caught.pop().numpy()))
    finally:
        handle.remove()
    weights = np.concatenate(coordinates) / np.sqrt(pca.explained_variance_)
    found = np.linalg.lstsq(weights, z.numpy(), rcond=None)[0]
    return torch.from_numpy(found / np.linalg.norm(found, axis=1, keepdims=True)).double()


def _by_turns(
    ours: Callable[[], Any], plain: Callable[[], Any], repeats: int
) -> tuple[float, float]:
    """Median seconds of each, after a warm-up."""
    seconds: tuple[list[float], list[float]] = [], []
    for repeat in range(repeats + 1):
        for place, call in enumerate((ours, plain)):
            begin = time.perf_counter()
            call()
            if repeat:
                seconds[place].append(time.perf_counter() - begin)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def section(results: list[Result]) -> str:
    """Words and table of the page."""
    result = results[0]
    rows = [
        [
            row["method"],
            f"{row['num_latents']:,}" if row["method"] != "SeFa" else "none",
            f"{1000 * row['ours_s']:.1f}",
            f"{1000 * row['plain_s']:.1f}",
            f"{row['ratio']:.2f}",
            f"{row['least_cosine']:.3f}",
        ]
        for row in result["rows"]
    ]
    heads = [
        "method",
        "latents",
        "ours, ms",
        "plain script, ms",
        "times as quick",
        "least cosine",
    ]
    return f"""\
## Directions of G

{machine_line(result)}

A DCGAN of 28 px with {DIM} latents, on one thread, other work on the machine (load {result["load"]}); medians of {result["repeats"]} runs by turns ({_MORE} times as many of SeFa). The plain scripts are the published recipes:
`numpy.linalg.eig` of the first layer's weights for SeFa, for GANSpace scikit-learn's `IncrementalPCA` of the first activations in batches of 256, and latents regressed on its
components. Ours finds the layer by itself, reads SeFa's matrix from its parameters, and tries on
four latents whether they are what the layer does; the plain script has to be told where it lies. Cosine: of the first
{NUM_SHOWN} directions, matched one to one.

{table(heads, rows)}"""
