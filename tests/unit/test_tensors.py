"""Tensors on disk: equal ones are equal bytes, damaged ones are named, none are unpickled."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.tensors import read_notes, read_tensors, write_tensors


def test_tensors_come_back(tmp_path: Path) -> None:
    transposed = torch.arange(6).reshape(2, 3).T
    write_tensors(tmp_path / "t", {"x": torch.rand(2, 2).requires_grad_(), "y": transposed})
    found = read_tensors(tmp_path / "t")
    assert sorted(found) == ["x", "y"]
    assert torch.equal(found["y"], torch.tensor([[0, 3], [1, 4], [2, 5]]))
    assert found["x"].dtype == torch.float32


def test_equal_tensors_are_equal_bytes(tmp_path: Path) -> None:
    a, b = torch.zeros(3), torch.ones(2, dtype=torch.uint8)
    write_tensors(tmp_path / "ab", {"a": a, "b": b})
    write_tensors(tmp_path / "ba", {"b": b.clone(), "a": a.clone()})
    assert (tmp_path / "ab").read_bytes() == (tmp_path / "ba").read_bytes()


def test_equal_tensors_with_notes_are_equal_bytes(tmp_path: Path) -> None:
    notes = {"target": "d_logit", "layers": "layers.0", "size": "28", "seed": "0"}
    contents = set()
    for _ in range(20):
        write_tensors(tmp_path / "t", {"a": torch.zeros(3)}, notes)
        contents.add((tmp_path / "t").read_bytes())
    assert len(contents) == 1


def test_notes_come_back_and_may_be_missing(tmp_path: Path) -> None:
    write_tensors(tmp_path / "t", {"a": torch.zeros(3)}, {"target": "d_logit", "layers": "0,2"})
    assert read_notes(tmp_path / "t") == {"target": "d_logit", "layers": "0,2"}
    write_tensors(tmp_path / "plain", {"a": torch.zeros(3)})
    assert read_notes(tmp_path / "plain") == {}
    with pytest.raises(InputError, match="absent"):
        read_notes(tmp_path / "absent")
    (tmp_path / "t").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_notes(tmp_path / "t")


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 7, 8, 20, 60, -1])
def test_truncated_tensors_are_named(kept: int, mapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_tensors(path, {"w": torch.rand(50)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        read_tensors(path, mapped)
    assert caught.value.where == str(path)


def test_missing_tensors_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file not found") as caught:
        read_tensors(tmp_path / "none")
    assert caught.value.where == str(tmp_path / "none")


def test_pickles_are_not_read(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2)}, tmp_path / "w")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_tensors(tmp_path / "w")


@pytest.mark.parametrize("mapped", [False, True])
def test_mapped_tensors_are_the_same_and_aligned(mapped: bool, tmp_path: Path) -> None:
    tensors = {
        "images": torch.arange(45, dtype=torch.uint8).reshape(5, 1, 3, 3),
        "labels": torch.arange(5) - 1,
        "scalar": torch.tensor(2.5),
        "none": torch.zeros(0, 3),
    }
    write_tensors(tmp_path / "t", tensors, {"about": "an odd number of bytes"})
    found = read_tensors(tmp_path / "t", mapped)
    assert sorted(found) == sorted(tensors)
    for name, tensor in tensors.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)
        assert found[name].data_ptr() % tensor.element_size() == 0


@pytest.mark.parametrize("mapped", [False, True])
def test_writing_into_tensors_leaves_the_file_alone(mapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_tensors(path, {"x": torch.arange(5)})
    before = path.read_bytes()
    found = read_tensors(path, mapped)["x"]
    found += 1
    assert found.tolist() == [1, 2, 3, 4, 5]
    assert path.read_bytes() == before
    assert read_tensors(path, mapped)["x"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("mapped", [False, True])
def test_tensors_outlive_their_file(mapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "t"
    write_tensors(path, {"x": torch.arange(5)})
    found = read_tensors(path, mapped)["x"]
    write_tensors(path, {"x": torch.zeros(5)})
    assert found.tolist() == [0, 1, 2, 3, 4]
    path.unlink()
    assert found.tolist() == [0, 1, 2, 3, 4]


_MEASURE = """
import sys
from pathlib import Path

import psutil
import torch

from ganatomy.tensors import read_tensors

def used():
    return psutil.Process().memory_info().rss

path = Path(sys.argv[1])
for mapped in (True, False):
    read_tensors(path.with_name("small"), mapped)  # what the first call loads is not counted
    before = used()
    images = read_tensors(path, mapped)["images"]
    read = used()
    found = images[[0, 2**15, len(images) - 1], 0].tolist()
    picked = used()
    found.append(int(images.max()))  # a sum would first copy them as int64
    print(read - before, picked - before, used() - before, *found)
    del images
"""


def test_mapped_tensors_take_memory_when_they_are_touched(tmp_path: Path) -> None:
    """A file of 300 MiB, mostly a hole, so that nothing much is written."""
    rows, width = 300 * 1024, 1024
    size = rows * width
    about = {"images": {"dtype": "U8", "shape": [rows, width], "data_offsets": [0, size]}}
    header = json.dumps(about).encode()
    header += b" " * (-len(header) % 8)
    with (tmp_path / "big").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        start = file.tell()
        file.truncate(start + size)
        for row, value in ((0, 1), (2**15, 2), (rows - 1, 3)):
            file.seek(start + row * width)
            file.write(bytes([value]))
    write_tensors(tmp_path / "small", {"x": torch.zeros(3)})
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, tmp_path / "big"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    mapped, plain = (list(map(int, line.split())) for line in done.stdout.splitlines())
    assert mapped[3:] == plain[3:] == [1, 2, 3, 3]
    assert mapped[1] < 0.1 * size  # the kernel maps some neighbours of each touched page too
    assert 0.9 * size < mapped[2] < 1.2 * size
    assert 0.9 * size < plain[0] < 1.2 * size
