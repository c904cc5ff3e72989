"""Layers observed or replaced for the length of a `with` block, and networks given back as before.

Networks are explained frozen and in eval mode. Whatever happens in the block, on its end hooks are
gone, and train/eval mode, requires_grad and gradients of every part are those of before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from difflib import SequenceMatcher
from functools import partial
from typing import Any

import torch
from torch import nn

from ganatomy.errors import InputError

Edit = Callable[[torch.Tensor], torch.Tensor]


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Put `model` into eval mode with frozen parameters, and give it back as it was.

    Restored, on an error too: train/eval mode of every module, requires_grad of every parameter and
    which tensor its ``grad`` is. Blocks may be nested.
    """
    modules = [(module, module.training) for module in model.modules()]
    parameters = [
        (parameter, parameter.requires_grad, parameter.grad)
        for module, _ in modules
        for parameter in module._parameters.values()
        if parameter is not None
    ]
    try:
        # looking is cheaper than setting: in small networks setting all costs a tenth of a pass
        if any(training for _, training in modules):
            _to_eval(model)
        for parameter, requires_grad, _ in parameters:
            if requires_grad:
                parameter.requires_grad_(False)
        yield
    finally:
        for module, training in modules:
            if module.training != training:
                module.training = training
        for parameter, requires_grad, gradient in parameters:
            if parameter.requires_grad != requires_grad:
                parameter.requires_grad_(requires_grad)
            if parameter.grad is not gradient:
                parameter.grad = gradient


def _to_eval(model: nn.Module) -> None:
    try:
        model.eval()
    except NotImplementedError:  # of torch.export: it runs in the mode that it was exported in
        for module in model.modules():
            module.training = False


@contextmanager
def kept(*networks: nn.Module) -> Iterator[None]:
    """Give networks back with the very parameters and buffers that they had, and their values.

    What `undisturbed` does not: a network of one's own may write into a buffer in eval mode too, as
    a spectral norm whose power iteration goes on in every pass. It holds a copy of all weights.

    Examples
    --------
    >>> norm = nn.BatchNorm2d(1)
    >>> with kept(norm):
    ...     _ = norm(torch.ones(2, 1, 2, 2))
    >>> norm.running_mean
    tensor([0.])
    """
    before = [
        (held, name, tensor, tensor.detach().clone())
        for network in networks
        for module in network.modules()
        for held in (module._parameters, module._buffers)
        for name, tensor in held.items()
        if tensor is not None
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for held, name, tensor, values in before:
                held[name] = tensor  # type: ignore[assignment]
                if tensor.shape != values.shape or not torch.equal(tensor, values):
                    tensor.data = values


@contextmanager
def replaced(model: nn.Module, edits: Mapping[str, Edit]) -> Iterator[None]:
    """Replace what layers return: the network goes on with ``edit(output)``.

    Parameters
    ----------
    model : nn.Module
        `undisturbed` inside the block.
    edits : mapping of str to callable
        By dotted names as in ``model.named_modules()``, "" being `model` itself. Called at every
        call of the layer, in the order in which the network runs.

    Raises
    ------
    InputError
        A layer that the model does not have; inside the block, a layer that returns something else
        than a tensor.
    """
    with undisturbed(model), hooked(model, edits):
        yield


@contextmanager
def hooked(model: nn.Module, edits: Mapping[str, Edit]) -> Iterator[None]:
    """Replace as `replaced`, for a model that is `undisturbed` already."""
    layers = [_layer(model, name) for name in edits]
    with ExitStack() as stack:
        for layer, (name, edit) in zip(layers, edits.items()):
            hook = partial(_edited, name, edit)
            stack.callback(layer.register_forward_hook(hook).remove)
        yield


@contextmanager
def captured(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Capture what `layers` return.

    A layer's output goes on as a copy, so an in-place activation behind it cannot overwrite what
    was captured. Of a layer that runs more than once its last output stays.

    Parameters
    ----------
    model : nn.Module
        `undisturbed` inside the block.
    layers : sequence of str
        Dotted names, as for `replaced`.

    Yields
    ------
    dict of str to Tensor
        Filled by each forward pass; without the layers that have not run.

    Raises
    ------
    InputError
        As `replaced`.
    """
    outputs: dict[str, torch.Tensor] = {}

    def keep(name: str, output: torch.Tensor) -> torch.Tensor:
        outputs[name] = output
        return output.clone()

    with replaced(model, {name: partial(keep, name) for name in layers}):
        yield outputs


def _edited(
    name: str, edit: Edit, module: nn.Module, inputs: tuple[Any, ...], output: object
) -> torch.Tensor:
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"layer {name!r} returns a {type(output).__name__}, not a tensor",
            type(module).__name__,
            "Name a layer inside it.",
        )
    return edit(output)


def _layer(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        known = dict(model.named_modules(remove_duplicate=False))
    names = [each for each in known if each]  # "" is the model itself
    likeness = {each: SequenceMatcher(None, name, each).ratio() for each in names}
    nearest = sorted(names, key=lambda each: -likeness[each])
    remedy = f"Layers, the nearest first: {', '.join(nearest)}." if names else "It has no layers."
    raise InputError(f"no layer {name!r}", type(model).__name__, remedy)
