"""The page of a run without an end, made outside of DVC: `report` has not run, or could not."""

import logging
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from flows.masking import masked
from flows.stages import Stage
from ganatomy.files import write_bytes, write_json
from tasks.shared.artifact_paths import PAGE, UNFINISHED
from tasks.shared.events import RUN_DIR
from tasks.shared.parent import PARENT

PAGE_FILE = UNFINISHED / PAGE.name
_SECTIONS = Path("ganatomy/report/sections")  # nothing of it is imported here
_TOLD = "unfinished.json"  # in the run's folder
_LEADING_ON = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=../report.html">
<title>The run has ended</title>
<p>The run has ended: <a href="../report.html">its page</a>.</p>
"""
_LIMIT_S = 300
logger = logging.getLogger("ganatomy.page")


def remove_page(root: Path) -> None:
    """Remove the page that an earlier run left."""
    shutil.rmtree(root / UNFINISHED, ignore_errors=True)


def lead_on(root: Path) -> None:
    """Put in place of a page of what there was so far one that leads to the whole page."""
    with suppress(OSError):  # a full disk must not end a run that went well
        write_bytes(root / PAGE_FILE, _LEADING_ON.encode())


def has_something(root: Path, finished: list[str]) -> bool:
    """Tell whether any of the stages that are finished has a section of the page."""
    return any((root / _SECTIONS / f"{name}.py").is_file() for name in finished)


def leave_page(root: Path, run_dir: Path, failure: str, missing: dict[str, str]) -> None:
    """Write the page of what there is; that it cannot be made is no failure of its own.

    Parameters
    ----------
    root, run_dir : Path
    failure : str
        What failed and why.
    missing : dict of str to str
        Why each stage without a result has none.
    """
    try:
        missing = {stage: masked(why) for stage, why in missing.items()}
        command, environment = asked(run_dir, {"failure": masked(failure), "missing": missing})
        subprocess.run(
            command,
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=_LIMIT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:  # a name that is no text
        logger.warning("there is no page of what was finished: %s", error)


def asked(run_dir: Path, told: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Write down what a page is to say; returns the command that makes it, and its environment.

    It dies with this process, has one thread, and leaves a GPU to the stages.
    """
    write_json(run_dir / _TOLD, told)
    own = {name: value for name, value in os.environ.items() if name != RUN_DIR}
    own |= {PARENT: str(os.getpid()), "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    return [sys.executable, "-m", "tasks.report.unfinished", str(run_dir / _TOLD)], own


def why_missing(stages: list[Stage], failed: dict[str, str]) -> dict[str, str]:
    """Say of each stage that failed, or waits for one that did, why it has no result.

    Parameters
    ----------
    stages : list of Stage
        Each after those that it waits for.
    failed : dict of str to str
        Stages to reasons.
    """
    found: dict[str, str] = {}
    needed: dict[str, str] = {}  # stage to the failed one that it needs
    for stage in stages:
        if stage.name in failed:
            needed[stage.name] = stage.name
            reason = failed[stage.name].removeprefix(f"stage {stage.name}: ")
            first, _, _ = reason.partition("\n")
            found[stage.name] = f"failed: {first}"
        elif above := [needed[name] for name in stage.upstream if name in needed]:
            needed[stage.name] = above[0]
            found[stage.name] = f"not run: it needs {above[0]}, which failed"
    return found
