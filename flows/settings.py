"""Where this project keeps the state of its tools; set before any of them is imported.

Everything lies in the project's folder: no run touches, or is touched by, what the user has set up
elsewhere. A variable that the user has set wins.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flows import proxies
from ganatomy.errors import InputError
from tasks.shared import private

ROOT = Path(__file__).resolve().parent.parent
STATE = private.STATE
RUNS = STATE / "runs"
EXPERIMENT = "ganatomy"
DEFAULT_TRACKING_URI = "sqlite:///mlflow.db"


def written_by_every_run(root: Path) -> list[Path]:
    """Folders without which not even a run in which nothing changed can be."""
    return [root, root / STATE, root / RUNS, root / ".dvc" / "tmp", root / ".prefect"]


@contextmanager
def leaving_no_trace(root: Path) -> Iterator[None]:
    """Remove after the block the folders that it was the first to make, where nothing is in them.

    What is in them is another's: a run may have begun meanwhile.
    """
    folders = [root / private.SITE_CACHE / "repo", root / private.SITE_CACHE, root / STATE]
    new = [folder for folder in [*folders, root / ".dvc" / "tmp"] if not folder.exists()]
    try:
        yield
    finally:
        for folder in new:
            with suppress(OSError):
                folder.rmdir()


def prepare(root: Path) -> None:
    """Set the environment of this process and of the stages that it starts.

    Raises
    ------
    InputError
        The project's own folder cannot be made.
    """
    defaults = {
        "PREFECT_HOME": str(root / ".prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
        "DVC_NO_ANALYTICS": "1",
        "MLFLOW_TRACKING_URI": DEFAULT_TRACKING_URI,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    for name, value in defaults.items():
        if not os.environ.get(name):  # set to nothing is not set
            os.environ[name] = value
    private.point_tools_here(root)
    try:
        private.shield(root)
    except OSError as error:
        raise InputError(
            f"cannot be made or closed to others ({error.strerror})",
            str(error.filename or root / STATE),
            "Make the project's folder writable, and yours.",
        ) from None
    proxies.keep_off_this_machine()
    # dvc.yaml says `python`: that must be the one that runs here
    beside = str(Path(sys.executable).parent)
    if os.environ.get("PATH", "").split(os.pathsep)[0] != beside:
        os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", "")
