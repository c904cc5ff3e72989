"""A network's graph, as it is seen to run: every operation on tensors, and whose layer it was in.

Nothing of the network's code is read, so that loops, branches and layers of one's own make no
difference; what is drawn is what one pass did. An operation belongs to the layer in whose call it
ran. Between layers only what joins or shapes is a part of its own; a view, or arithmetic with one
input of its kind, is not.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as global_hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from ganatomy.errors import InputError
from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part, sorted_edges
from ganatomy.explain.structure.untouched import untouched

_SHOWN = {  # operations outside of layers that are parts, by how they are called
    "convolution": "convolution",
    "addmm": "linear",
    "mm": "matrix product",
    "bmm": "matrix product",
    "baddbmm": "matrix product",
    "native_batch_norm": "batch norm",
    "cudnn_batch_norm": "batch norm",
    "native_group_norm": "group norm",
    "native_layer_norm": "layer norm",
    "relu": "relu",
    "relu_": "relu",
    "leaky_relu": "leaky relu",
    "leaky_relu_": "leaky relu",
    "elu": "elu",
    "gelu": "gelu",
    "silu": "silu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
    "_softmax": "softmax",
    "avg_pool2d": "average pool",
    "max_pool2d_with_indices": "max pool",
    "_adaptive_avg_pool2d": "average pool",
    "mean": "mean",
    "sum": "sum",
    "var": "variance",
    "std": "standard deviation",
    "upsample_nearest2d": "upsample",
    "upsample_bilinear2d": "upsample",
    "pixel_shuffle": "pixel shuffle",
    "cat": "cat",
    "embedding": "embedding",
}
_JOINED = {"add": "add", "add_": "add", "mul": "multiply", "mul_": "multiply", "sub": "subtract"}


@dataclass
class _Call:
    """One call of a layer, or one operation outside of any; `first` is of the first image."""

    name: str
    kind: str
    module: nn.Module | None
    path: str
    inputs: list[int] = field(default_factory=list)
    owned: set[int] = field(default_factory=set)
    shape: tuple[int, ...] = ()
    flops: int = 0
    first: torch.Tensor | None = None

    def takes(self, calls: Iterator[int]) -> None:
        self.inputs += [each for each in calls if each not in self.inputs]


class _Recorder(TorchDispatchMode):
    """Follows what depends on the input through all operations."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.paths = {id(each): name for name, each in network.named_modules()}
        self.weights = {id(each) for each in network.parameters()}
        self.calls: list[_Call] = []
        self.stack: list[tuple[str, nn.Module, int | None]] = []
        self.source: dict[int, int] = {}  # of each tensor the call that it comes from
        self.drawn: dict[int, frozenset[int]] = {}  # the parameters that a tensor is made of
        self.alive: list[torch.Tensor] = []  # so that no id is given twice
        self.by_storage: dict[int, list[torch.Tensor]] = {}

    def begin(self, name: str, kind: str, module: nn.Module | None = None, path: str = "") -> int:
        self.calls.append(_Call(name, kind, module, path))
        return len(self.calls) - 1

    def put(self, tensor: torch.Tensor, call: int) -> None:
        self._keep(tensor)
        self.source[id(tensor)] = call

    def _keep(self, tensor: torch.Tensor) -> None:
        self.alive.append(tensor)
        self.by_storage.setdefault(tensor.untyped_storage()._cdata, []).append(tensor)

    # layers

    def enter(self, module: nn.Module, inputs: Any) -> None:
        if id(module) in self.paths:
            inside = next((call for _, _, call in reversed(self.stack) if call is not None), None)
            call = inside
            if inside is None and is_leaf(module):
                path = self.paths[id(module)]
                call = self.begin(path, type(module).__name__, module, path)
            self.stack.append((self.paths[id(module)], module, call))

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if id(module) not in self.paths:
            return
        path, _, call = self.stack.pop()
        if call is None or self.calls[call].path != path:
            return
        found = [each for each in tree_leaves(output) if isinstance(each, torch.Tensor)]
        for tensor in found:
            known = self.source.get(id(tensor))
            if known is not None and known != call:  # it gave on what it was given
                self.calls[call].takes(iter([known]))
            if known is not None:
                self.put(tensor, call)
                self._shape(call, tensor)

    # operations

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        made = [each for each in tree_leaves(out) if isinstance(each, torch.Tensor)]
        self._weights_of(given, made)
        self._record(func, args, kwargs or {}, out, given, made)
        return out

    def _weights_of(self, given: list[torch.Tensor], made: list[torch.Tensor]) -> None:
        drawn = frozenset().union(*(self._drawn(each) for each in given))
        for tensor in made if drawn else []:
            self._keep(tensor)
            self.drawn[id(tensor)] = drawn

    def _drawn(self, tensor: torch.Tensor) -> frozenset[int]:
        if id(tensor) in self.weights:
            return frozenset([id(tensor)])
        return frozenset() if id(tensor) in self.source else self.drawn.get(id(tensor), frozenset())

    def _record(
        self,
        func: Any,
        args: Any,
        kwargs: Any,
        out: Any,
        given: list[torch.Tensor],
        made: list[torch.Tensor],
    ) -> None:
        sources = [self.source[id(each)] for each in given if id(each) in self.source]
        if not sources or not made:
            return
        name = func.overloadpacket.__name__
        inside = self.stack[-1][2] if self.stack else None
        weights = frozenset().union(*(self._drawn(each) for each in given))
        call = self._part(name, sources, bool(weights)) if inside is None else inside
        if call is None:
            call = sources[0]
        else:
            own = self.calls[call]
            own.takes(each for each in sources if each != call)
            own.owned |= weights
            count = flop_registry.get(func.overloadpacket)
            own.flops += 0 if count is None else int(count(*args, **kwargs, out_val=out))
            self._shape(call, made[0])
        for tensor in made:
            self.put(tensor, call)
        if name.endswith("_"):
            for tensor in given[:1]:
                for other in list(self.by_storage.get(tensor.untyped_storage()._cdata, [])):
                    self.source[id(other)] = call

    def _part(self, name: str, sources: list[int], has_weights: bool) -> int | None:
        """The call of an operation outside of layers; None where it is no part of its own."""
        kind = _SHOWN.get(name)
        if kind is None and (has_weights or len(set(sources)) > 1):
            kind = _JOINED.get(name, name.strip("_").replace("_", " "))
        if kind is None:
            return None
        path = self.stack[-1][0] if self.stack else ""
        return self.begin(f"{path}.{kind}" if path else kind, kind)

    def _shape(self, call: int, tensor: torch.Tensor) -> None:
        self.calls[call].shape = tuple(tensor.shape[1:])
        self.calls[call].first = tensor[:1].clone() if tensor.ndim else tensor.clone()


def is_leaf(module: nn.Module) -> bool:
    """Say whether a module is a layer: drawn as one part, whatever it does inside.

    One without modules of its own is, and one of torch's own that calls what it has as functions
    (attention) or has only what makes its weights (a spectral norm).
    """
    children = [name for name, _ in module.named_children()]
    if isinstance(module, nn.MultiheadAttention) or children == ["parametrizations"]:
        return True
    return not children and not isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict))


@contextmanager
def _observed(recorder: _Recorder) -> Iterator[None]:
    handles = [
        global_hooks.register_module_forward_pre_hook(recorder.enter),
        global_hooks.register_module_forward_hook(recorder.leave),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def trace(network: nn.Module, inputs: torch.Tensor) -> NetworkGraph:
    """Run a network once, in eval mode, and return the graph of what it did.

    Parameters
    ----------
    network : nn.Module
        Given back as it was.
    inputs : Tensor of shape (n, ...)
        Images, or latents; on the network's device.

    Raises
    ------
    InputError
        A network that returns no tensor, or one that does not depend on its input.

    Examples
    --------
    >>> graph = trace(nn.Sequential(nn.Flatten(), nn.Linear(4, 1)), torch.zeros(1, 1, 2, 2))
    >>> [(part.name, part.kind, part.shape) for part in graph.parts[1:3]]
    [('0', 'Flatten', (4,)), ('1', 'Linear', (1,))]
    """
    with untouched(network):
        recorder = _run(network, inputs)
    return _graph(network, recorder, len(inputs))


@torch.no_grad()
def firsts(network: nn.Module, inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what each part gives for the first image, in the mode in which the network is.

    Parameters
    ----------
    network : nn.Module
        Whatever it changes of itself in train mode stays changed: see `hooks.kept`.
    inputs : Tensor of shape (n, ...)

    Returns
    -------
    dict of str to Tensor of shape (1, ...)
        By the names of `trace`; without parts that keep no batch.
    """
    recorder = _run(network, inputs)
    names = _names(recorder.calls)
    found = {names[place]: recorder.calls[place].first for place in names}
    return {name: first for name, first in found.items() if first is not None}


def _run(network: nn.Module, inputs: torch.Tensor) -> _Recorder:
    recorder = _Recorder(network)
    inputs = inputs.detach().clone()
    start = recorder.begin(INPUT, INPUT)
    recorder.put(inputs, start)
    recorder.calls[start].shape = tuple(inputs.shape[1:])
    with _observed(recorder), recorder:
        made = network(inputs)
    ends = [each for each in tree_leaves(made) if isinstance(each, torch.Tensor)]
    sources = [recorder.source[id(each)] for each in ends if id(each) in recorder.source]
    if not sources:
        raise InputError(
            "what it returns does not depend on what it is given",
            type(network).__name__,
            "Give a network that returns a tensor made of its input.",
        )
    end = recorder.begin(OUTPUT, OUTPUT)
    recorder.calls[end].takes(iter(sources))
    recorder.calls[end].shape = tuple(ends[0].shape[1:])
    recorder.calls[end].first = ends[0][:1].clone()
    return recorder


def _graph(network: nn.Module, recorder: _Recorder, num_images: int) -> NetworkGraph:
    names = _names(recorder.calls)
    sizes = {id(each): each.numel() for each in network.parameters()}
    parts, taken = [], set[int]()
    for place, name in names.items():
        call = recorder.calls[place]
        own = {id(each) for each in call.module.parameters()} if call.module else set[int]()
        weights = (own | call.owned) - taken
        taken |= weights
        parts.append(
            Part(
                name,
                call.kind,
                call.path,
                call.shape,
                sum(sizes[each] for each in weights),
                round(call.flops / 2 / num_images),
                call.module.extra_repr() if call.module else "",
            )
        )
    order = {part.name: index for index, part in enumerate(parts)}
    edges = [
        (names[source], name)
        for place, name in names.items()
        for source in recorder.calls[place].inputs
    ]
    return NetworkGraph(tuple(parts), sorted_edges(edges, order), sum(sizes.values()))


def _names(calls: list[_Call]) -> dict[int, str]:
    """Name the calls that lead from the input to the output, in the order in which they ran."""
    found, waiting = set[int](), [len(calls) - 1]
    while waiting:
        place = waiting.pop()
        if place not in found:
            found.add(place)
            waiting += calls[place].inputs
    seen: Counter[str] = Counter()
    names = {}
    for place in sorted(found):
        name = calls[place].name
        seen[name] += 1
        names[place] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names
