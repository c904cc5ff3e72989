"""How well each layer works: which units sleep, which are copies, how much of a layer is used."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import captured, undisturbed
from ganatomy.explain.structure.graph import NetworkGraph
from ganatomy.explain.structure.modules import returning_tensors

DEAD_BELOW = 1e-3
"""Of the median unit's spread over places and images: a unit that varies less is dead."""
SAME_FROM = 0.99
"""Correlation, of either sign, from which on two units of a layer say the same."""
FEWEST_VALUES = 64
"""Of a unit, one for each place and image: with fewer two units may seem to say the same."""
_BATCH, _LEAST_BATCH = 16, 4  # the least that layers which compare images are given
_ENTRIES = 2**26  # of all layers, that are held at a time
_FEW = 4

COLUMNS = (
    "name",
    "num_units",
    "num_dead",
    "num_duplicates",
    "rank",
    "possible",
    "sparsity",
    "cam",
    "gradient",
    "gain",
    "norm_ratio",
    "moved",
)


@dataclass
class _Sums:
    """Sums over batches, of one layer of `units` channels."""

    units: int
    count: int = 0
    images: int = 0
    zeros: float = 0.0
    cam: float = 0.0
    gradient: float = 0.0

    def __post_init__(self) -> None:
        self.first = torch.zeros(self.units, dtype=torch.float64)
        self.second = torch.zeros(self.units, self.units, dtype=torch.float64)

    def add(self, outputs: torch.Tensor, gradient: torch.Tensor | None) -> None:
        by_unit = outputs.detach().flatten(2) if outputs.ndim > 2 else outputs.detach()[..., None]
        self.images += len(outputs)
        for group in by_unit.split(_group(by_unit[0].numel())):
            flat = group.transpose(0, 1).flatten(1).double().cpu()
            self.count += flat.shape[1]
            self.zeros += float((flat == 0).sum())
            self.first += flat.sum(1)
            self.second += flat @ flat.T
        if gradient is not None:
            cam = (gradient * outputs.detach()).sum(1).abs()
            self.cam += float(cam.reshape(len(cam), -1).mean(1).sum())
            self.gradient += float(gradient.flatten(1).norm(dim=1).sum())

    def row(self, layer: nn.Module, initial: nn.Module | None) -> dict[str, float]:
        mean = self.first / self.count
        covariance = self.second / self.count - torch.outer(mean, mean)
        spread = covariance.diagonal().clamp(min=0).sqrt()
        dead = spread <= DEAD_BELOW * spread.median()
        alive = ~dead
        scaled = covariance / spread.clamp(min=1e-300).outer(spread.clamp(min=1e-300))
        same = (scaled[alive][:, alive].abs() >= SAME_FROM).triu(1)
        given = layer.in_features if isinstance(layer, nn.Linear) else self.units
        total = float(covariance.trace())
        rank = total**2 / float(covariance.square().sum()) if total > 0 else 0.0
        return {
            "num_units": self.units,
            "num_dead": int(dead.sum()),
            "num_duplicates": int(same.any(0).sum()) if self.count >= FEWEST_VALUES else math.nan,
            "rank": rank,
            "possible": min(self.units, given, self.count - 1),
            "sparsity": self.zeros / (self.count * self.units),
            "cam": self.cam / self.images,
            "gradient": self.gradient / self.images,
            "gain": _gain(layer),
            **_against(layer, initial),
        }


def vitals(
    network: nn.Module,
    graph: NetworkGraph,
    inputs: torch.Tensor,
    score: Callable[[torch.Tensor], torch.Tensor] | None = None,
    *,
    initial: nn.Module | None = None,
) -> pd.DataFrame:
    """Measure every layer that returns units: channels of maps, or entries of vectors.

    Parameters
    ----------
    network : nn.Module
        Given back as it was.
    graph : NetworkGraph
        Of `trace`.
    inputs : Tensor of shape (n, ...)
        Images or latents, 32 and more.
    score : callable, optional
        What the network returned, to one number for each input: what gradients are of.
    initial : nn.Module, optional
        The same network as it was before its training.

    Returns
    -------
    DataFrame
        One row for each layer, with `COLUMNS`. ``num_dead``: units whose spread over places and
        images is below `DEAD_BELOW` of the median unit's. ``num_duplicates``: units that say what
        an earlier one says, see `SAME_FROM`; NaN of fewer values than `FEWEST_VALUES`. ``rank``:
        the dimensions that the units use together, (sum of eigenvalues of their covariance) squared
        over the sum of their squares, from 1; ``possible``: the most that there can be, of so many
        units, values, and entries that a linear layer is given. ``sparsity``: share of values that
        are exactly 0. ``cam``: mean size of activation times gradient, summed over units.
        ``gradient``: mean length of the gradient.
        Both are of `score` and 0 without. ``gain``: root of fan-in times the root mean square of
        the weights, which keeps the spread of what flows through at 1; NaN without weights.
        ``norm_ratio``: norm of the weights over that of the `initial` ones; ``moved``: norm of
        their difference over that of the `initial` ones; NaN where these are not known.
    """
    device = device_of(network)
    returning = returning_tensors(network, inputs[:_FEW].to(device))
    names = [part.module for part in graph.parts if part.module in returning]
    names = [name for name in dict.fromkeys(names) if _has_units(graph, name)]
    sums: dict[str, _Sums] = {}
    with undisturbed(network), torch.enable_grad(), captured(network, names) as outputs:
        for batch in inputs.split(max(_LEAST_BATCH, _group(graph.entries))):
            outputs.clear()
            made = network(batch.detach().to(device).requires_grad_())
            kept = {name: each for name, each in outputs.items() if len(each) == len(batch)}
            of = {name: each for name, each in kept.items() if each.requires_grad}
            gradients: dict[str, torch.Tensor | None] = {}
            if score is not None and of:
                found = torch.autograd.grad(score(made).sum(), list(of.values()), allow_unused=True)
                gradients = dict(zip(of, found))
            for name, each in kept.items():
                own = sums.setdefault(name, _Sums(each.shape[1]))
                own.add(each, gradients.get(name))
    layers = {name: network.get_submodule(name) for name in names if name in sums}
    first = dict(initial.named_modules()) if initial is not None else {}
    rows = [
        {"name": name, **sums[name].row(layer, first.get(name))} for name, layer in layers.items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _group(entries: int) -> int:
    """Say what number of inputs with so many entries is held at a time."""
    return max(1, min(_BATCH, _ENTRIES // max(entries, 1)))


def _has_units(graph: NetworkGraph, name: str) -> bool:
    return name in graph.place and len(graph[name].shape) in (1, 2, 3) and graph[name].shape[0] > 1


def _weight_of(layer: nn.Module | None) -> torch.Tensor | None:
    weight = getattr(layer, "weight", None)
    if not isinstance(weight, torch.Tensor) or weight.ndim < 2:
        return None
    return weight.detach().double().cpu()


def _against(layer: nn.Module, initial: nn.Module | None) -> dict[str, float]:
    weight, first = _weight_of(layer), _weight_of(initial)
    if weight is None or first is None or weight.shape != first.shape or not first.any():
        return {"norm_ratio": math.nan, "moved": math.nan}
    size = first.norm()
    return {
        "norm_ratio": float(weight.norm() / size),
        "moved": float((weight - first).norm() / size),
    }


def _gain(layer: nn.Module) -> float:
    weight = _weight_of(layer)
    if weight is None:
        return math.nan
    if isinstance(layer, nn.modules.conv._ConvTransposeNd):
        # of the kernel a place of the image gets what its stride leaves
        fan_in = weight.numel() / weight.shape[1] / math.prod(layer.stride)
    else:
        fan_in = weight.numel() / weight.shape[0]
    return float((weight.square().mean() * fan_in).sqrt())
