"""Work in batches that shrink when the memory does not hold them."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")

# How torch says it where it raises a plain RuntimeError: the CPU's allocator on Linux and Windows,
# an asynchronous CUDA error and the MPS backend, cuBLAS and cuDNN.
_OUT_OF_MEMORY = ("defaultcpuallocator", "not enough memory", "out of memory", "alloc_failed")


def in_batches(
    compute: Callable[[int, int], T],
    total: int,
    batch_size: int,
    on_warning: Callable[[str], None] = lambda text: None,
) -> list[T]:
    """Call ``compute(start, stop)`` over [0, total); halve the batch where memory runs out.

    Parameters
    ----------
    compute : callable
        Must keep nothing of a call that failed.
    total, batch_size : int
    on_warning : callable
        Told of every halving.

    Returns
    -------
    list
        What each call gave, in order.

    Raises
    ------
    ValueError
        `batch_size` is less than 1.
    OutOfMemoryError, MemoryError or RuntimeError
        Even one item alone does not fit.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
    found: list[T] = []
    start = 0
    while start < total:
        stop = min(start + batch_size, total)
        try:
            found.append(compute(start, stop))
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error) or stop - start == 1:
                raise
        else:
            start = stop
            continue
        # outside of `except`: until then the error's frames hold what did not fit
        batch_size = (stop - start) // 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        on_warning(f"out of memory: going on in batches of {batch_size}")
    return found


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)
