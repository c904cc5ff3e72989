"""Tensors on disk: equal ones are equal bytes, damaged ones are named, none are unpickled."""

from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.tensors import read_tensors, write_tensors


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


@pytest.mark.parametrize("kept", [0, 1, 7, 8, 20, 60, -1])
def test_truncated_tensors_are_named(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    write_tensors(path, {"w": torch.rand(50)})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        read_tensors(path)
    assert caught.value.where == str(path)


def test_missing_tensors_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file not found") as caught:
        read_tensors(tmp_path / "none")
    assert caught.value.where == str(tmp_path / "none")


def test_pickles_are_not_read(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2)}, tmp_path / "w")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_tensors(tmp_path / "w")
