"""The tests that are marked `gpu`, by pytest, and what became of each."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

MARK = "@pytest.mark.gpu"


def run_marked(device: str) -> dict[str, Any]:
    """Run them and return how many passed, which failed, and which were skipped for what reason.

    Files that hold none are not imported: theirs may need what is not installed.
    """
    files = sorted(
        str(path) for path in Path("tests").rglob("test_*.py") if MARK in path.read_text()
    )
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-m", "gpu", "-o", "addopts="]
        command += ["-p", "no:cacheprovider", f"--junitxml={report}", *files]
        done = subprocess.run(command, capture_output=True, text=True)
        if not report.is_file() or done.returncode not in (0, 1):
            raise RuntimeError((done.stdout + done.stderr)[-2000:])
        cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case for case in cases if _child(case, "failure", "error") is not None]
    skipped = [case for case in cases if _child(case, "skipped") is not None]
    return {
        "device": device,
        "num_passed": len(cases) - len(failed) - len(skipped),
        "failed": [_name(case) for case in failed],
        "skipped": {_name(case): _why(case) for case in skipped},
    }


def _child(case: ElementTree.Element, *tags: str) -> ElementTree.Element | None:
    return next((child for child in case if child.tag in tags), None)


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def _why(case: ElementTree.Element) -> str:
    child = _child(case, "skipped")
    return str(child.get("message")) if child is not None else ""
