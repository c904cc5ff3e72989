"""The page of a run that failed, made outside of DVC: `report` could not run."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

from flows.adapter import Stage
from flows.masking import masked
from ganatomy.files import write_json
from tasks.shared.artifact_paths import PAGE, UNFINISHED

PAGE_FILE = UNFINISHED / PAGE.name
_SECTIONS = Path("ganatomy/report/sections")  # nothing of it is imported here
_TOLD = "failure.json"  # in the run's folder
_LIMIT_S = 300
logger = logging.getLogger("ganatomy.page")


def remove_page(root: Path) -> None:
    """Remove the page that an earlier run left."""
    shutil.rmtree(root / UNFINISHED, ignore_errors=True)


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
        write_json(run_dir / _TOLD, {"failure": masked(failure), "missing": missing})
        command = [sys.executable, "-m", "tasks.report.unfinished", str(run_dir / _TOLD)]
        subprocess.run(command, cwd=root, capture_output=True, timeout=_LIMIT_S, check=True)
    except (OSError, ValueError, subprocess.SubprocessError) as error:  # a name that is no text
        logger.warning("there is no page of what was finished: %s", error)


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
