"""One piece after the other, each in a process of its own that is ended when its time is up."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.gpu.pieces import PIECES, Piece
from ganatomy.errors import InputError
from ganatomy.files import write_json

LIMIT_S = 480.0
DONE, NOT_POSSIBLE, FAILED, CUT_OFF = "done", "not possible", "failed", "cut off"
Record = dict[str, Any]
_END_S = 10.0  # for a process that was told to end


def named(words: Sequence[str]) -> list[Piece]:
    """Return the pieces that are meant by names or numbers from 1; all when none is given.

    Raises
    ------
    InputError
        There is no such piece.
    """
    by_word = {str(number): piece for number, piece in enumerate(PIECES, 1)}
    by_word |= {piece.name: piece for piece in PIECES}
    if unknown := [word for word in words if word not in by_word]:
        names = ", ".join(piece.name for piece in PIECES)
        raise InputError(
            f"there is no piece {unknown[0]!r}", "--piece", f"1 to {len(PIECES)}, or: {names}."
        )
    return [by_word[word] for word in dict.fromkeys(words)] if words else list(PIECES)


def read(path: Path) -> dict[str, Record]:
    """Return the records that a file holds by piece; none where there is no file."""
    if not path.exists():
        return {}
    try:
        records = json.loads(path.read_text())["pieces"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"these are no results of pieces ({error})", str(path), "Move it away, or name another."
        ) from None
    return dict(records)


def run(pieces: Sequence[Piece], device: str, small: bool, path: Path, again: bool) -> bool:
    """Run what is not done yet, keep each record as soon as it is there; whether all are done."""
    records = read(path)
    for piece in pieces:
        if not again and records.get(piece.name, {}).get("status") == DONE:
            print(f"{piece.name:<20}kept from before")
            continue
        records[piece.name] = record = run_one(piece.name, device, small)
        write_json(path, {"pieces": records})
        reason = f": {record['reason']}" if record["reason"] else ""
        outcome = f"{record['status']} after {record['seconds']:.0f} s{reason}"
        print(f"{piece.name:<20}{outcome}", flush=True)
    return all(records[piece.name]["status"] == DONE for piece in pieces)


def run_one(name: str, device: str, small: bool, limit_s: float = LIMIT_S) -> Record:
    """Run a piece in a process of its own and return its record, whatever becomes of it."""
    options = ["--device", device, *(["--small"] if small else [])]
    shown = ["python", "-m", "benchmarks", "gpu", "--piece", name, *options]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "record.json"
        command = [sys.executable, "-m", "benchmarks.gpu.running", name, device]
        record = _outcome([*command, str(int(small)), str(written)], written, limit_s)
    seconds = round(time.perf_counter() - started, 1)
    return record | {"seconds": seconds, "command": shlex.join(shown), "small": small}


def _outcome(command: list[str], written: Path, limit_s: float) -> Record:
    with subprocess.Popen(
        command, stdout=sys.stderr, start_new_session=True, cwd=Path.cwd()
    ) as process:
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return {"status": CUT_OFF, "reason": f"its {limit_s:.0f} s were up", "machine": None}
        finally:  # its own children too, which else keep the card
            _end(process)
    if not written.is_file():
        reason = f"its process ended with {process.returncode}"
        return {"status": FAILED, "reason": reason, "machine": None}
    return dict(json.loads(written.read_text()))


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END_S)


def measured(name: str, device: str, small: bool) -> Record:
    """Measure a piece in this process; what it lacks or raises becomes its record."""
    (piece,) = named([name])
    result, status, reason = None, DONE, ""
    try:
        result = piece.measure(device, small)
        if result.get("failed"):
            status, reason = FAILED, f"{len(result['failed'])} tests failed"
        elif result.get("skipped") and device == "cuda":
            reasons = sorted(set(result["skipped"].values()))
            status, reason = NOT_POSSIBLE, f"tests were skipped: {'; '.join(reasons)}"
    except ModuleNotFoundError as error:
        status, reason = NOT_POSSIBLE, f"the package {error.name} is not installed"
    except InputError as error:
        status, reason = NOT_POSSIBLE, str(error)
    except Exception as error:
        traceback.print_exc()
        status, reason = FAILED, f"{type(error).__name__}: {error}"
    return {"status": status, "reason": reason, "machine": machine.describe(), "result": result}


if __name__ == "__main__":
    _name, _device, _small, _path = sys.argv[1:]
    write_json(Path(_path), measured(_name, _device, bool(int(_small))))
