"""What outside the code decides numbers: package versions, device type, and a user's own files.

Five small files that stages depend on, written before a run and never by a stage. No torch here:
this runs before every run, and importing torch costs more than checking the whole pipeline.
"""

import ctypes
import hashlib
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

from ganatomy.errors import InputError
from ganatomy.files import read_json, sha256_of, write_json
from tasks.params.base import Base
from tasks.params.evaluate import Evaluate
from tasks.params.fetch import Fetch
from tasks.params.gan import GanSection
from tasks.params.variants import Variants
from tasks.provenance import ENVIRONMENT, FEATURES, INCEPTION, NETWORKS

SOURCE = Path("source.json")
_PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "lime",
    "pillow",
    "pandas",
    "pyarrow",
    "matplotlib",
    "safetensors",
    "mlxtend",
)


def write(root: Path = Path(".")) -> None:
    """Write environment.json and the four files beside it where their content changed."""
    base = Base.load(root / "params.yaml")
    fetch = Fetch.load(root / "params.yaml")
    _write_if_new(
        root / ENVIRONMENT,
        {
            "packages": {name: metadata.version(name) for name in _PACKAGES},
            "python": ".".join(platform.python_version_tuple()[:2]),
            "device": _device(base.device),
        },
    )
    own_folder = fetch.source == "image-folder"
    _write_if_new(
        root / SOURCE,
        {
            "listing": _listing(root / fetch.root) if own_folder else "",
            "attributes": _own_file(root / fetch.attributes),
        },
    )
    weights = Evaluate.load(root / "params.yaml").inception_weights
    _write_if_new(root / INCEPTION, {"weights": _own_file(root / weights)})
    method = GanSection.load(root / "params.yaml")
    _write_if_new(
        root / NETWORKS,
        {name: _own_code(root, getattr(method, name)) for name in ("generator", "discriminator")},
    )
    variants = Variants.load(root / "params.yaml")
    own = [entry for entry in variants.features if ":" in entry]
    _write_if_new(
        root / FEATURES,
        {
            "masks": {path: _own_file(root / path) for path in variants.masks},
            "own": {entry: _own_code(root, entry) for entry in own},
        },
    )


def _own_file(path: Path) -> str:
    """A hash of a user's file; "" without one."""
    return sha256_of(path) if path.is_file() else ""


def _own_code(root: Path, name: str) -> str:
    """A hash of the file of a user's class, ``module:Class``; "" for one of ours."""
    module, colon, _ = name.partition(":")
    if not colon:
        return ""
    path = root.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return sha256_of(candidate)
    return "not a file of this project"


def _write_if_new(path: Path, value: dict[str, Any]) -> None:
    try:
        if read_json(path) == value:
            return
    except InputError:
        pass  # missing or damaged: write it
    write_json(path, value)


def _listing(folder: Path) -> str:
    """A hash over names, sizes and times of the files below a folder, or that there is none.

    New images in the user's folder then make `fetch` stale without being read here.
    """
    if not folder.is_dir():
        return "no such folder"
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _device(wanted: str) -> str:
    """The device type that `wanted` resolves to, with the GPU's name, asked from the driver."""
    name = None if wanted == "cpu" else _cuda_name()
    return "cpu" if name is None else f"cuda: {name}"


def _cuda_name() -> str | None:
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    count, buffer = ctypes.c_int(), ctypes.create_string_buffer(100)
    if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)) or count.value == 0:
        return None
    driver.cuDeviceGetName(buffer, 100, 0)
    return buffer.value.decode()


if __name__ == "__main__":
    write()
