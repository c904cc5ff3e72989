"""IDX files, plain and gzipped, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest

from ganatomy.data.idx import find_idx, read_idx
from ganatomy.errors import InputError
from tests.unit.conftest import WriteIdx


@pytest.mark.parametrize("name", ["a", "a.gz"])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 2), (300, 1, 1)])
def test_values_come_back(
    name: str, shape: tuple[int, ...], tmp_path: Path, write_idx: WriteIdx
) -> None:
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(read_idx(write_idx(tmp_path / name, values)).numpy(), values)


def test_format_is_the_published_one(tmp_path: Path) -> None:
    header = bytes([0, 0, 8, 2]) + (2).to_bytes(4, "big") + (3).to_bytes(4, "big")
    (tmp_path / "a").write_bytes(header + bytes([0, 1, 2, 253, 254, 255]))
    assert read_idx(tmp_path / "a").tolist() == [[0, 1, 2], [253, 254, 255]]


@pytest.mark.parametrize("name", ["a", "a.gz"])
@pytest.mark.parametrize("kept", [0, 1, 2, 3, 4, 7, 12, 20, -1])
def test_truncated_file_is_named(name: str, kept: int, tmp_path: Path, write_idx: WriteIdx) -> None:
    path = write_idx(tmp_path / name, np.arange(100, dtype=np.uint8).reshape(10, 10))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a whole IDX file") as caught:
        read_idx(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x00\x08\x01\x00\x00\x00\x02abc",  # more than the header says
        b"\x00\x00\x0d\x01\x00\x00\x00\x01abcd",  # floats
        b"\x00\x01\x08\x01\x00\x00\x00\x01a",
        b"<html>not found</html>",
    ],
)
def test_another_content_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match="not a whole IDX file"):
        read_idx(tmp_path / "a")


def test_no_damage_of_a_gzip_file_goes_unnoticed(tmp_path: Path, write_idx: WriteIdx) -> None:
    values = np.random.default_rng(0).integers(0, 5, 2000, dtype=np.uint8)
    path = write_idx(tmp_path / "a.gz", values)
    whole = path.read_bytes()
    refused = 0
    for position in range(10, len(whole), 7):  # behind gzip's own header
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 64]) + whole[position + 1 :])
        try:
            np.testing.assert_array_equal(read_idx(path).numpy(), values)
        except InputError:
            refused += 1
    assert refused > 50


def test_first_folder_wins_and_plain_before_gzipped(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    assert find_idx("x", folders) is None
    (folders[1] / "x").touch()
    assert find_idx("x", folders) == folders[1] / "x"
    (folders[0] / "x.gz").touch()
    assert find_idx("x", folders) == folders[0] / "x.gz"
    (folders[0] / "x").touch()
    assert find_idx("x", folders) == folders[0] / "x"


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    assert find_idx("x", [tmp_path]) is None
