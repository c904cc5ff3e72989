"""Which layers of a network have maps."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.hooks import undisturbed

_FEW = 2
COMPARABLE = 4  # channels of a layer that can be compared with each other
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


@dataclass(frozen=True)
class Layers:
    """The layers of a network that can be explained, in the order of a forward pass.

    Attributes
    ----------
    convolutions : tuple of str
        Convolutions and transposed convolutions that return one feature map for each input, once
        in a pass. Where there are none, every other module that does.
    wide : tuple of str
        Those with channels to compare, of which there are at least `COMPARABLE`.
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


def layers_of(model: nn.Module, inputs: torch.Tensor) -> Layers:
    """Run a network once and see what its modules return.

    Parameters
    ----------
    model : nn.Module
        Comes back as it was. TorchScript runs no hooks, so a module of it has no layers.
    inputs : Tensor of shape (n, ...), on any device
        Only the first two are run.

    Examples
    --------
    >>> network = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Conv2d(6, 1, 3))
    >>> layers = layers_of(network, torch.zeros(1, 1, 8, 8))
    >>> layers.convolutions, layers.last
    (('0', '2'), '0')
    """
    inputs = inputs[:_FEW].to(device_of(model))
    ran: dict[str, list[tuple[int, ...]]] = {}
    is_script = isinstance(model, torch.jit.ScriptModule)
    named = {name: module for name, module in model.named_modules() if name and not is_script}

    def note(name: str, _module: nn.Module, _inputs: object, output: object) -> None:
        shape = tuple(output.shape) if isinstance(output, torch.Tensor) else ()
        ran.setdefault(name, []).append(shape)

    handles = [module.register_forward_hook(partial(note, name)) for name, module in named.items()]
    try:
        with undisturbed(model), torch.no_grad():
            model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    whole = {
        name: shapes[0]
        for name, shapes in ran.items()
        if len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][0] == len(inputs)
    }
    convolutions = {name: whole[name] for name in whole if isinstance(named[name], _CONVOLUTIONS)}
    left_out = {
        name: f"runs {len(ran.get(name, []))} times in a pass"
        if len(ran.get(name, [])) != 1
        else f"returns shape {ran[name][0]}"
        for name, module in named.items()
        if isinstance(module, _CONVOLUTIONS) and name not in convolutions
    }
    convolutions = convolutions or whole
    wide = [name for name, shape in convolutions.items() if _is_wide(shape)]
    holds = [
        name
        for name, shape in whole.items()
        if _is_wide(shape) and (name in convolutions or _convolves(named[name]))
    ]
    return Layers(tuple(convolutions), tuple(wide), holds[-1] if holds else None, left_out)


def _convolves(module: nn.Module) -> bool:
    return any(isinstance(each, _CONVOLUTIONS) for each in module.modules())


def _is_wide(shape: tuple[int, ...]) -> bool:
    return shape[1] >= COMPARABLE and shape[2] * shape[3] > 1
