"""Inception features from a file of random weights: the real ones are not to be had offline."""

import builtins
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch_fidelity import feature_extractor_inceptionv3 as peer

from ganatomy.errors import InputError
from ganatomy.metrics.inception import OFFICIAL, inception_features

CPU = torch.device("cpu")
State = dict[str, torch.Tensor]


@pytest.fixture(autouse=True, scope="module")
def _no_download() -> Iterator[None]:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a download was tried")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peer, "load_state_dict_from_url", refuse)
        yield


@pytest.fixture(scope="module")
def state() -> State:
    """Random weights of the right names and shapes, at a scale where features differ."""
    draw = torch.Generator().manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peer, "load_state_dict_from_url", lambda *args, **options: {})
        patch.setattr(nn.Module, "load_state_dict", lambda self, state: None)
        found: State = peer.FeatureExtractorInceptionV3("inception", ["2048"]).state_dict()
    for name, tensor in found.items():
        if name.endswith("conv.weight"):
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=draw)
    return found


@pytest.fixture(scope="module")
def weights(state: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file a user would have: a state dict saved by torch."""
    path = tmp_path_factory.mktemp("inception") / OFFICIAL
    torch.save(state, path)
    return path


@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 64)])
def test_equal_to_torch_fidelitys_own(channels: int, size: int, weights: Path) -> None:
    draw = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (3, channels, size, size), generator=draw, dtype=torch.uint8)
    images[1] //= 4
    network = peer.FeatureExtractorInceptionV3(
        "inception", ["2048"], feature_extractor_weights_path=str(weights)
    )
    colour = images if channels == 3 else torch.cat([images] * 3, 1)
    expected = network(colour)[0].double()
    found = inception_features(images, weights, CPU, batch_size=2)
    assert found.shape == (3, 2048)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert float((found[0] - found[1]).abs().max()) > 0.01


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of Inception weights") as caught:
        inception_features(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), tmp_path / "none.pth", CPU)
    assert caught.value.where == str(tmp_path / "none.pth")
    assert OFFICIAL in caught.value.remedy


class _Foreign:
    """Unpickling it would call print."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("code from the file ran",)


@pytest.mark.parametrize("damage", ["empty", "truncated", "foreign", "lacking", "other shape"])
def test_not_these_weights(
    damage: str, state: State, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weights.pth"
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "truncated":
        path.write_bytes(weights.read_bytes()[:10_000])
    elif damage == "foreign":
        torch.save({**state, "extra": _Foreign()}, path)
    elif damage == "lacking":
        torch.save({name: value for name, value in state.items() if "fc" not in name}, path)
    else:
        torch.save({**state, "fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(InputError, match="not Inception weights") as caught:
        inception_features(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), path, CPU)
    assert caught.value.where == str(path)
    assert "code from the file ran" not in capsys.readouterr().out


def test_package_missing(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("torch_fidelity"):
            raise ModuleNotFoundError(name, name="torch_fidelity")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match="torch_fidelity is not installed") as caught:
        inception_features(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), weights, CPU)
    assert "fid" in caught.value.remedy
