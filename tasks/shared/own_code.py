"""The code of a user's own classes: the file of each, and all that it imports from the project."""

from collections.abc import Iterable
from pathlib import Path

from ganatomy.files import sha256_of, write_bytes
from tasks.shared.closure import closure

_OURS = ("ganatomy", "tasks", "flows", "tests")
# at the project's root: what is told to a run, or written by one, is nobody's code
_NOT_CODE = ("params.yaml", "dvc.yaml", "dvc.lock")


def files_of(root: Path, names: Iterable[str]) -> list[Path]:
    """List files of the classes ``module:Class`` among `names`, relative to `root`, sorted.

    None for a name of ours, or for a class of an installed package. Of what they import, our own
    packages are left out: stages depend on those by themselves.
    """
    modules = [module for module, colon, _ in (name.partition(":") for name in names) if colon]
    files = closure(root, modules, lambda package: package not in _OURS)
    return [Path(path) for path in sorted(files.difference(_NOT_CODE))]


def digests(root: Path, name: str) -> dict[str, str] | str:
    """Hash each file of a class by SHA-256, by its path; "" for a name of ours."""
    if ":" not in name:
        return ""
    by_path = {path.as_posix(): sha256_of(root / path) for path in files_of(root, [name])}
    return by_path or "not a file of this project"


class OwnCode:
    """The files of some classes as they are now, to be kept beside what is made with them.

    Our own packages are left out: whoever loads a model has those.

    Parameters
    ----------
    root : Path
    names : iterable of str
    """

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        paths = [path for path in files_of(root, names) if path.parts[0] != "ganatomy"]
        self._contents = {path: (root / path).read_bytes() for path in paths}

    def save(self, folder: Path) -> None:
        """Write the files into `folder`, laid out as they are in the project; none, no folder."""
        for path, content in self._contents.items():
            write_bytes(folder / path, content)
