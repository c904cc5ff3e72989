"""Whether inputs/code was right by the very code that there is, without reading what it says anew.

Syntax trees of all code take longer than all else of a run that has nothing to do. What decides
them is the bytes of the files: a digest of those is kept beside one of what was written by them.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from tasks.shared.code import CODE, PACKAGES
from tasks.shared.private import STATE

_KEPT = STATE / "code.json"


def is_known(root: Path) -> bool:
    """Say whether `keep` was called for just these files, here and in inputs/code."""
    try:
        return bool(read_json(root / _KEPT) == _fingerprint(root))
    except InputError:
        return False


def keep(root: Path) -> None:
    """Remember that inputs/code is right by the code that there is now."""
    write_json(root / _KEPT, _fingerprint(root))


def _fingerprint(root: Path) -> dict[str, str]:
    return {
        "code": _digest(root, (path for name in PACKAGES for path in (root / name).rglob("*"))),
        "written": _digest(root, (root / CODE).rglob("*")),
        "python": sys.version,  # whose parser it was
    }


def _digest(root: Path, paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
