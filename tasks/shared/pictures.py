"""Under which key, and at which step, a record keeps each picture of a folder.

Who writes a picture says so; the name of a file is a name and tells nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ganatomy.files import read_json, write_json

_KEYS = "keys.json"  # beside the pictures


@dataclass(frozen=True)
class Place:
    """Where a record shows a picture.

    Parameters
    ----------
    key : str
        Pictures of one key are shown as one, step by step.
    step : int
        Of the training that they follow; 0 of what follows none.
    """

    key: str
    step: int = 0


def write_places(folder: Path, places: Mapping[str, Place]) -> None:
    """Write down the places of a folder's pictures, by the names of their files."""
    values = {name: {"key": place.key, "step": place.step} for name, place in places.items()}
    write_json(folder / _KEYS, values)


def read_places(folder: Path) -> dict[str, Place]:
    """Read the place of every PNG file of a folder: the name of its own where none was said."""
    path = folder / _KEYS
    said = read_json(path) if path.exists() else {}
    return {
        each.name: Place(**said[each.name]) if each.name in said else Place(each.stem)
        for each in sorted(folder.glob("*.png"))
    }
