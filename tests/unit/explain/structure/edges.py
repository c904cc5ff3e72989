"""Edges between layers, from what was followed and from autograd's graph."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph
from ganatomy.explain.structure.tracing import is_leaf

Edges = set[tuple[str, str]]


def edges_of_layers(graph: NetworkGraph) -> Edges:
    """Edges between layers: ways that lead through operations alone."""
    ends = {INPUT, OUTPUT}

    def back(name: str) -> Iterator[str]:
        for source in graph.before(name):
            if graph[source].module or source in ends:
                yield source
            else:
                yield from back(source)

    wanted = [part.name for part in graph.parts if part.module or part.name in ends]
    return {(source, name) for name in wanted for source in back(name)}


def edges_by_autograd(network: nn.Module, inputs: torch.Tensor) -> Edges:
    """Walk from each layer's gradient function back to those of others; a layer gives a copy."""
    made: dict[Any, str] = {}
    order: list[tuple[str, Any, set[Any]]] = []
    names = {id(each): name for name, each in network.named_modules()}
    calls: dict[str, int] = {}

    def hook(module: nn.Module, given: Any, output: torch.Tensor) -> torch.Tensor:
        copied = output.clone()
        name = names[id(module)]
        calls[name] = calls.get(name, 0) + 1
        name = name if calls[name] == 1 else f"{name} ({calls[name]})"
        own = {copied.grad_fn}
        if output.grad_fn not in made:  # what was overwritten in place goes on beside the copy
            own.add(output.grad_fn)
        made.update(dict.fromkeys(own, name))
        order.append((name, copied.grad_fn, own))  # before it is overwritten in place
        return copied

    layers = [each for each in network.modules() if is_leaf(each)]
    layers = [each for each in layers if "parametrizations" not in names[id(each)]]
    handles = [each.register_forward_hook(hook) for each in layers]
    start = inputs.clone().requires_grad_().clone()
    made[start.grad_fn] = INPUT
    network.eval()
    results = network(start)
    for handle in handles:
        handle.remove()

    def back(function: Any, seen: set[Any], own: set[Any]) -> Iterator[str]:
        if function is None or function in seen:
            return
        seen.add(function)
        if function in made and function not in own:
            yield made[function]
            return
        for source, _ in function.next_functions:
            yield from back(source, seen, own)

    found: Edges = set()
    for name, function, own in order:
        found |= {(source, name) for source in back(function, set(), own)}
    for result in results if isinstance(results, tuple) else (results,):
        found |= {(source, OUTPUT) for source in back(result.grad_fn, set(), set())}
    return _leading_to_the_output(found)


def _leading_to_the_output(edges: Edges) -> Edges:
    """Leave out what is computed and not asked for, such as another head."""
    leading, before = {OUTPUT}, set[str]()
    while leading != before:
        before = leading
        leading = before | {source for source, target in edges if target in before}
    return {edge for edge in edges if edge[1] in leading}
