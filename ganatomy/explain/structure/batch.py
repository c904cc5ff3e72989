"""In which parts of a network the images beside an image begin to matter."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganatomy.explain.networks.hooks import kept
from ganatomy.explain.structure.graph import NetworkGraph
from ganatomy.explain.structure.tracing import firsts
from ganatomy.rng import seeded

MATTERS = 1e-4
"""Of the part's own spread: less is the rounding of sums in another order."""


def where_the_batch_matters(
    network: nn.Module, graph: NetworkGraph, inputs: torch.Tensor, *, training: bool
) -> tuple[str, ...]:
    """Name the parts that look at the whole batch.

    The first image is run beside two sets of companions: a part whose output differs though its
    inputs do not yet is one. Behind it all differ; there, in train mode, layers of BatchNorm are
    named by their class.

    Parameters
    ----------
    network : nn.Module
    graph : NetworkGraph
        Of `trace`.
    inputs : Tensor of shape (n, ...), n odd and 3 or more
    training : bool
        In train mode, else in eval mode.
    """
    half = (len(inputs) - 1) // 2
    batches = [torch.cat([inputs[:1], part]) for part in inputs[1:].split(half)[:2]]
    modes = [(module, module.training) for module in network.modules()]
    runs = []
    try:
        for batch in batches:
            with kept(network), seeded(0):  # the same noise for both
                network.train(training)
                runs.append(firsts(network, batch))
    finally:
        for module, mode in modes:
            module.training = mode
    moved = {name for name in graph.place if _moved(*(each.get(name) for each in runs))}
    by_class = {
        name
        for name, layer in network.named_modules()
        if training and isinstance(layer, _BatchNorm)
    }
    return tuple(
        part.name
        for part in graph.parts
        if (part.name in moved and not moved & set(graph.before(part.name)))
        or part.module in by_class
    )


def _moved(one: torch.Tensor | None, other: torch.Tensor | None) -> bool:
    if one is None or other is None or one.shape != other.shape or not one.numel():
        return False
    spread = max(float(one.std(correction=0)), float(one.abs().max()) / 100, 1e-12)
    return bool((one - other).abs().max() > MATTERS * spread)
