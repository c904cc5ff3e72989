"""Files that are either whole or not there. No torch here: the orchestrator uses it too."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ganatomy.errors import GIVE, REMAKE, InputError

_CANNOT_WRITE = {
    errno.ENOSPC: "Free some space there",
    errno.EDQUOT: "Free some space there, or ask for a larger quota",
    errno.EROFS: "Make it writable",
    errno.EACCES: "Give yourself access to it",
    errno.EFBIG: "Raise the limit on the size of files (`ulimit -f`)",
}


_PLAIN = re.compile(r"[a-z0-9_+=-][a-z0-9_.+=-]{0,99}")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.+=-]+")
_LONGEST_STEM = 60


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)  # a write that fails does not say where
        raise
    finally:
        partial.unlink(missing_ok=True)


def check_can_write(path: Path, where: str) -> None:
    """See, before hours are spent on its content, that a file can be written; leave nothing behind.

    Raises
    ------
    InputError
        At `where`: a folder is there, or no file can be made in the folder that it goes into.
    """
    remedy = "Name a file in a folder that you may write to."
    try:
        if not path.name or path.is_dir():
            raise InputError(f"{str(path)!r} is a folder", where, remedy)
        nearest = next(each for each in path.absolute().parents if each.exists())
        with TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {os.strerror(error.errno or errno.EIO).lower()}",
            where,
            remedy,
        ) from None


def write_json(path: Path, value: Any) -> None:
    """Write JSON with sorted keys, so that equal values are equal bytes. NaN is refused."""
    write_bytes(path, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """Return what `write_json` writes."""
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return (text + "\n").encode()


def read_json(path: Path) -> Any:
    """Read JSON; a missing or broken file is an `InputError` that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("file not found", str(path), GIVE) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not valid JSON ({error})", str(path), REMAKE) from None


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to write into that becomes `path` only when the block ends well.

    Yields
    ------
    Path
        A temporary sibling folder. On an error it is removed and `path` is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial, old = (path.with_name(f".{path.name}.{kind}") for kind in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        if path.exists():
            os.replace(path, old)
        os.replace(partial, path)
    finally:
        if old.exists() and not path.exists():  # the last step failed
            os.replace(old, path)
        for folder in (partial, old):
            shutil.rmtree(folder, ignore_errors=True)


def cannot_write(error: BaseException, kept: str = "; finished stages are kept") -> str | None:
    """Say in one sentence that the disk, or a right to it, is what an error comes from, or None.

    Nothing of this gets better by trying again. Causes are followed, and libraries that pass on
    the words without the number are understood.

    Parameters
    ----------
    error : BaseException
    kept : str
        The end of the sentence: what is not lost.
    """
    numbers: list[tuple[int, str]] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop(0)
        if cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            waiting += [cause.__cause__, cause.__context__]
            if number := _errno_of(cause):
                numbers.append((number, getattr(cause, "filename", None) or ""))
    if not numbers:
        return None
    number, where = next((each for each in numbers if each[1]), numbers[0])
    words = os.strerror(number).lower()
    return f"{words} [{where or os.getcwd()}]. {_CANNOT_WRITE[number]}{kept}."


def _errno_of(error: BaseException) -> int | None:
    if isinstance(error, InputError):  # it has its own words
        return None
    number = getattr(error, "errno", None)
    if isinstance(error, OSError) and number is not None:
        return number if number in _CANNOT_WRITE else None
    text = str(error)
    if "database or disk is full" in text:  # SQLite
        return errno.ENOSPC
    numbers = (number for number in _CANNOT_WRITE if os.strerror(number) in text)
    return next(numbers, None)


def safe_name(text: str) -> str:
    """Name a file or folder after a text for people.

    Returns
    -------
    str
        The text itself where every file system takes it, else its plain part and a digest: no two
        texts share a name, not even where A is a.

    Examples
    --------
    >>> safe_name("class_7")
    'class_7'
    >>> safe_name("class_Äpfel")
    'class_-pfel-02f98598'
    """
    if _PLAIN.fullmatch(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_NOT_PLAIN.sub('-', text)[:_LONGEST_STEM].lstrip('.')}-{digest}"


def sha256_of(path: Path) -> str:
    """Hash a file's content by SHA-256, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
