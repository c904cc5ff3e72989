"""Images a second from a folder to pixels: ours, checked and copied, and a plain ImageFolder loop.

10,000 images of 64 px are written for it: noise enlarged from 8 px, so that JPEG and PNG have
something to do; half of the files are of each kind, in ten folders.
"""

# ruff: noqa: E501  the lines are those of the page

import resource
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.tables import Result, machine_line, table
from ganatomy.data.decoding import read_files
from ganatomy.data.duplicates import find_duplicates
from ganatomy.data.prepare import Prepared, prepare
from ganatomy.data.reading import DEFAULT_LIMITS
from ganatomy.data.sources import Raw, fetch

_COUNT, _SIDE, _CLASSES, _BATCH = 10_000, 64, 10, 64
_ROUNDS = 3
_MANY = 100_000
_WORKERS = (1, 2)  # ours; torchvision's are 0 and 2


def measure(count: int = _COUNT, rounds: int = _ROUNDS) -> dict[str, Any]:
    """Time each way by turns, on files that the system has in memory by then."""
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {}
    with TemporaryDirectory() as name:
        folder = Path(name) / "images"
        write_images(folder, count)
        for _ in range(rounds):
            for workers in _WORKERS:
                with TemporaryDirectory(dir=name) as copies:
                    into = Path(copies) / "files"
                    took, raw = _timed(_fetched, folder, into, workers)
                    seconds.setdefault(f"fetch, {workers}", []).append(took)
                    took, images = _timed(_read, raw, workers)
                    seconds.setdefault(f"read, {workers}", []).append(took)
            for workers in (0, 2):
                took, _ = _timed(_plain_loop, folder, workers)
                seconds.setdefault(f"torchvision, {workers}", []).append(took)
            took, _ = _timed(find_duplicates, images)
            seconds.setdefault("duplicates", []).append(took)
    searching = seconds.pop("duplicates")
    return {
        "count": count,
        "side": _SIDE,
        "rounds": rounds,
        "images_per_s": {
            way: round(count / statistics.fmean(took)) for way, took in seconds.items()
        },
        "seconds": {way: [round(each, 3) for each in took] for way, took in seconds.items()},
        "duplicates_s": [round(took, 2) for took in searching],
        "peak_gib": _peak_gib(),
    }


def measure_many(count: int = _MANY) -> dict[str, Any]:
    """Fetch and prepare many images once, in a process of its own: what it takes at most is its."""
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:
        return apart.submit(_many, count).result()


def _many(count: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    with TemporaryDirectory() as name:
        folder = Path(name) / "images"
        write_images(folder, count)
        fetching, raw = _timed(_fetched, folder, Path(name) / "files", 1)
        preparing, prepared = _timed(_prepared, raw)
        comparing, _ = _timed(find_duplicates, prepared.train.images)
    return {
        "count": count,
        "fetch_s": round(fetching, 1),
        "prepare_s": round(preparing, 1),
        "num_train": len(prepared.train),
        "duplicates_in_train_s": round(comparing, 1),
        "peak_gib": _peak_gib(),
    }


def _peak_gib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def write_images(folder: Path, count: int) -> None:
    """Write the files that are read."""
    draw = np.random.default_rng(0)
    for k in range(count):
        path = folder / str(k % _CLASSES) / f"{k:05d}.{'png' if k % 2 else 'jpg'}"
        path.parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(path)


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work(*arguments)
    return time.perf_counter() - start, found


def _fetched(folder: Path, into: Path, workers: int) -> Raw:
    return fetch(
        "image-folder",
        folder,
        0,
        retries=0,
        warn=lambda text: None,
        into=into,
        num_workers=workers,
    )


def _read(raw: Raw, workers: int) -> torch.Tensor:
    found = read_files(
        raw, _SIDE, DEFAULT_LIMITS, progress=lambda done, total: None, num_workers=workers
    )
    assert len(found.images) == len(raw.files)
    return found.images


def _prepared(raw: Raw) -> Prepared:
    return prepare(
        raw,
        _SIDE,
        0,
        test_fraction=0.2,
        min_images=100,
        limits=DEFAULT_LIMITS,
        seed=0,
        progress=lambda done, total: None,
    )


def _plain_loop(folder: Path, workers: int) -> None:
    steps = transforms.Compose([transforms.Resize(_SIDE), transforms.ToTensor()])
    for _ in DataLoader(ImageFolder(str(folder), steps), _BATCH, num_workers=workers):
        pass


_WAYS = {
    "fetch, 1": "`fetch`: each file decoded once to check it, and copied; 1 process",
    "fetch, 2": "the same, 2 processes",
    "read, 1": "`prepare`: decoded, resized, kept as bytes; 1 process",
    "read, 2": "the same, 2 processes",
    "torchvision, 0": "`ImageFolder`, `Resize`, `ToTensor`; no worker",
    "torchvision, 2": "the same, 2 workers",
}


def section(results: list[Result]) -> str:
    """The part of docs/benchmarks.md."""
    result, many = sorted(results, key=lambda each: int(each["count"]))
    speed = result["images_per_s"]
    rows = [
        [words, f"{result['images_per_s'][way]:,}", ", ".join(map(str, result["seconds"][way]))]
        for way, words in _WAYS.items()
    ]
    heads = ["what", "images a second", f"seconds for {result['count']:,}"]
    searching = ", ".join(map(str, result["duplicates_s"]))
    return f"""\
## Reading a folder

{machine_line(result)}

{result["count"]:,} images of {result["side"]} px written for it, half JPEG and half PNG, noise enlarged from 8 px; means of {result["rounds"]} rounds, by turns, from files that the system had
in memory. The machine was shared, other work wanted its cores the whole time, so what two processes give on free cores is not told: here `prepare` read {speed["read, 2"] / speed["read, 1"]:.2f} times
as fast with two as with one, and {speed["read, 1"] / speed["torchvision, 0"]:.2f} times as fast as the plain loop, which checks nothing; `fetch`, which writes a copy, {speed["fetch, 1"] / speed["torchvision, 0"]:.2f} times. Looking for duplicates comes on top:
{searching} s with one thread. Peak memory of the first process: {result["peak_gib"]} GiB.

{table(heads, rows)}

{many["count"]:,} such images, once, one process and one thread: `fetch` {many["fetch_s"]} s, `prepare` {many["prepare_s"]} s with the search for duplicates (of the {many["num_train"]:,} for training alone: {many["duplicates_in_train_s"]} s;
it grows with the square of their number). Peak memory {many["peak_gib"]} GiB, of which the images are {many["count"] * 3 * _SIDE**2 / 2**30:.2f}."""
