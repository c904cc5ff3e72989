"""How long `make run` takes: the default run on a fresh copy, and a second one with no change."""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.harness import copy_project, environment

COMMAND = "python -m flows run"
_ENDED = re.compile(r"^(\S+)\s+(\w[\w ]*), ([0-9.]+) s(; .*)?$")


def measure(seed: int = 0) -> dict[str, Any]:
    """Run the default profile twice in a fresh copy of the project.

    Returns
    -------
    dict
        Wall seconds of both runs and of each stage (a stage's time includes its process and
        imports), quality, and the importance ranking.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder).resolve())
        first = _run(project, "--profile", "default", "--set", f"base.seed={seed}")
        second = _run(project)
        reports = project / "reports"
        return {
            "command": COMMAND,
            "seed": seed,
            "first": first,
            "second": second,
            "quality": json.loads((reports / "evaluate" / "metrics.json").read_text()),
            "importance": (reports / "importance" / "summary.csv").read_text(),
            "ranking": (reports / "importance" / "ranking.csv").read_text(),
        }


def _run(project: Path, *arguments: str) -> dict[str, Any]:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "flows", "run", *arguments],
        cwd=project,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    wall_s = time.monotonic() - started
    stages = {}
    for line in done.stderr.splitlines():
        if found := _ENDED.match(line):
            stages[found[1]] = {"outcome": found[2].strip(), "seconds": float(found[3])}
    return {"wall_s": round(wall_s, 1), "stages": stages}
