"""What a path is that images are to come from, by its content and not by its name.

No torch here.
"""

import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ganatomy.data.archive import is_archive
from ganatomy.data.folder import survey, walk
from ganatomy.errors import InputError

Kind = Literal["folder", "archive", "arrays", "parquet"]
_NUMPY, _PARQUET, _ZIP = b"\x93NUMPY", b"PAR1", b"PK\3\4"
_SUFFIX = ".parquet"


def kind_of(path: Path, follow_links: bool) -> Kind:
    """Tell a folder of images, an archive of one, NumPy's arrays and Parquet files apart.

    Raises
    ------
    InputError
        There is nothing at `path`, or a file of another kind.
    """
    if path.is_dir():
        return "parquet" if parquet_files(path, follow_links) else "folder"
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise InputError(
            "no such folder or file", f"root={path}", "Give the folder that holds your images."
        ) from None
    except OSError as error:
        raise InputError(
            f"it cannot be read: {error.strerror}", f"root={path}", "Give yourself access to it."
        ) from None
    if head.startswith(_NUMPY) or _is_npz(path):
        return "arrays"
    if head.startswith(_PARQUET):
        return "parquet"
    if is_archive(path):
        return "archive"
    if head.startswith(_ZIP):
        raise InputError(
            "the archive is damaged (its list of content is not at its end)",
            f"root={path}",
            "Replace it with an intact copy.",
        )
    raise InputError(
        "neither a folder, a zip or tar file, .npy, .npz nor Parquet",
        f"root={path}",
        "Give images as one of these.",
    )


def parquet_files(path: Path, follow_links: bool) -> list[Path]:
    """List the Parquet files of a path: itself, or those of a folder that has no images."""
    if path.is_file():
        return [path]
    if not follow_links and not _may_hold(path, _SUFFIX):
        return []
    entries = [entry for entry in walk(path, follow_links) if entry.path.suffix == _SUFFIX]
    files = [entry.path for entry in entries if not entry.refused and not entry.kind]
    return files if files and not survey(path, follow_links).images else []


def _may_hold(folder: Path, suffix: str) -> bool:
    """Say whether a name ends so, which is known sooner than what each of thousands is."""
    waiting = [str(folder)]  # no recursion: it may be thousands deep
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(suffix):
                    return True
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return False


def _is_npz(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return False  # an archive that is damaged: that is said when it is unpacked
    return bool(names) and all(name.endswith(".npy") for name in names)
