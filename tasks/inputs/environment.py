"""What outside the code decides numbers: package versions, device type, and a user's own files.

No torch here: this runs before every run, and importing torch costs more than checking the whole
pipeline.
"""

import ctypes
import hashlib
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from ganatomy.data.folder import walk
from ganatomy.data.recipe import is_learned
from ganatomy.errors import InputError
from ganatomy.files import sha256_of
from tasks.evaluate.params import Evaluate
from tasks.fetch.params import Fetch
from tasks.importance.params import Importance
from tasks.inputs import adopted
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.params.gate import GateSection
from tasks.params.section import told_file
from tasks.params.trained_size import check_retrained_size
from tasks.prepare.params import Prepare
from tasks.rules.params import Rules
from tasks.shared.adopted import told_port
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED, REPORTS
from tasks.shared.own_code import digests
from tasks.shared.provenance import (
    ADOPTED,
    CHAMPION,
    CONCEPTS,
    ENVIRONMENT,
    FEATURES,
    INCEPTION,
    NETWORKS,
    RETRAINING,
    SOURCE,
)
from tasks.variants.params import Variants

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

_OF_GAN = ("networks.json", "generator_ema.safetensors", "discriminator.safetensors")
_OF_ADOPTED = ("adopted.json", "generator.safetensors")
_BESIDE_GAN = (
    EVALUATOR / "evaluator.safetensors",
    PREPARED / "train.safetensors",
    REPORTS / "importance" / "repeats.parquet",
)


def outside(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """List each file of `inputs` that is about something else than our code, and its content."""
    params = root / told_file()
    yield ENVIRONMENT, environment(params)
    fetch = Fetch.load(params)
    yield SOURCE, _source(root, fetch)
    weights = Evaluate.load(params).inception_weights
    yield INCEPTION, {"weights": _own_file(root / weights)}
    yield CHAMPION, _champion(root, GateSection.load(params).champion)
    gan = GanSection.load(params)
    networks = ("generator", "discriminator")
    yield NETWORKS, {name: digests(root, getattr(gan, name)) for name in networks}
    told = told_port(root, gan)
    yield ADOPTED, adopted.record(told, root)
    way = adopted.retraining(told, root, enabled=Importance.load(params).enabled)
    if way.get("ours"):
        check_retrained_size(Prepare.load(params).image_size, gan.model_dump())
    yield RETRAINING, way
    variants = Variants.load(params)
    own = [entry for entry in variants.features if ":" in entry and not is_learned(entry)]
    yield (
        FEATURES,
        {
            "masks": {path: _own_file(root / path) for path in variants.masks},
            "own": {entry: digests(root, entry) for entry in own},
        },
    )
    concepts = Rules.load(params).concepts
    yield CONCEPTS, {"own": {entry: digests(root, entry) for entry in concepts}}


def _source(root: Path, fetch: Fetch) -> dict[str, Any]:
    """Describe what the user gives as images: a folder or file, or a class and what it is to read.

    A class of an installed package may write into what it is told, such as a download.
    """
    listing = _listing(root / fetch.root, fetch.follow_links) if fetch.is_given else ""
    found = {"listing": listing, "attributes": _own_file(root / fetch.attributes)}
    if not fetch.is_own_class:
        return found
    code = digests(root, fetch.source)
    texts = {key: value for key, value in fetch.arguments.items() if isinstance(value, str)}
    paths = {key: root / value for key, value in texts.items() if value and (root / value).exists()}
    given = {key: _listing(path, fetch.follow_links) for key, path in paths.items()}
    return {**found, "code": code, "given": given if isinstance(code, dict) else {}}


def environment(params: Path) -> dict[str, Any]:
    """Return versions of the packages that decide numbers, Python's, and the device type."""
    return {
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "python": ".".join(platform.python_version_tuple()[:2]),
        "device": _device(Base.load(params).device),
    }


def _champion(root: Path, run: str) -> dict[str, str]:
    """Hashes of what is read of a finished run, by the paths in it; none without a run.

    Raises
    ------
    InputError
        There is no GAN of a finished run.
    """
    if not run:
        return {}
    is_adopted = (root / run / GAN / "adopted.json").is_file()
    of_gan = [GAN / name for name in (_OF_ADOPTED if is_adopted else _OF_GAN)]
    found = {path.as_posix(): _own_file(root / run / path) for path in (*of_gan, *_BESIDE_GAN)}
    if not all(found[path.as_posix()] for path in of_gan):
        raise InputError(
            f"there is no GAN in {run}/{GAN}",
            "gate.champion",
            "Name the folder of a finished run, or leave it empty.",
        )
    return found


def _own_file(path: Path) -> str:
    """A hash of a user's file; "" without one."""
    return sha256_of(path) if path.is_file() else ""


def _listing(folder: Path, follow_links: bool) -> str:
    """A hash over names, sizes and times of a file, or of those below a folder, or that none is.

    New images in the user's folder then make `fetch` stale without being read here.
    """
    digest = hashlib.sha256()
    if folder.is_file():
        about = folder.stat()
        digest.update(f"{folder.name}\0{about.st_size}\0{about.st_mtime_ns}\n".encode())
        return digest.hexdigest()
    if not folder.is_dir():
        return "no such folder"
    for entry in walk(folder, follow_links):
        size = time_ns = -1
        if not entry.refused:
            with suppress(OSError):  # what cannot be looked at, `fetch` refuses by name
                about = entry.path.stat()
                size, time_ns = about.st_size, about.st_mtime_ns
        digest.update(f"{entry.name}\0{entry.refused}\0{size}\0{time_ns}\n".encode())
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
