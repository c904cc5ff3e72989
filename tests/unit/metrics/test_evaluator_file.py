"""The evaluator comes back from disk, or the file is named."""

from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import Evaluator

CPU = torch.device("cpu")


def test_comes_back(tmp_path: Path) -> None:
    network = Evaluator(3, 4, 2)
    evaluator_file.save(network, tmp_path / "e", ("cat", "dog"))
    found, names = evaluator_file.load(tmp_path / "e", CPU)
    assert names == ("cat", "dog")
    expected = network.state_dict()
    assert found.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[k]) for k, value in found.state_dict().items())
    assert not any(parameter.requires_grad for parameter in found.parameters())
    assert not found.training


@pytest.mark.parametrize("name", ["evaluator.safetensors", "evaluator.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damage_is_named(name: str, damage: str, tmp_path: Path) -> None:
    evaluator_file.save(Evaluator(3, 4, 2), tmp_path, ("cat", "dog"))
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if damage == "truncated":
        (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as caught:
        evaluator_file.load(tmp_path, CPU)
    assert caught.value.where == str(tmp_path / name)


@pytest.mark.parametrize("change", [{"width": 8}, {"channels": 1}, {"class_names": ["one"]}])
def test_weights_that_do_not_fit(change: dict[str, object], tmp_path: Path) -> None:
    evaluator_file.save(Evaluator(3, 4, 2), tmp_path, ("cat", "dog"))
    about = read_json(tmp_path / "evaluator.json")
    write_json(tmp_path / "evaluator.json", {**about, **change})
    with pytest.raises(InputError, match="do not fit"):
        evaluator_file.load(tmp_path, CPU)
