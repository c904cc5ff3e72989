"""An adopted GAN on disk: its weights, what is needed to build it again, and its author's code."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganatomy.absent import Absent, is_there
from ganatomy.errors import InputError
from ganatomy.files import write_bytes, write_json
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.port import Network, Port
from ganatomy.gan.adopt.reading import without_weights
from ganatomy.gan.described import architecture_of_port, read_adopted
from ganatomy.gan.model import Gan
from ganatomy.gan_files import ADOPTED, CODE
from ganatomy.tensors import write_tensors

_PARTS = ("generator", "discriminator")


def save_adopted(
    adopted: Adopted,
    values: Mapping[str, Any],
    folder: str | Path,
    *,
    image_shape: tuple[int, ...],
    origin: Mapping[str, Any] | None = None,
) -> None:
    """Write networks into `folder`, so that `load_gan` gives them back.

    Weights become safetensors, a program is copied. Its author's code is not written: who has it
    lays it beside as ``code``.

    Parameters
    ----------
    adopted : Adopted
    values : mapping
        What `read_port` made its port of.
    folder : str or Path
    image_shape : tuple of int
        Channels, height, width.
    origin : mapping, optional
        Plain values that tell where it comes from: kept as they are.
    """
    folder = Path(folder)
    kept = without_weights(values)
    for name in _PARTS:
        wrapper = getattr(adopted, name)
        if wrapper is None:
            continue
        own = kept[name]
        program = getattr(adopted.port, name).program
        if program is None:
            own["weights"] = f"{name}.safetensors"
            state = wrapper.network.state_dict()
            # tied weights are one tensor under several names, which safetensors refuses
            write_tensors(folder / own["weights"], {k: each.clone() for k, each in state.items()})
        else:
            own["file"] = f"{name}.program"
            write_bytes(folder / own["file"], program.read_bytes())
    about = {"image_shape": list(image_shape), "port": kept, "origin": dict(origin or {})}
    write_json(folder / ADOPTED, about)


def load_adopted(folder: Path, device: torch.device | str = "cpu") -> Gan:
    """Read what `save_adopted` wrote: networks in our terms, in eval mode.

    Raises
    ------
    InputError
        A file is missing or damaged, or its author's classes cannot be imported.
    """
    port, image_shape = read_adopted(folder)
    _check_importable(port, folder)
    return gan_of(adopt(port), image_shape, device)


def gan_of(
    adopted: Adopted, image_shape: tuple[int, int, int], device: torch.device | str = "cpu"
) -> Gan:
    """Give an adopted GAN as one of ours; what was not given is an `Absent`.

    Parameters
    ----------
    adopted : Adopted
    image_shape : tuple of int
        Channels, height, width.
    device : torch.device or str
    """
    parts: dict[str, nn.Module] = {name: getattr(adopted, name) or Absent(name) for name in _PARTS}
    for network in parts.values():
        if is_there(network):
            network.to(device).eval().requires_grad_(False)
    architecture = architecture_of_port(adopted.port, image_shape)
    generator = parts["generator"]
    return Gan(generator, parts["discriminator"], generator, architecture)


def _check_importable(port: Port, folder: Path) -> None:
    """Name the code that lies beside the weights, where its author's module is not found.

    It is not run from there by itself: who loads weights from a stranger runs nothing of theirs
    without a word.
    """
    for name in _PARTS:
        network: Network | None = getattr(port, name)
        top = network.build.partition(":")[0].partition(".")[0] if network else ""
        code = folder / CODE
        if top and importlib.util.find_spec(top) is None and list(code.glob(f"{top}*")):
            raise InputError(
                f"there is no module {top!r}, which builds the {name}",
                str(folder / ADOPTED),
                f"Its code is kept in {code}: if you trust it, set PYTHONPATH={code}.",
            )
