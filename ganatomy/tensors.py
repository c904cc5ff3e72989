"""Tensors on disk as safetensors: whole or not there, and never unpickled."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from ganatomy.errors import GIVE, REMAKE, InputError
from ganatomy.files import write_bytes


def write_tensors(
    path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write named tensors as safetensors: equal tensors and notes are equal bytes.

    Parameters
    ----------
    metadata : dict of str to str, optional
        Notes for whoever reads the file; JSON under the key ``notes``, because safetensors keeps
        several keys in no fixed order.
    """
    notes = None if metadata is None else {"notes": json.dumps(metadata, sort_keys=True)}
    write_bytes(path, save(_ordered(tensors), notes))


def digest_of(tensors: dict[str, torch.Tensor]) -> str:
    """Hash tensors by SHA-256 as the file that `write_tensors` would make of them."""
    return hashlib.sha256(save(_ordered(tensors))).hexdigest()


def _ordered(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}


def read_tensors(path: Path, mapped: bool = False) -> dict[str, torch.Tensor]:
    """Read a safetensors file; a missing or damaged one is an `InputError` that names it.

    Parameters
    ----------
    mapped : bool
        Give tensors whose pages are read from disk when they are touched, and may be dropped again
        when memory is short. The file has to stay as it is while they are in use: replacing or
        removing it is fine, writing into it is not. Writing into the tensors leaves it alone.
    """
    if not path.exists():
        raise _missing(path)
    try:
        return dict(load_file(path, backend="mmap" if mapped else "pread"))
    except Exception as error:  # safetensors raises its own type, which is not exported stably
        raise _damaged(path, error) from error


def read_notes(path: Path) -> dict[str, str]:
    """Read the notes that `write_tensors` left in a file; empty where it left none.

    Raises
    ------
    InputError
        As `read_tensors`.
    """
    if not path.exists():
        raise _missing(path)
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        return dict(json.loads(metadata.get("notes", "{}")))
    except Exception as error:
        raise _damaged(path, error) from error


def _missing(path: Path) -> InputError:
    return InputError("file not found", str(path), GIVE)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"not a readable safetensors file ({error})",
        str(path),
        REMAKE,
    )
