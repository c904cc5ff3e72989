"""Layers observed for the length of a `with` block, and networks given back as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ganatomy.errors import InputError


@contextmanager
def captured(model: nn.Module, layers: list[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Capture what `layers` return.

    The layer's output goes on as a copy, so an in-place activation behind it cannot overwrite what
    was captured. Hooks are removed, and train/eval mode and requires_grad of every part are
    restored, when the block ends, on an error too.

    Yields
    ------
    dict of str to Tensor
        Filled by each forward pass.

    Raises
    ------
    InputError
        A layer that the model does not have.
    """
    modules = dict(model.named_modules())
    for name in layers:
        if name not in modules:
            raise InputError(
                f"no layer {name!r}", type(model).__name__, f"Layers: {', '.join(modules)}."
            )
    modes = [(module, module.training) for module in model.modules()]
    grads = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    outputs: dict[str, torch.Tensor] = {}
    handles = []

    def keep(name: str, output: torch.Tensor) -> torch.Tensor:
        outputs[name] = output
        return output.clone()

    try:
        for name in layers:
            handles.append(
                modules[name].register_forward_hook(
                    lambda _module, _inputs, output, name=name: keep(name, output)
                )
            )
        model.eval().requires_grad_(False)
        yield outputs
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
        for parameter, requires_grad in grads:
            parameter.requires_grad_(requires_grad)
