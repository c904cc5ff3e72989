"""A network as an ONNX file, that viewers draw and other runtimes run, checked against torch."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.hooks import kept, undisturbed
from ganatomy.extras import extra
from ganatomy.files import write_bytes
from ganatomy.rng import seeded

LARGEST_DIFFERENCE = 1e-3
"""Of the largest output: what differs by more is another network."""
_FEWEST = 3  # one more than the network is followed with


@dataclass(frozen=True)
class Exported:
    """Differences of a written network from torch's, on the same inputs.

    Attributes
    ----------
    largest_difference : float
        Between what onnxruntime and torch make of the inputs.
    largest_output : float
        The largest size that torch gives.
    num_inputs : int
        They were compared on.
    """

    largest_difference: float
    largest_output: float
    num_inputs: int


def export_onnx(network: nn.Module, inputs: torch.Tensor, path: Path) -> Exported:
    """Write a network as an ONNX file whose batch is of any size, if it does what the network does.

    Parameters
    ----------
    network : nn.Module
        In eval mode for the time; given back as it was.
    inputs : Tensor of shape (n, ...), n 3 or more
        It is followed with the first two and compared on all.
    path : Path
        Of the file, which holds the weights too.

    Raises
    ------
    InputError
        onnx, onnxscript or onnxruntime is missing; fewer inputs; a network that cannot be written,
        with torch's reason, or that draws random numbers; a file that does something else than the
        network. No file is written then.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     done = export_onnx(nn.Linear(3, 2), torch.randn(4, 3), Path(folder) / "model.onnx")
    >>> done.largest_difference < 1e-5
    True
    """
    runtime = _runtime()
    if len(inputs) < _FEWEST:
        raise InputError(f"{len(inputs)} inputs", "inputs", f"Give {_FEWEST} or more.")
    with kept(network), undisturbed(network), torch.no_grad():
        made, again = (_made(network, inputs, seed) for seed in (0, 1))
        if not torch.equal(made, again):
            raise _refused(network, "it draws random numbers, so no two passes give the same")
        content = _content(network, inputs[:2])
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    try:
        (found, *_) = session.run(None, {session.get_inputs()[0].name: inputs.cpu().numpy()})
    except Exception as error:
        raise _refused(network, f"onnxruntime does not run it: {_first_line(error)}") from error
    compared = Exported(*_difference(network, torch.from_numpy(found), made), len(inputs))
    if compared.largest_difference > LARGEST_DIFFERENCE * compared.largest_output:
        raise _refused(
            network,
            f"the file gives something else: up to {compared.largest_difference:.2g} off, of "
            f"{compared.largest_output:.2g}",
        )
    write_bytes(path, content)
    return compared


def _made(network: nn.Module, inputs: torch.Tensor, seed: int) -> torch.Tensor:
    with seeded(seed, "onnx"):
        made = network(inputs)
    if not isinstance(made, torch.Tensor):
        raise _refused(network, f"it returns a {type(made).__name__}, not a tensor")
    return made.cpu()


def _content(network: nn.Module, inputs: torch.Tensor) -> bytes:
    try:
        with _quiet(), seeded(0, "onnx"), TemporaryDirectory() as folder:
            program = torch.onnx.export(
                network,
                (inputs,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=["input"],
                output_names=["output"],
                verbose=False,
            )
            path = Path(folder) / "model.onnx"
            assert program is not None  # it is None where torch is given a file
            program.save(path, external_data=False)
            return path.read_bytes()
    except Exception as error:
        raise _refused(network, _first_line(error.__cause__ or error)) from error


def _difference(network: nn.Module, found: torch.Tensor, made: torch.Tensor) -> tuple[float, float]:
    if found.shape != made.shape:
        words = f"{tuple(found.shape)}, not {tuple(made.shape)}"
        raise _refused(network, f"the file gives another shape: {words}")
    return float((found.double() - made.double()).abs().max()), float(made.double().abs().max())


def _refused(network: nn.Module, why: str) -> InputError:
    return InputError(
        f"it cannot be written as ONNX: {why}",
        type(network).__name__,
        "Give a network of operations on tensors alone.",
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__


def _runtime() -> Any:
    with extra("onnx", "an ONNX file"):
        import onnx  # noqa: F401
        import onnxruntime  # type: ignore[import-untyped]
        import onnxscript  # noqa: F401
    return onnxruntime


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what torch prints and warns of on its way."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
