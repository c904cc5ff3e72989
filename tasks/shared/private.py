"""The project's own folder for what its tools keep: inside the project, closed to other users.

Left to themselves, DVC keeps its state in the system's shared temporary folder, open to everybody,
and unpickles a part of it; matplotlib and torch write to the user's home and temporary folder.
"""

import os
import shutil
import stat
from pathlib import Path

STATE = Path(".ganatomy")
SITE_CACHE = STATE / "dvc"  # .dvc/config says the same for a plain `dvc`
_OTHERS = 0o022


def point_tools_here(root: Path) -> None:
    """Tell DVC, matplotlib and torch where to write; a variable that the user has set wins.

    Call it before they are imported.
    """
    homes = {
        "DVC_SITE_CACHE_DIR": SITE_CACHE,
        "MPLCONFIGDIR": STATE / "matplotlib",
        "TORCHINDUCTOR_CACHE_DIR": STATE / "torch",
    }
    for name, folder in homes.items():
        os.environ.setdefault(name, str(root / folder))


def shield(root: Path) -> None:
    """Close the folder, and throw away unread what DVC kept in one that was open to others.

    Somebody may have left something there. DVC reads the files again. Not while DVC is at work.
    """
    if any(_open_to_others(root / folder) for folder in (STATE, SITE_CACHE)):
        shutil.rmtree(root / SITE_CACHE, ignore_errors=True)
    close(root)


def close(root: Path) -> None:
    """Make the folder with mode 0700, and DVC's in it: DVC itself would give them 0777."""
    site = root / SITE_CACHE
    for folder in (root / STATE, site, site / "repo"):
        folder.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) != 0o700:
            folder.chmod(0o700)


def _open_to_others(folder: Path) -> bool:
    if not folder.exists():
        return False
    status = folder.stat()
    return bool(status.st_mode & _OTHERS) or status.st_uid != os.getuid()
