"""Which files a stage really depends on: the closure of its imports, kept in dvc.yaml.

DVC does not follow imports. Without this an edited loss would retrain nothing, or, with whole
folders as dependencies, an edited page would retrain everything.
"""

import io
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ganatomy.errors import InputError
from ganatomy.files import write_bytes
from tasks.closure import closure as files_read

PACKAGES = ("ganatomy", "tasks")


def closure(root: Path, module: str) -> set[str]:
    """Files of ours that importing `module` reads, relative to `root`, with `/`."""
    return files_read(root, [module], PACKAGES.__contains__) if _is_ours(module) else set()


def _is_ours(module: str) -> bool:
    return module.split(".")[0] in PACKAGES


def _is_code(dep: str) -> bool:
    return dep.split("/")[0] in PACKAGES


def _wanted(root: Path, command: str) -> set[str]:
    found = re.search(r" -m ([\w.]+)", command)  # ... python -m tasks.<stage> ...
    if found is None:
        raise InputError(f"no `python -m` in {command!r}", "dvc.yaml", "Write it as others are.")
    return closure(root, found[1])


def differences(root: Path) -> list[str]:
    """One line for each entry of dvc.yaml that is missing or too many; empty when all is right."""
    lines = []
    for name, stage in _editor().load((root / "dvc.yaml").read_text())["stages"].items():
        listed = {dep for dep in stage["deps"] if _is_code(dep)}
        wanted = _wanted(root, stage["cmd"])
        lines += [f"{name}: missing {path}" for path in sorted(wanted - listed)]
        lines += [f"{name}: not imported {path}" for path in sorted(listed - wanted)]
    return lines


def write(root: Path) -> None:
    """Make dvc.yaml list what the stages import; comments and all else stay."""
    editor, path = _editor(), root / "dvc.yaml"
    document = editor.load(path.read_text())
    for stage in document["stages"].values():
        deps = stage["deps"]
        for index in reversed(range(len(deps))):  # in place: a comment belongs to its entry
            if _is_code(deps[index]):
                del deps[index]
        deps.extend(sorted(_wanted(root, stage["cmd"])))
    text = io.StringIO()
    editor.dump(document, text)
    write_bytes(path, text.getvalue().encode())


def _editor() -> Any:
    """Reads YAML without building objects, and writes it back with its comments."""
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 200
    return yaml
