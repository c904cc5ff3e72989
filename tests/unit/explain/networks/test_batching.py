"""Batches that halve where memory runs out."""

import gc
import weakref
from collections.abc import Callable

import pytest
import torch

from ganatomy.explain.networks.batching import in_batches

VALUES = torch.arange(23.0)

ERRORS: list[Callable[[], BaseException]] = [
    lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    lambda: MemoryError(),
    lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] data. DefaultCPUAllocator: can't allocate memory"
    ),
    lambda: RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
]


def _up_to(
    limit: int, error: Callable[[], BaseException], asked: list[int]
) -> Callable[[int, int], torch.Tensor]:
    def compute(start: int, stop: int) -> torch.Tensor:
        asked.append(stop - start)
        if stop - start > limit:
            raise error()
        return VALUES[start:stop] ** 2

    return compute


@pytest.mark.parametrize("batch_size", [1, 5, 23, 24, 1000])
def test_batches_cover_everything_once_and_in_order(batch_size: int) -> None:
    asked: list[int] = []
    found = in_batches(_up_to(1000, MemoryError, asked), 23, batch_size)
    assert torch.equal(torch.cat(found), VALUES**2)
    assert len(found) == -(-23 // batch_size)
    assert max(asked) == min(batch_size, 23)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("limit", [1, 4, 9])
def test_the_result_is_the_same_where_memory_runs_out(
    error: Callable[[], BaseException], limit: int
) -> None:
    asked: list[int] = []
    warnings: list[str] = []
    found = in_batches(_up_to(limit, error, asked), 23, 16, on_warning=warnings.append)
    assert torch.equal(torch.cat(found), VALUES**2)
    sizes = {1: [8, 4, 2, 1], 4: [8, 4], 9: [8]}[limit]
    assert warnings == [f"out of memory: going on in batches of {size}" for size in sizes]
    assert asked[: len(sizes) + 1] == [16, *sizes]


def test_the_last_batch_may_be_halved_too() -> None:
    def compute(start: int, stop: int) -> torch.Tensor:
        if start == 16 and stop - start > 3:
            raise MemoryError
        return VALUES[start:stop] ** 2

    warnings: list[str] = []
    found = in_batches(compute, 23, 16, on_warning=warnings.append)
    assert torch.equal(torch.cat(found), VALUES**2)
    assert [len(part) for part in found] == [16, 3, 3, 1]
    assert len(warnings) == 1


@pytest.mark.parametrize("error", ERRORS)
def test_one_item_that_does_not_fit_is_an_error(error: Callable[[], BaseException]) -> None:
    asked: list[int] = []
    with pytest.raises(type(error())):
        in_batches(_up_to(0, error, asked), 23, 8)
    assert asked == [8, 4, 2, 1]


@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyboardInterrupt])
def test_other_errors_pass_through(error: type[BaseException]) -> None:
    asked: list[int] = []
    with pytest.raises(error, match="sizes of tensors must match"):
        in_batches(_up_to(1, lambda: error("sizes of tensors must match"), asked), 23, 8)
    assert asked == [8]


def test_what_did_not_fit_is_free_before_the_next_attempt() -> None:
    large: list[weakref.ref[torch.Tensor]] = []

    def compute(start: int, stop: int) -> int:
        assert all(each() is None for each in large)
        activations = torch.zeros(stop - start)
        large.append(weakref.ref(activations))
        if stop - start > 2:
            raise MemoryError
        return len(activations)

    gc.disable()
    try:
        assert in_batches(compute, 5, 8) == [2, 2, 1]
    finally:
        gc.enable()


def test_nothing_and_no_batch() -> None:
    assert in_batches(lambda start, stop: 1, 0, 4) == []
    for batch_size in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            in_batches(lambda start, stop: 1, 3, batch_size)
