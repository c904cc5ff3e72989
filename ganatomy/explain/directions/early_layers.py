"""The first layers of a generator: found in a pass, and read without the rest of the pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed

_BATCH = 256
_ROUNDING = 1e-3  # of a float32 product on any device, relative


class _Reached(Exception):
    """The end of a pass of which the rest is not needed."""


def weighted_layers(generator: nn.Module, z: torch.Tensor) -> list[str]:
    """Name the layers with weights that latents go through, in the order of a forward pass.

    Parameters
    ----------
    generator : nn.Module
        TorchScript and ``torch.export`` programs run no hooks, and have none.
    z : Tensor of shape (n, ...), at least 2 that differ in their random part alone

    Returns
    -------
    list of str
        Innermost modules whose output depends on the latents; a constant that training has learned
        is none.
    """
    depends: dict[str, bool] = {}

    def note(name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(output, torch.Tensor) and len(output) == 2:
            depends.setdefault(name, not torch.equal(output[0], output[1]))

    with _hooks_on_weights(generator, note), undisturbed(generator), torch.no_grad():
        generator(z[:2].to(device_of(generator)))
    return [name for name, does in depends.items() if does]


def first_layer(generator: nn.Module, z: torch.Tensor) -> tuple[str, torch.Tensor] | None:
    """Find the first of `weighted_layers` and what it returns, without the rest of the pass.

    Returns
    -------
    (str, Tensor of shape (n, values)) or None
        Its dotted name; the values float32 on the CPU. None as where `weighted_layers` is empty.
    """
    seen: set[str] = set()

    def note(name: str, _module: nn.Module, _inputs: Any, output: Any) -> None:
        if name in seen or not isinstance(output, torch.Tensor) or len(output) != len(z):
            return
        seen.add(name)
        if not torch.equal(output[0], output[1]):
            raise _Reached(name, output.float().cpu().flatten(1))

    with _hooks_on_weights(generator, note), undisturbed(generator), torch.no_grad():
        try:
            generator(z.to(device_of(generator)))
        except _Reached as reached:
            name, found = reached.args
            return name, found
    return None


@contextmanager
def _hooks_on_weights(
    generator: nn.Module, note: Callable[[str, nn.Module, Any, Any], None]
) -> Iterator[None]:
    with ExitStack() as stack:
        for name, each in generator.named_modules():
            if name and _has_weights(each):
                stack.callback(each.register_forward_hook(partial(note, name)).remove)
        yield


def _has_weights(module: nn.Module) -> bool:
    if isinstance(module, torch.jit.ScriptModule | nn.Embedding):
        return False
    inner = [name for name, _ in module.named_children() if name != "parametrizations"]
    weights = [*module.parameters(recurse=False)]
    if hasattr(module, "parametrizations"):
        weights += module.parametrizations.parameters()  # type: ignore[operator, union-attr]
    return not inner and any(each.ndim > 1 for each in weights)


def linear_weights(layer: nn.Module, z: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor | None:
    """Read a layer's linear map of the latents from its parameters, where it proves to be theirs.

    Parameters
    ----------
    layer : nn.Module
    z : Tensor of shape (n, entries), at least 3
    outputs : Tensor of shape (n, values)
        What the layer returns when the network is given `z`.

    Returns
    -------
    Tensor of shape (entries, values), float32 on the CPU, or None
        None of a layer that is given something else than the latents, normalises its weights as it
        runs, or is no linear one.

    Examples
    --------
    >>> layer, z = nn.Linear(3, 5), torch.randn(4, 3)
    >>> torch.equal(linear_weights(layer, z, layer(z).detach()), layer.weight.T)
    True
    >>> linear_weights(layer, z, layer(z.square()).detach()) is None
    True
    """
    weight = getattr(layer, "weight", None)
    if not isinstance(weight, torch.Tensor) or not weight.is_floating_point() or weight.ndim < 2:
        return None
    transposed = isinstance(layer, nn.modules.conv._ConvTransposeNd)
    read = (weight.flatten(1) if transposed else weight.flatten(1).T).detach().float().cpu()
    if read.shape != (z.shape[1], outputs.shape[1]):
        return None
    expected = (z[1:] - z[:1]).float().cpu() @ read
    error = (outputs[1:] - outputs[:1] - expected).norm()
    return read if error <= _ROUNDING * expected.norm() else None


def outputs_of_layer(generator: nn.Module, layer: str, z: torch.Tensor) -> torch.Tensor:
    """Read what a layer returns of each latent, shape (n, values), float32 on the CPU."""
    return torch.cat([*_read(generator, layer, z, of_output=True)])


def inputs_of_layer(generator: nn.Module, layer: str, z: torch.Tensor) -> torch.Tensor:
    """Read what a layer is given of each latent, shape (n, values), float32 on the CPU."""
    return torch.cat([*_read(generator, layer, z, of_output=False)])


@torch.no_grad()
def _read(
    generator: nn.Module, layer: str, z: torch.Tensor, *, of_output: bool
) -> Iterator[torch.Tensor]:
    device = device_of(generator)
    with undisturbed(generator), _stopping_at(generator.get_submodule(layer), of_output) as found:
        for part in z.split(_BATCH):
            try:
                generator(part.to(device))
            except _Reached:
                yield found.pop().float().cpu().flatten(1)


@contextmanager
def _stopping_at(module: nn.Module, of_output: bool) -> Iterator[list[torch.Tensor]]:
    found: list[torch.Tensor] = []

    def stop(value: torch.Tensor) -> None:
        found.append(value.clone())
        raise _Reached

    if of_output:
        handle = module.register_forward_hook(lambda _module, _inputs, output: stop(output))
    else:
        handle = module.register_forward_pre_hook(lambda _module, inputs: stop(inputs[0]))
    try:
        yield found
    finally:
        handle.remove()
