"""The evaluator on disk."""

from pathlib import Path

import torch

from ganatomy.errors import REMAKE, InputError
from ganatomy.files import read_json, write_json
from ganatomy.metrics.evaluator import Evaluator
from ganatomy.tensors import read_tensors, write_tensors


def save(network: Evaluator, folder: Path, class_names: tuple[str, ...]) -> None:
    """Write weights, shape and the names of what it tells apart."""
    first = network.blocks[0]
    write_tensors(folder / "evaluator.safetensors", network.state_dict())
    write_json(
        folder / "evaluator.json",
        {
            "channels": first.in_channels,
            "width": first.out_channels,
            "class_names": list(class_names),
        },
    )


def load(folder: Path, device: torch.device) -> tuple[Evaluator, tuple[str, ...]]:
    """Read what `save` wrote: the frozen network and its class names.

    Raises
    ------
    InputError
        A file is missing or damaged, or weights and shape do not fit.
    """
    about = read_json(folder / "evaluator.json")
    try:
        names = tuple(about["class_names"])
        network = Evaluator(about["channels"], about["width"], len(names))
        network.load_state_dict(read_tensors(folder / "evaluator.safetensors"))
    except (KeyError, TypeError, RuntimeError) as error:
        raise InputError(
            f"weights and evaluator.json do not fit ({str(error).splitlines()[0]})",
            str(folder),
            REMAKE,
        ) from None
    return network.to(device).eval().requires_grad_(False), names
