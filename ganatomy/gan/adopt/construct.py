"""From a port to networks: built by the author's own class, or loaded as a program."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.port import Network
from ganatomy.gan.adopt.weights import fit, read_weights
from ganatomy.gan.networks.construct import module_of
from ganatomy.imports import imported
from ganatomy.rng import seeded

_FORBID = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


def construct(network: Network, where: str) -> tuple[nn.Module, tuple[str, ...]]:
    """Build a network with its weights, in eval mode, float32, on the CPU, without gradients.

    Parameters
    ----------
    network : Network
    where : str
        ``generator`` or ``discriminator``, for messages.

    Returns
    -------
    (nn.Module, tuple of str)
        And the names of the file of weights that it has no place for. Without such a file the
        network keeps the weights that its class sets; a program has its own within.

    Raises
    ------
    InputError
        The class cannot be found or built, or weights do not fit.
    """
    if network.program is not None:
        return _program(network.program, where), ()
    with seeded(0, "adopt", where):
        make, remedy = imported(network.build, where), "Give its keyword arguments as `arguments`."
        built = module_of(make, network.build, network.arguments, where, remedy)
        unused: tuple[str, ...] = ()
        if network.weights is not None:
            unused = fit(built, read_weights(network, where), where)
    return built.float().eval().requires_grad_(False), unused


def _program(path: Path, where: str) -> nn.Module:
    """TorchScript or a `torch.export` archive, whichever it is."""
    reasons = []
    for load in (_script, _exported):
        try:
            return load(path)
        except Exception as error:
            reasons.append(next(iter(str(error).splitlines()), type(error).__name__)[:160])
    raise InputError(
        f"{path.name} is neither TorchScript ({reasons[0]}) nor torch.export ({reasons[1]})",
        where,
        "Write it by torch.jit.save or torch.export.save; a state dict goes with `build`.",
    )


def _script(path: Path) -> nn.Module:
    module: nn.Module = torch.jit.load(str(path), map_location="cpu")
    for parameter in module.parameters():  # `requires_grad_` is not there for a script
        parameter.requires_grad_(False)
    return module.float().eval()


def _exported(path: Path) -> nn.Module:
    with _unpickling_forbidden(), path.open("rb") as file:
        module: nn.Module = torch.export.load(file).module()
    # a program has no modes, and says so by an exception
    module.train = lambda mode=True: module  # type: ignore[method-assign]
    return module.requires_grad_(False)


@contextmanager
def _unpickling_forbidden() -> Iterator[None]:
    """`torch.export.load` would unpickle what torch.load refuses."""
    before = os.environ.get(_FORBID)
    os.environ[_FORBID] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FORBID]
        else:
            os.environ[_FORBID] = before
