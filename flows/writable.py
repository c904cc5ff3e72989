"""Whether a place can be written to, asked by writing: permission bits say nothing to root."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from ganatomy.errors import InputError


def demand(places: Iterable[Path]) -> None:
    """Write and remove a byte in each folder, or in what its first missing parent will be in.

    Raises
    ------
    InputError
        One of them cannot be written to.
    """
    for folder in sorted({_nearest(place) for place in places}):
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable-") as file:
                file.write(b"x")
                file.flush()
        except OSError as error:
            raise InputError(
                f"cannot be written to ({error.strerror})",
                str(folder),
                "Make it writable, or give it space.",
            ) from None


def _nearest(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.is_dir())
