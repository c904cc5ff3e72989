"""What may become of a saved result, and what has to come of it when it is loaded."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.results import Result
from ganatomy.tensors import read_notes, read_tensors, write_tensors

Damage = Callable[[Path], object]


def refuses_damage(study: Result, load: Callable[[Path], Result], folder: Path) -> list[str]:
    """Damage each file of a saved result in every way; the damages that `load` refuses.

    Whatever it takes can tell its figures and its verdict; nothing but an `InputError` that names
    the folder or a file in it comes of the others.
    """
    study.save(folder / "whole")
    refused = []
    for path in sorted((folder / "whole").iterdir()):
        for what, damage in _damages(path):
            damaged = folder / "damaged"
            shutil.copytree(folder / "whole", damaged)
            damage(damaged / path.name)
            if error := _refusal(load, damaged):
                assert str(damaged) in error.where
                assert "\n" not in str(error)
                refused.append(f"{path.name} {what}")
            shutil.rmtree(damaged)
    return refused


def _refusal(load: Callable[[Path], Result], folder: Path) -> InputError | None:
    try:
        found = load(folder)
    except InputError as error:
        return error
    found.metrics()
    found.verdict()
    return None


def leaves_nothing_behind(more: Result, less: Result, folder: Path) -> None:
    """A result saved where another one lay is what it would be in a folder of its own."""
    less.save(folder / "alone")
    more.save(folder / "after")
    assert _contents(folder / "after") != _contents(folder / "alone")
    less.save(folder / "after")
    assert _contents(folder / "after") == _contents(folder / "alone")


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _damages(path: Path) -> Iterator[tuple[str, Damage]]:
    content = path.read_bytes()
    yield "is empty", lambda own: own.write_bytes(b"")
    yield "is cut", lambda own: own.write_bytes(content[: len(content) // 2])
    if path.suffix == ".json":
        yield "has nothing", lambda own: own.write_text("{}")
        values = json.loads(content)
        for name in values if isinstance(values, dict) else ():
            rest = {key: value for key, value in values.items() if key != name}
            yield f"lacks {name}", lambda own, rest=rest: own.write_text(json.dumps(rest))
    if path.suffix in (".csv", ".parquet"):
        table = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
        for name in table.columns:
            yield f"lacks {name}", _without_column(table, name)
    if path.suffix == ".safetensors":
        tensors = read_tensors(path)
        yield "has no notes", lambda own: write_tensors(own, tensors)
        for name in tensors:
            kept = {key: value for key, value in tensors.items() if key != name}
            yield f"lacks {name}", _with_tensors(kept, read_notes(path))


def _without_column(table: pd.DataFrame, name: str) -> Damage:
    rest = table.drop(columns=name)

    def damage(own: Path) -> object:
        if own.suffix == ".csv":
            return rest.to_csv(own, index=False)
        return rest.to_parquet(own, index=False)

    return damage


def _with_tensors(tensors: dict[str, Any], notes: dict[str, str]) -> Damage:
    return lambda own: write_tensors(own, tensors, notes or None)
