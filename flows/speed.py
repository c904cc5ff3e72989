"""How quick this machine trains what params.yaml asks for: measured once, then known."""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows.forecast import Speed
from flows.settings import STATE
from ganatomy.files import write_json
from tasks.shared.events import RUN_DIR
from tasks.shared.parent import PARENT
from tasks.shared.work import COMPUTE, RETRAIN, TRAIN, Document, step_settings

_KNOWN = STATE / "speed.json"
_LIMIT_S = 60.0  # a machine that is so slow, or so busy, is told without
_KINDS = (COMPUTE, TRAIN, RETRAIN)
_at_work: dict[Path, subprocess.Popen[str]] = {}


@contextmanager
def measuring(root: Path, document: Document, scratch: Path | None = None) -> Iterator[None]:
    """Let a process of its own measure within the block, unless what it would say is known.

    It takes about 3 s, beside what else is done, and is ended with the block. Within, this may be
    asked for again: the command line asks before there is a server, the flow where there was none.

    Parameters
    ----------
    scratch : Path, optional
        A folder for what torch leaves, instead of the project's.
    """
    if root in _at_work or known(root, document) is not None:
        yield
        return
    own = {name: value for name, value in os.environ.items() if name != RUN_DIR}
    if scratch is not None:
        own |= {"TORCHINDUCTOR_CACHE_DIR": str(scratch)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.shared.speed"],
        cwd=root,
        env=own | {PARENT: str(os.getpid())},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    _at_work[root] = process
    try:
        yield
    finally:
        del _at_work[root]
        process.kill()
        process.wait()


def result(root: Path, document: Document, *, keep: bool = True) -> Speed | None:
    """Wait for the measure, and keep what it says; None where there is none.

    Why not is of no weight here: a network that cannot be built, say, is told by its stage.
    """
    process = _at_work.get(root)
    if process is None:
        return known(root, document)
    try:
        said, _ = process.communicate(timeout=_LIMIT_S)
        found = _checked(json.loads(said))
    except (subprocess.TimeoutExpired, ValueError, LookupError, TypeError, OSError):
        return None
    if not keep:
        return found
    with suppress(OSError):
        write_json(root / _KNOWN, {"of": _of(document), "speed": found})
    return found


def known(root: Path, document: Document) -> Speed | None:
    """Give what was measured here of the same networks and sizes."""
    try:
        kept = json.loads((root / _KNOWN).read_text())
        return _checked(kept["speed"]) if kept["of"] == _of(document) else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _of(document: Document) -> str:
    """Name the machine and the settings that a measure is good for."""
    return f"{platform.node()} {os.cpu_count()} {step_settings(document)}"


def _checked(found: dict[str, float]) -> dict[str, float]:
    speed = {kind: float(found[kind]) for kind in _KINDS}
    if min(speed.values()) <= 0:
        raise ValueError("no time passed")
    return speed
