"""The first layers of a generator: found in a pass, and read without the rest of the pass."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed

_BATCH = 256


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

    named = {name: each for name, each in generator.named_modules() if name and _has_weights(each)}
    handles = [each.register_forward_hook(partial(note, name)) for name, each in named.items()]
    try:
        with undisturbed(generator), torch.no_grad():
            generator(z[:2].to(device_of(generator)))
    finally:
        for handle in handles:
            handle.remove()
    return [name for name, does in depends.items() if does]


def _has_weights(module: nn.Module) -> bool:
    if isinstance(module, torch.jit.ScriptModule | nn.Embedding):
        return False
    inner = [name for name, _ in module.named_children() if name != "parametrizations"]
    weights = [*module.parameters(recurse=False)]
    if hasattr(module, "parametrizations"):
        weights += module.parametrizations.parameters()  # type: ignore[operator, union-attr]
    return not inner and any(each.ndim > 1 for each in weights)


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
