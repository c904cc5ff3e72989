"""Records of pieces to the page: an overview, and results of one kind put together."""

from pathlib import Path
from typing import Any

from benchmarks.gpu import running
from benchmarks.gpu.pieces import PIECES
from benchmarks.tables import Result, table


def merged(path: Path, kind: str) -> list[Result]:
    """Return the done pieces of a kind as one result, as `python -m benchmarks` writes it, or none.

    Lists are joined, and dicts; of other values the first piece's stands.
    """
    records = running.read(path)
    done = [
        records[piece.name]
        for piece in PIECES
        if piece.kind == kind and records.get(piece.name, {}).get("status") == running.DONE
    ]
    if not done:
        return []
    whole: Result = {"machine": done[0]["machine"]}
    for record in done:
        for key, value in record["result"].items():
            whole[key] = _joined(whole[key], value) if key in whole else value
    return [whole]


def _joined(before: Any, value: Any) -> Any:
    if isinstance(before, list) and before != value:
        return [*before, *value]
    if isinstance(before, dict):
        return before | value
    return before


def section(path: Path) -> str:
    """Render which piece came to what end on which card; "" where no file is."""
    records = running.read(path)
    if not records:
        return ""
    rows = [_row(piece.name, records.get(piece.name)) for piece in PIECES]
    return f"""\
## On a GPU

`python -m benchmarks gpu`, each piece in a process of its own; seconds with its start and imports. Figures stand in the sections below.

{table(["piece", "outcome", "seconds", "card", "torch"], rows)}"""  # noqa: E501


def _row(name: str, record: dict[str, Any] | None) -> list[str]:
    if record is None:
        return [name, "not run", "", "", ""]
    at = record["machine"] or {}
    outcome = record["status"] + (f": {record['reason']}" if record["reason"] else "")
    if name == "tests" and record.get("result"):
        outcome += f", {record['result']['num_passed']} passed"
    outcome = " ".join(outcome.replace("|", "/").split())
    card, torch = str(at.get("gpu", "")), str(at.get("versions", {}).get("torch", ""))
    return [name, outcome, f"{record['seconds']:.0f}", card, torch]
