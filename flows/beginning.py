"""What every run begins with, whether it goes on as a Prefect flow or has nothing to do."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows import params, settings
from tasks.params.section import PARAMS_FILE

_RUNS_KEPT = 20


@dataclass(frozen=True)
class Begun:
    """A run that has begun: its name, and the folder of what it says and is told."""

    root: Path
    name: str
    run_dir: Path

    def forget(self) -> None:
        """Take back a run that did nothing, so that the next one may have its name."""
        shutil.rmtree(self.run_dir, ignore_errors=True)


@contextmanager
def begun(root: Path) -> Iterator[Begun]:
    """Name a run and give it a folder; within the block its parameters are what it was told.

    Raises
    ------
    InputError
        What the user gave, or params.yaml, cannot be used.
    """
    name = _new_name()
    run_dir = _new_run_dir(root, name)
    os.environ["GANATOMY_RUN_DIR"] = str(run_dir)
    kept = shutil.copyfile(root / PARAMS_FILE, run_dir / PARAMS_FILE)
    with params.told(kept):
        yield Begun(root, name, run_dir)


def _new_name() -> str:
    """The time, to the second: sorts, and is unique where one run at a time is allowed."""
    return time.strftime("%Y%m%dT%H%M%S")


def _new_run_dir(root: Path, name: str) -> Path:
    folder = root / settings.RUNS
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.iterdir())[:-_RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    (folder / name).mkdir()
    return (folder / name).resolve()
