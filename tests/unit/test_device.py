"""The device that was asked for, and settings that make it repeatable."""

from collections.abc import Iterator

import pytest
import torch

from ganatomy.device import make_deterministic, resolve_device
from ganatomy.errors import InputError


@pytest.mark.parametrize(
    ("name", "gpu", "expected"),
    [
        ("auto", True, "cuda"),
        ("auto", False, "cpu"),
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("cuda", True, "cuda"),
    ],
)
def test_device(name: str, gpu: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert resolve_device(name).type == expected


def test_cuda_without_a_gpu_is_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"base\.device"):
        resolve_device("cuda")


@pytest.fixture
def _settings_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = benchmark


@pytest.mark.usefixtures("_settings_restored")
@pytest.mark.parametrize("threads", [1, 2])
def test_make_deterministic(threads: int) -> None:
    torch.backends.cudnn.benchmark = True
    make_deterministic(threads)
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
