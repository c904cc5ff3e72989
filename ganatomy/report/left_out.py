"""Why a stage has nothing to tell: switched off, or not possible for these data or networks."""

from pathlib import Path

from ganatomy.files import read_json, write_json

LEFT_OUT = "left_out.json"


def leave_out(folder: Path, reason: str) -> None:
    """Write into a stage's folder why it has nothing to tell; the page says it."""
    write_json(folder / LEFT_OUT, {"reason": reason})


def why_left_out(folder: Path) -> str:
    """Read what `leave_out` wrote; "" where it wrote nothing."""
    told = folder / LEFT_OUT
    return str(read_json(told)["reason"]) if told.exists() else ""
