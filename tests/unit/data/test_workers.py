"""Several processes give what one gives, in the same order, and end whatever happens."""

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganatomy.data.decoding import read_files
from ganatomy.data.reading import DEFAULT_LIMITS, _within
from ganatomy.data.sources import Raw, fetch
from ganatomy.data.workers import in_order

COUNT = 600
BAD = (3, 256, 599)


def _square(number: int) -> int | str:
    if number == 300:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def _caller(number: int) -> int:
    return os.getpid()


def _endless(number: int) -> int | str:
    try:
        with _within(0.05):
            while number == 7:
                pass
    except TimeoutError as error:
        return str(error)
    return number


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that can all be told apart, three of them damaged."""
    root = tmp_path_factory.mktemp("many")
    draw = np.random.default_rng(0)
    for k in range(COUNT):
        path = root / f"{k % 3}" / f"{k:04d}.{'png' if k % 2 else 'jpg'}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (9, 11, 3), dtype=np.uint8)).save(path)
        if k in BAD:
            path.write_bytes(path.read_bytes()[:60])
    return root


def _fetch(folder: Path, into: Path, num_workers: int) -> Raw:
    return fetch(
        "image-folder",
        folder,
        0,
        retries=0,
        warn=lambda text: None,
        into=into,
        num_workers=num_workers,
    )


def test_files_are_the_same_for_any_number_of_processes(folder: Path, tmp_path: Path) -> None:
    raws = [_fetch(folder, tmp_path / str(count), count) for count in (1, 2)]
    one, two = raws
    assert len(one.files) == COUNT - len(BAD)
    assert [path.name for path in one.files] == [path.name for path in two.files]
    assert sorted(path.name for path in (tmp_path / "2").iterdir()) == [
        path.name for path in two.files
    ]
    for mine, other in zip(one.files, two.files):
        assert mine.read_bytes() == other.read_bytes()
    assert one.file_names == two.file_names
    assert one.refused == two.refused
    assert [entry["file"] for entry in one.refused] == ["0/0003.png", "1/0256.jpg", "2/0599.png"]


def test_pixels_are_the_same_for_any_number_of_processes(folder: Path) -> None:
    files = tuple(sorted(folder.rglob("*.*")))
    raw = Raw(None, torch.full((COUNT,), -1), torch.full((COUNT,), -1), (), files, "here")
    told: list[tuple[int, int]] = []
    found = [
        read_files(
            raw,
            8,
            DEFAULT_LIMITS,
            progress=lambda done, total: told.append((done, total)),
            num_workers=count,
        )
        for count in (1, 2, 3)
    ]
    for each in found:
        assert each.images.equal(found[0].images)
        assert each.kept.equal(found[0].kept)
        assert each.quarantine == found[0].quarantine
    assert len(found[0].images) == COUNT - len(BAD)
    assert told[: len(told) // 3] * 3 == told
    assert told[-1] == (COUNT, COUNT)


def test_the_work_is_shared_out() -> None:
    assert len(set(in_order(_caller, range(COUNT), 2, lost=len))) == 2
    assert set(in_order(_caller, range(COUNT), 1, lost=len)) == {os.getpid()}
    assert set(in_order(_caller, range(20), 2, lost=len)) == {os.getpid()}


@pytest.mark.parametrize("at_a_time", [1, 7, 16])
def test_a_process_that_dies_loses_one_item(at_a_time: int) -> None:
    found = list(in_order(_square, range(COUNT), 2, lost=str, at_a_time=at_a_time))
    assert found[300] == "the process that read it ended (signal 9)"
    assert found[:300] + found[301:] == [k * k for k in range(COUNT) if k != 300]
    assert multiprocessing.active_children() == []


def test_time_is_bounded_in_each_process() -> None:
    found = list(in_order(_endless, range(COUNT), 2, lost=str))
    assert found[7] == "not decoded within 0.05 s"
    assert found[8:] == list(range(8, COUNT))


def test_who_stops_early_leaves_no_process() -> None:
    results = in_order(_caller, range(COUNT), 2, lost=len)
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_no_process_outlives_the_one_that_started_it() -> None:
    code = (
        "from tests.unit.data.test_workers import _caller, COUNT\n"
        "from ganatomy.data.workers import in_order\n"
        "results = in_order(_caller, range(COUNT), 2, lost=len)\n"
        "print(*(next(results) for _ in range(40)), flush=True)\n"
        "input()"
    )
    reading, writing = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=[writing],
    ) as started:
        os.close(writing)
        assert started.stdout is not None
        assert len(set(started.stdout.readline().split())) == 2
        started.kill()
    assert os.read(reading, 1) == b""  # nobody has the other end: they are all gone
    os.close(reading)
