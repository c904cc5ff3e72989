"""Where a network comes from: its class, its code, its weights, each identified by a digest."""

import hashlib
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from torch import nn

from ganatomy.files import sha256_of
from ganatomy.gan.adopt.port import Network

_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Origin:
    """The identity of one adopted network.

    Parameters
    ----------
    what : str
        ``module:name``, or the file of a program.
    package : str
        Name and version of the package that has the class; "" for a file of one's own.
    code_files : int
        Python files of that package, or of the folder of one's own, that were imported.
    code_sha256 : str
        Of these files, by their names; "" for a program.
    weights : str
        The file's name; "" where the class sets its own weights.
    weights_sha256 : str
    num_parameters : int
    """

    what: str
    package: str
    code_files: int
    code_sha256: str
    weights: str
    weights_sha256: str
    num_parameters: int

    @staticmethod
    def of(spec: Network, network: nn.Module) -> "Origin":
        """Look at a network that was just built; its module is still imported.

        Parameters
        ----------
        spec : Network
        network : nn.Module
            Its parameters are counted.
        """
        module = spec.build.partition(":")[0]
        files = _files_beside(module) if spec.program is None else {}
        weights = spec.program or spec.weights
        return Origin(
            what=spec.build or (spec.program.name if spec.program else ""),
            package=_package(module) if module else "",
            code_files=len(files),
            code_sha256=_digest(files),
            weights=weights.name if weights else "",
            weights_sha256=sha256_of(weights) if weights else "",
            num_parameters=sum(each.numel() for each in network.parameters()),
        )

    @property
    def in_short(self) -> str:
        """Say whose network, from which file, with which hash."""
        named = f"{self.what} of {self.package}" if self.package else self.what
        if not self.weights:
            return f"{named} (no file of weights)"
        file = "" if self.weights == self.what else f"{self.weights}, "
        return f"{named} ({file}SHA-256 {self.weights_sha256[:16]}…)"


def _package(module: str) -> str:
    """Name and version of what was installed; "" where a file of the user's shadows it, too."""
    top = module.partition(".")[0]
    found = getattr(sys.modules.get(top), "__file__", None) or ""
    if not any(name in Path(found).parts for name in _INSTALLED) and not _is_distributed(found):
        return ""
    owners = metadata.packages_distributions().get(top, [])
    return f"{owners[0]} {metadata.version(owners[0])}" if owners else ""


def _is_distributed(file: str) -> bool:
    """Whether its package's description stands beside it, as an installer leaves it."""
    place = Path(file)
    folder = place.parent.parent if place.stem == "__init__" else place.parent
    return bool(file) and any(folder.glob(f"{_glob(place)}-*.dist-info"))


def _glob(place: Path) -> str:
    return place.parent.name if place.stem == "__init__" else place.stem


def _files_beside(module: str) -> dict[str, Path]:
    """The imported Python files of the module's package, or of the folder that it stands in."""
    top = sys.modules.get(module.partition(".")[0])
    file = getattr(top, "__file__", None)
    if not file:
        return {}
    root = Path(file).parent
    if Path(file).stem != "__init__" and any(name in root.parts for name in _INSTALLED):
        return {Path(file).name: Path(file)}
    found = {}
    for module_name, each in list(sys.modules.items()):
        path = Path(getattr(each, "__file__", None) or "")
        if module_name.partition(".")[0] == "ganatomy":  # we are in its folder
            continue
        if path.suffix == ".py" and path.is_relative_to(root):
            name = path.relative_to(root)
            if not any(part in name.parts for part in _INSTALLED):
                found[name.as_posix()] = path
    return found


def _digest(files: dict[str, Path]) -> str:
    if not files:
        return ""
    lines = [f"{sha256_of(path)}  {name}\n" for name, path in sorted(files.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
