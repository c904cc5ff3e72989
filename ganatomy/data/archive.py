"""A zip or tar file of a folder, unpacked into a folder of ours and nowhere else.

Nothing of an archive is trusted: links and special files are not made, names that are absolute or
climb out are refused, and no more is written than the disk has room for.
"""

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path
from typing import IO, NamedTuple

from ganatomy.data.folder import shown
from ganatomy.data.formats import HEAD_BYTES, PICTURE_SUFFIXES, format_of
from ganatomy.data.label_table import LABEL_TABLE
from ganatomy.errors import InputError

_BLOCK_BYTES = 1 << 20
_SHARE_OF_FREE_SPACE = 0.9
_LONGEST_PART, _LONGEST_NAME = 255, 1000  # bytes
_ENCRYPTED = 0x1
_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError)


class _Unusable(Exception):
    """A member that is not unpacked, and why."""


class _Member(NamedTuple):
    name: str
    opened: Callable[[], IO[bytes]]
    fault: str


def is_archive(path: Path) -> bool:
    """Say whether a file is a zip or tar file, compressed or not, by its content."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except OSError:
        return False


def unpack(
    path: Path, folder: Path, max_bytes: int, progress: Callable[[int, int], None]
) -> list[dict[str, str]]:
    """Unpack the pictures of an archive, and of other files the first bytes, which tell their kind.

    Parameters
    ----------
    path : Path
    folder : Path
        An empty folder that is written into.
    max_bytes : int
        A larger member is refused.
    progress : callable
        Called with (done, total) bytes of the archive.

    Returns
    -------
    list of dict
        ``file`` and ``reason`` of each member that was not unpacked.

    Raises
    ------
    InputError
        The archive is damaged, or unpacks to more than the disk has room for.
    """
    room = int(shutil.disk_usage(folder).free * _SHARE_OF_FREE_SPACE)
    refused: list[dict[str, str]] = []
    size = path.stat().st_size
    with _damage(path), path.open("rb") as file:
        for member in _members(file):
            try:
                room -= _write(member, folder, max_bytes, room)
            except _Unusable as fault:
                refused.append({"file": shown((member.name,)), "reason": str(fault)})
            if room <= 0:
                raise InputError(
                    "it unpacks to more than the disk has room for",
                    f"root={path}",
                    "Unpack it where there is room, and give the folder.",
                )
            progress(min(file.tell(), size), size)
    return refused


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's
        raise InputError(
            f"the archive is damaged ({error or type(error).__name__})",
            f"root={path}",
            "Replace it with an intact copy.",
        ) from None


def _members(file: IO[bytes]) -> Iterator[_Member]:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield _in_zip(archive, info)
        return
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r|*") as tar:
        for entry in tar:
            if not entry.isdir():
                yield _in_tar(tar, entry)
            tar.members = []  # type: ignore[attr-defined]  # else all of them are kept


def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    def opened() -> IO[bytes]:
        try:
            return archive.open(info)
        except (NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
            raise _Unusable(f"cannot be unpacked ({error})") from None

    mode = info.external_attr >> 16
    fault = "a link in an archive" if stat.S_ISLNK(mode) else ""
    fault = "encrypted" if info.flag_bits & _ENCRYPTED else fault
    return _Member(info.filename.replace("\\", "/"), opened, fault)


def _in_tar(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> _Member:
    def opened() -> IO[bytes]:
        found = tar.extractfile(entry)
        assert found is not None  # of a file there is one
        return found

    fault = "" if entry.isreg() else "a special file in an archive"
    fault = "a link in an archive" if entry.issym() or entry.islnk() else fault
    return _Member(entry.name, opened, fault)


def _write(member: _Member, folder: Path, max_bytes: int, room: int) -> int:
    """Write a member below `folder`, and return how many bytes it takes."""
    if member.fault:
        raise _Unusable(member.fault)
    target = folder.joinpath(*_safe_parts(member.name))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with member.opened() as source, target.open("xb") as file:
            written = _copy(source, file, target, min(max_bytes, room))
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise _Unusable("a name that is in the archive twice") from None
    except (zipfile.BadZipFile, _Unusable) as error:
        target.unlink(missing_ok=True)
        raise _Unusable(str(error)) from None
    if written > room:
        return written
    if written > max_bytes:
        target.unlink()
        raise _Unusable(f"more than {max_bytes} bytes")
    return written


def _copy(source: IO[bytes], file: IO[bytes], target: Path, most: int) -> int:
    """Copy what may be a picture, up to a block more than `most`; of all else the head."""
    head = source.read(HEAD_BYTES)
    file.write(head)
    written = len(head)
    is_wanted = format_of(head) is not None or target.suffix.lower() in PICTURE_SUFFIXES
    if is_wanted or target.name == LABEL_TABLE:
        while written <= most and (block := source.read(_BLOCK_BYTES)):
            file.write(block)
            written += len(block)
    return written


def _safe_parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or not parts or (os.name == "nt" and ":" in name):
        raise _Unusable("a name that leads out of the archive")
    lengths = [len(os.fsencode(part)) for part in parts]
    if "\0" in name or max(lengths) > _LONGEST_PART or sum(lengths) > _LONGEST_NAME:
        raise _Unusable("a name that no file can have")
    return parts
