"""What git is not to see of a stage that the project's own .gitignore does not name.

DVC itself writes such a .gitignore beside an output. It does so by asking git, which flows/ does
not need; this is the same file, in which the file itself stands too.
"""

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from threading import Lock

from ganatomy.files import write_bytes

NAME = ".gitignore"
_one_at_a_time = Lock()  # stages of one folder end side by side


def hide(root: Path, outs: Iterable[str]) -> None:
    """Name outputs in a .gitignore beside them, where the project's own does not.

    Parameters
    ----------
    root : Path
    outs : iterable of str
        Relative to it.
    """
    own = root / NAME
    known = own.read_text().splitlines() if own.exists() else []
    for out in outs:
        if any(fnmatch(f"/{out}", line) for line in known):
            continue
        path = (root / out).parent / NAME
        with _one_at_a_time:
            lines = path.read_text().splitlines() if path.exists() else [f"/{NAME}"]
            if (name := f"/{Path(out).name}") not in lines:
                write_bytes(path, "".join(f"{line}\n" for line in (*lines, name)).encode())
