"""What a training has told so far, as a part of the page."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.report.live_training import LiveTraining, live_part
from ganatomy.report.parts import Part
from tasks.shared.events import events_path

_STAGE = "train"
_KEY = "samples"


def training_so_far(run_dir: Path) -> Part | None:
    """Read the training's events; None while it has shown no picture."""
    told = _events(events_path(run_dir, _STAGE))
    pictures = [event for event in told if event["kind"] == "image" and event["key"] == _KEY]
    pictures = [event for event in pictures if Path(event["path"]).is_file()]
    if not pictures:
        return None
    measured = [event for event in told if event["kind"] == "metric"]
    points = [(event["step"], event["name"], event["value"]) for event in measured]
    done = [(each["done"], each["total"]) for each in told if each["kind"] == "progress"]
    return live_part(
        LiveTraining(
            step=pictures[-1]["step"],
            picture=Path(pictures[-1]["path"]),
            points=pd.DataFrame(points, columns=["step", "name", "value"]),
            done=done[-1] if done else None,
        )
    )


def _events(path: Path) -> list[dict[str, Any]]:
    """Read the lines that are whole: the last one may be about to be written."""
    found = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found
