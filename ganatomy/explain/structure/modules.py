"""What can be said of a network that cannot be followed: its layers, as they were called."""

from typing import Any

import torch
from torch import nn

from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part
from ganatomy.explain.structure.tracing import is_leaf
from ganatomy.explain.structure.untouched import untouched


@torch.no_grad()
def layers_in_order(network: nn.Module, inputs: torch.Tensor) -> NetworkGraph:
    """Run a network once and return its layers in the order of their first calls, without edges.

    Parameters
    ----------
    network : nn.Module
        Given back as it was.
    inputs : Tensor of shape (n, ...)

    Examples
    --------
    >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    >>> [part.name for part in layers_in_order(network, torch.zeros(1, 1, 2, 2)).parts]
    ['input', '0', '1', 'output']
    """
    shapes: dict[str, tuple[int, ...]] = {}
    handles = []

    def saw(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                shapes.setdefault(name, tuple(output.shape[1:]))

        return hook

    layers = {name: each for name, each in network.named_modules() if name and is_leaf(each)}
    try:
        handles = [each.register_forward_hook(saw(name)) for name, each in layers.items()]
        with untouched(network):
            made = network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    parts = [Part(INPUT, INPUT, "", tuple(inputs.shape[1:]))]
    taken: set[int] = set()
    for name, shape in shapes.items():
        layer = layers[name]
        weights = {id(each): each.numel() for each in layer.parameters()}
        own = sum(size for key, size in weights.items() if key not in taken)
        taken |= weights.keys()
        parts.append(Part(name, type(layer).__name__, name, shape, own, 0, layer.extra_repr()))
    shape = tuple(made.shape[1:]) if isinstance(made, torch.Tensor) else ()
    parts.append(Part(OUTPUT, OUTPUT, "", shape))
    total = sum(each.numel() for each in network.parameters())
    return NetworkGraph(tuple(parts), (), total)


def returning_tensors(network: nn.Module, inputs: torch.Tensor) -> frozenset[str]:
    """Name the layers that return one tensor, as attention and recurrent layers do not.

    Parameters
    ----------
    network : nn.Module
        Given back as it was.
    inputs : Tensor of shape (n, ...)
    """
    return frozenset(part.module for part in layers_in_order(network, inputs).parts if part.module)
