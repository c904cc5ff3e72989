"""The device that was asked for, and settings that make it repeatable."""

from collections.abc import Iterator

import pytest
import torch

from ganatomy.device import check_precision, make_deterministic, resolve_device
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
    with pytest.raises(InputError, match=r"\[device\]"):
        resolve_device("cuda")


@pytest.mark.parametrize(("capability", "fine"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_bfloat16_needs_a_gpu_that_computes_in_it(
    capability: tuple[int, int], fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    gpu = torch.device("cuda")
    check_precision("float32", gpu)
    if fine:
        check_precision("bfloat16", gpu)
    else:
        with pytest.raises(InputError, match=r"\[precision\]"):
            check_precision("bfloat16", gpu)


@pytest.mark.parametrize("fine", [False, True])
def test_bfloat16_needs_a_cpu_that_computes_in_it(
    fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: fine)
    cpu = torch.device("cpu")
    check_precision("float32", cpu)
    if fine:
        check_precision("bfloat16", cpu)
    else:
        with pytest.raises(InputError, match="cpu device: it would be far slower"):
            check_precision("bfloat16", cpu)


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
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.benchmark
