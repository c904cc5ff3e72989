"""Which layers of a network have maps.

Networks of others have convolutions of their own: modules that hold a kernel and convolve with what
they make of it (scaled by a style for each image, divided by a norm). Those count as
`torch.nn.Conv2d` does.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed

_FEW = 2
COMPARABLE = 4  # channels of a layer that can be compared with each other
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
_Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layers:
    """The layers of a network that can be explained, in the order of a forward pass.

    Attributes
    ----------
    convolutions : tuple of str
        Convolutions and transposed convolutions, those of one's own too, that return one feature
        map for each input, once in a pass. Where there are none, every other module that does.
    wide : tuple of str
        Those with channels to compare, of which there are at least `COMPARABLE`; not those that
        return the image.
    last : str or None
        Where the network is looked at as a whole: the last module with channels to compare, be it
        a convolution or what contains some. Behind a residual block that is the block: its last
        convolution sees but the branch.
    left_out : dict of str to str
        Convolutions that have no maps, and why.
    """

    convolutions: tuple[str, ...]
    wide: tuple[str, ...]
    last: str | None
    left_out: dict[str, str]


NO_LAYERS = Layers((), (), None, {})


@dataclass(frozen=True)
class _Run:
    """One call of a module: shapes of what it was given first and of what it returned."""

    given: _Shape
    returned: _Shape


def layers_of(model: nn.Module, inputs: torch.Tensor) -> Layers:
    """Run a network once and see what its modules return.

    Parameters
    ----------
    model : nn.Module
        Comes back as it was. TorchScript runs no hooks, so a module of it has no layers, nor has a
        program of ``torch.export``.
    inputs : Tensor of shape (n, ...), on any device
        Only the first two are run; a single one twice, or an axis of the batch could not be told.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 1, 3))
    >>> layers = layers_of(network, torch.zeros(1, 1, 8, 8))
    >>> layers.convolutions, layers.last
    (('0', '2'), '0')
    """
    inputs = inputs[:_FEW].to(device_of(model))
    if len(inputs) == 1:
        inputs = torch.cat([inputs, inputs])
    named = {
        name: module
        for name, module in model.named_modules()
        if name and not isinstance(module, torch.jit.ScriptModule)
    }
    ran, result = _runs(model, named, inputs)
    whole = {
        name: runs[0]
        for name, runs in ran.items()
        if len(runs) == 1 and len(runs[0].returned) == 4 and runs[0].returned[0] == len(inputs)
    }
    convolves = {
        name for name in named if _is_convolution(named[name], ran.get(name, []), len(inputs))
    }
    convolutions = {name: whole[name] for name in whole if name in convolves}
    left_out = {
        name: _why_not(ran.get(name, []), len(inputs))
        for name in named
        if name in convolves and name not in convolutions
    }
    convolutions = convolutions or whole
    ends = _ends(whole, result, convolves)
    wide = [name for name, run in whole.items() if _is_wide(run.returned) and name not in ends]
    holds = [name for name in wide if name in convolutions or _holds_any(name, convolves)]
    return Layers(
        tuple(convolutions),
        tuple(name for name in wide if name in convolutions),
        holds[-1] if holds else None,
        left_out,
    )


def _runs(
    model: nn.Module, named: dict[str, nn.Module], inputs: torch.Tensor
) -> tuple[dict[str, list[_Run]], _Shape]:
    """Every call of every module, in the order in which they end, and the result's shape."""
    ran: dict[str, list[_Run]] = {}

    def note(name: str, _module: nn.Module, given: tuple[Any, ...], output: object) -> None:
        ran.setdefault(name, []).append(_Run(_shape(given[0] if given else None), _shape(output)))

    handles = [module.register_forward_hook(partial(note, name)) for name, module in named.items()]
    try:
        with undisturbed(model), torch.no_grad():
            result = model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return ran, _shape(result)


def _shape(value: object) -> _Shape:
    return tuple(value.shape) if isinstance(value, torch.Tensor) else ()


def _is_convolution(module: nn.Module, runs: list[_Run], count: int) -> bool:
    """Say so of torch's own, and of a module with a kernel between its channels in and out."""
    if isinstance(module, _CONVOLUTIONS):
        return True
    kernels = [
        (each.shape[-4], each.shape[-3])
        for each in module._parameters.values()
        if each is not None and each.ndim >= 4
    ]
    return any(
        _leads(kernel, _channels(run.given, count), _channels(run.returned, count))
        for kernel in kernels
        for run in runs[:1]
        if len(run.given) == len(run.returned) == 4
    )


def _channels(shape: _Shape, count: int) -> int:
    """Count those of each input, also where all inputs lie in the channels of one."""
    return shape[1] // count if shape[0] == 1 else shape[1]


def _leads(kernel: tuple[int, int], given: int, returned: int) -> bool:
    """Say whether a kernel fits so many channels in and out; a scale of channels does not."""
    first, second = kernel
    return (first == returned and given % second == 0) or (first == given and second == returned)


def _why_not(runs: list[_Run], count: int) -> str:
    if len(runs) != 1:
        return f"runs {len(runs)} times in a pass"
    if len(runs[0].returned) == 4:
        return f"returns shape {runs[0].returned} for {count} inputs: not one map for each"
    return f"returns shape {runs[0].returned}"


def _ends(whole: dict[str, _Run], result: _Shape, convolutions: set[str]) -> set[str]:
    """Name the last convolution and what is behind it where they return the image: no layer."""
    ends = set()
    for name in reversed(whole):
        if whole[name].returned != result:
            break
        ends.add(name)
        if name in convolutions:
            break
    return ends


def _holds_any(name: str, convolutions: set[str]) -> bool:
    return any(each.startswith(f"{name}.") for each in convolutions)


def _is_wide(shape: _Shape) -> bool:
    return shape[1] >= COMPARABLE and shape[2] * shape[3] > 1
