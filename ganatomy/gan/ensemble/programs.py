"""A function of tensors as a flat list of operations, recorded once and run at every step.

What vmap, autograd and modules cost in Python is paid while recording. The lists compute what the
function would: they are the same operations in the same order.
"""

from collections.abc import Callable
from operator import getitem
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_flatten, tree_unflatten

Program = Callable[..., Any]


class Flat:
    """A recorded function, called with what it was recorded with in structure and shapes.

    Parameters
    ----------
    function : callable
        Of tensors in any nesting of tuples, lists and dicts; gives a tuple of the like.
    examples : tuple
        Its arguments while recording; the function is run once on them.
    """

    def __init__(self, function: Program, *examples: Any) -> None:
        flat, self._structure = tree_flatten(examples)
        outputs: list[Any] = []

        def of_flat(*tensors: Any) -> list[Any]:
            returned = function(*tree_unflatten(tensors, self._structure))
            result, structure = tree_flatten(returned)
            outputs[:] = [structure, len(tree_flatten(returned[0])[0])]
            return result

        self.module: GraphModule = make_fx(of_flat)(*flat)
        self._outputs, self.num_outputs_of_first = outputs
        self.layouts = [_layout(each) for each in flat]

    def __call__(self, *arguments: Any) -> Any:
        given = _laid_out(tree_flatten(arguments)[0], self.layouts)
        return tree_unflatten(self.module(*given), self._outputs)

    @property
    def num_bytes(self) -> int:
        """Most bytes that are held at once on the way, without the arguments."""
        nodes = list(self.module.graph.nodes)
        owner: dict[Node, Node] = {}  # a view holds what it looks at
        last_use: dict[Node, int] = {}
        for place, node in enumerate(nodes):
            base = node.all_input_nodes[0] if _is_view(node) and node.all_input_nodes else node
            owner[node] = owner.get(base, base)
            for used in (node, *node.all_input_nodes):
                last_use[owner[used]] = place
        held = most = 0
        ends: dict[int, int] = {}
        for place, node in enumerate(nodes):
            if node.op == "call_function" and owner[node] is node:
                size = _num_bytes(node.meta.get("val"))
                held += size
                ends[last_use[node]] = ends.get(last_use[node], 0) + size
            most = max(most, held)
            held -= ends.pop(place, 0)
        return most


def split_at_last(program: Flat) -> tuple[Program, Program]:
    """Cut a program into what need not wait for its last argument, and the rest.

    Parameters
    ----------
    program : Flat
        Its last argument is one tensor, its result a pair (first, second) of which `first` does not
        depend on that tensor.

    Returns
    -------
    (before, after)
        ``before(*other arguments)`` gives (the tensors of first, kept); ``after(kept, tensor)``
        gives the tensors of second. Both are flat lists.
    """
    nodes = list(program.module.graph.nodes)
    outputs: list[Node] = list(nodes[-1].args[0])
    late = {[node for node in nodes if node.op == "placeholder"][-1]}
    for node in nodes[:-1]:
        if not late.isdisjoint(node.all_input_nodes):
            late.add(node)
    early = [node for node in nodes[:-1] if node not in late]
    num_first = program.num_outputs_of_first
    kept = [
        node
        for node in early
        if node in outputs[num_first:] or any(user in late for user in node.users)
    ]
    before = _part(program, early, [], [*outputs[:num_first], *kept])
    after = _part(program, [node for node in nodes[:-1] if node in late], kept, outputs[num_first:])

    def run_before(*arguments: Any) -> tuple[list[Any], list[Any]]:
        values = before(*_laid_out(tree_flatten(arguments)[0], program.layouts))
        return values[:num_first], values[num_first:]

    def run_after(held: list[Any], tensor: torch.Tensor) -> Any:
        return after(*held, *_laid_out([tensor], program.layouts[-1:]))

    return run_before, run_after


def _is_view(node: Node) -> bool:
    return node.target is getitem or bool(getattr(node.target, "is_view", False))


def _num_bytes(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    return sum(map(_num_bytes, value)) if isinstance(value, (list, tuple)) else 0


def _layout(value: Any) -> tuple[int, ...] | None:
    return value.stride() if isinstance(value, torch.Tensor) else None


def _laid_out(values: list[Any], layouts: list[tuple[int, ...] | None]) -> list[Any]:
    """Each as it lay in memory while recording: recorded views are true for that layout alone."""
    return [
        value
        if layout is None or value.stride() == layout
        else torch.empty_strided(value.shape, layout, dtype=value.dtype, device=value.device).copy_(
            value
        )
        for value, layout in zip(values, layouts)
    ]


def _part(program: Flat, nodes: list[Node], given: list[Node], outputs: list[Node]) -> GraphModule:
    """Some nodes of a program as a module of its own; `given` become its arguments."""
    graph = Graph()
    copies = {node: graph.placeholder(node.name) for node in given}
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output([copies[node] for node in outputs])
    return GraphModule(program.module, graph)
