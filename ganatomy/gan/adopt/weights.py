"""Weights of a network that was trained elsewhere: read without unpickling, and fitted by name."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.port import Network
from ganatomy.tensors import read_tensors

CONVERT = (
    "Nothing is unpickled here, as that runs whatever the file says. `ganatomy convert-help` says "
    "how its author's code writes the weights as safetensors."
)
_SHOWN = 3


def read_weights(network: Network, where: str) -> dict[str, torch.Tensor]:
    """Read the state dict that a port names, its prefix taken off.

    Raises
    ------
    InputError
        The file needs unpickling or is damaged, the key is not there, or what is there is no
        state dict: what the file has is listed.
    """
    path = network.weights
    assert path is not None
    if path.suffix == ".safetensors":
        content: Any = read_tensors(path)
        if network.key:
            content = _below(content, ".".join(network.key) + ".", str(path), where)
    else:
        content = _at(_loaded(path, where), network.key, path, where)
    tensors = _tensors(content, path, where)
    return _without_prefix(tensors, network.prefix, path, where)


def _loaded(path: Path, where: str) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        words = str(error)
        if "weights_only" in words or "Unsupported global" in words or "WeightsUnpickler" in words:
            raise InputError(
                f"{path.name} holds more than tensors{_named(words)}: it can only be unpickled",
                where,
                CONVERT,
            ) from None
        first = next(iter(words.splitlines()), "")
        raise InputError(
            f"{path.name} cannot be read ({type(error).__name__}: {first[:200]})",
            where,
            "Give .safetensors, or what torch.save wrote of a state dict.",
        ) from None


def _named(words: str) -> str:
    """The class that the file asks for, where torch says it."""
    _, found, rest = words.partition("GLOBAL ")
    name = rest.split()[0] if found and rest.split() else ""
    return f" ({name})" if name else ""


def _at(content: Any, key: tuple[str, ...], path: Path, where: str) -> Any:
    for place, part in enumerate(key):
        if not isinstance(content, Mapping) or part not in content:
            has = _listed(content) if isinstance(content, Mapping) else type(content).__name__
            raise InputError(
                f"{path.name} has no {'.'.join(key[: place + 1])!r}", where, f"It has: {has}."
            )
        content = content[part]
    return content


def _below(tensors: Mapping[str, Any], prefix: str, path: str, where: str) -> dict[str, Any]:
    found = {name[len(prefix) :]: each for name, each in tensors.items() if name.startswith(prefix)}
    if not found:
        raise InputError(f"no tensor of {path} begins with {prefix!r}", where, _has(tensors))
    return found


def _tensors(content: Any, path: Path, where: str) -> dict[str, torch.Tensor]:
    is_state = isinstance(content, Mapping) and bool(content)
    if is_state and all(isinstance(each, torch.Tensor) for each in content.values()):
        return {str(name): each for name, each in content.items()}
    if isinstance(content, Mapping):
        inner = [
            str(name)
            for name, each in content.items()
            if isinstance(each, Mapping)
            and each
            and all(isinstance(leaf, torch.Tensor) for leaf in each.values())
        ]
        hint = f"`key` names one of: {', '.join(inner)}." if inner else _has(content)
        raise InputError(f"{path.name} is no state dict itself", where, hint)
    raise InputError(
        f"{path.name} holds a {type(content).__name__}",
        where,
        "Give a state dict: names to tensors.",
    )


def _without_prefix(
    tensors: dict[str, torch.Tensor], prefix: str, path: Path, where: str
) -> dict[str, torch.Tensor]:
    return _below(tensors, prefix, path.name, where) if prefix else tensors


def fit(network: nn.Module, tensors: Mapping[str, torch.Tensor], where: str) -> tuple[str, ...]:
    """Put weights into a network: all that it has, each of its shape.

    Returns
    -------
    tuple of str
        Names of the file that the network has no place for.

    Raises
    ------
    InputError
        A parameter or buffer has no weights, or some of another shape; the nearest names of the
        file are listed.
    """
    own = network.state_dict()
    missing = [name for name in own if name not in tensors]
    # counters of BatchNorm decide nothing; old files lack them
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing:
        raise InputError(_about_missing(missing, tensors), where, _remedy(missing, tensors))
    other = [name for name in own if name in tensors and own[name].shape != tensors[name].shape]
    if other:
        name = other[0]
        raise InputError(
            f"{name} has shape {tuple(tensors[name].shape)} in the file and "
            f"{tuple(own[name].shape)} in the network{_and_more(len(other) - 1)}",
            where,
            "Give the `arguments` that it was trained with.",
        )
    network.load_state_dict({name: tensors.get(name, own[name]) for name in own})
    return tuple(name for name in tensors if name not in own)


def _about_missing(missing: list[str], tensors: Mapping[str, torch.Tensor]) -> str:
    first = ", ".join(missing[:_SHOWN])
    near = difflib.get_close_matches(missing[0], list(tensors), _SHOWN)
    likely = f"; the file's nearest to {missing[0]}: {', '.join(near)}" if near else ""
    return f"the file has no weights for {first}{_and_more(len(missing) - _SHOWN)}{likely}"


def _remedy(missing: list[str], tensors: Mapping[str, torch.Tensor]) -> str:
    for name in tensors:
        if name.endswith("." + missing[0]):
            return f"Take off the prefix: `prefix: {name[: -len(missing[0])]}`."
    return f"Give the class and `arguments` that it was trained with. {_has(tensors)}"


def _has(content: Mapping[str, Any]) -> str:
    return f"The file has: {_listed(content)}."


def _listed(content: Mapping[str, Any]) -> str:
    names = [str(name) for name in content]
    return ", ".join(names[:8]) + _and_more(len(names) - 8) if names else "nothing"


def _and_more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
