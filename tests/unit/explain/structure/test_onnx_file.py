"""Networks as ONNX files: run by onnxruntime, and refused in words."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.structure.onnx_file import export_onnx

IMAGES = torch.randn(7, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def _network() -> nn.Module:
    return nn.Sequential(
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(1, 4, 3)),
        nn.BatchNorm2d(4),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(144, 1),
        nn.Flatten(0),
    )


def test_the_file_gives_what_the_network_gives_for_any_number_of_images(tmp_path: Path) -> None:
    network = _network().train()
    before = {name: each.clone() for name, each in network.state_dict().items()}
    done = export_onnx(network, IMAGES, tmp_path / "model.onnx")
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    assert all(each.training for each in network.modules())
    onnx.checker.check_model(str(tmp_path / "model.onnx"), full_check=True)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    network.eval()
    for count in (1, 7):
        (found,) = session.run(None, {"input": IMAGES[:count].numpy()})
        np.testing.assert_allclose(found, network(IMAGES[:count]).detach().numpy(), atol=1e-5)
    assert done.largest_difference <= 1e-5 * max(1, done.largest_output)
    assert done.num_inputs == 7


class _Own(nn.Module):
    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def forward(self, images: torch.Tensor) -> object:
        if self.what == "noise":
            return images + torch.randn_like(images)
        if self.what == "two":
            return images, images
        if self.what == "branch":
            return images * 2 if images.sum() > 1e9 else images
        return images * len(images.tolist())


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("noise", "draws random numbers"),
        ("two", "returns a tuple"),
        ("branch", "as ONNX: "),
        ("size", "as ONNX: "),
    ],
)
def test_what_cannot_be_written_is_told_and_no_file_is_left(
    what: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        export_onnx(_Own(what), IMAGES, tmp_path / "model.onnx")
    assert "\n" not in caught.value.what
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"onnxruntime.*ganatomy\[onnx\]"):
        export_onnx(_network(), IMAGES, tmp_path / "model.onnx")
