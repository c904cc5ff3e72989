"""dvc.lock: what it says, and in one order.

DVC writes stages as they finish, so equal results were unequal bytes.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal

import yaml

from ganatomy.files import write_bytes

SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same, ten times as fast
_STAGES = re.compile(r"^stages:\n((?:  .*\n)+)", re.MULTILINE)
_STAGE = re.compile(r"^  \S.*\n(?:   .*\n)*", re.MULTILINE)


def in_order(text: str) -> str:
    """The same file with its stages by name; whatever does not look like DVC's stays as it is."""
    found = _STAGES.search(text)
    if found is None:
        return text
    stages = _STAGE.findall(found[1])
    if "".join(stages) != found[1]:
        return text
    return text[: found.start(1)] + "".join(sorted(stages)) + text[found.end(1) :]


def digest(path: Path) -> str:
    """SHA-256 of the file in order, whoever wrote it last."""
    return hashlib.sha256(in_order(path.read_text()).encode()).hexdigest()


def sort(path: Path) -> None:
    """Put the file in order, if it is not; nobody else may be writing it."""
    before = path.read_text()
    after = in_order(before)
    if after != before:
        write_bytes(path, after.encode())


def digests(root: Path, kind: Literal["outs", "deps"] = "outs") -> dict[str, dict[str, str]]:
    """MD5 of every output, or of what was read, by stage and path, as dvc.lock has them."""
    path = root / "dvc.lock"
    if not path.exists():
        return {}
    stages = (yaml.load(path.read_text(), SafeLoader) or {}).get("stages", {})
    return {
        name: {each["path"]: each.get("md5", "") for each in entry.get(kind, [])}
        for name, entry in stages.items()
    }
