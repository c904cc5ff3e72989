"""Work in batches that shrink when the memory does not hold them."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from ganatomy.explain.networks.hooks import undisturbed

T = TypeVar("T")

# How torch says it where it raises a plain RuntimeError: the CPU's allocator on Linux and Windows,
# an asynchronous CUDA error and the MPS backend, cuBLAS and cuDNN.
_OUT_OF_MEMORY = ("defaultcpuallocator", "not enough memory", "out of memory", "alloc_failed")


def in_batches(
    compute: Callable[[int, int], T],
    total: int,
    batch_size: int,
    *,
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
    results: list[T] = []
    start = 0
    while start < total:
        stop = min(start + batch_size, total)
        try:
            results.append(compute(start, stop))
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
    return results


def device_of(network: nn.Module) -> torch.device:
    """Say where a network's parameters are; one without any runs on the CPU."""
    parameter = next(network.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@torch.no_grad()
def outputs_of(network: nn.Module, inputs: torch.Tensor, batch_size: int = 256) -> torch.Tensor:
    """Run a network in eval mode on its own device, in batches, and give it back as it was.

    Returns
    -------
    Tensor of shape (n, ...)
        On the CPU.
    """
    device = device_of(network)
    with undisturbed(network):
        return torch.cat([network(part.to(device)).cpu() for part in inputs.split(batch_size)])


def _is_out_of_memory(error: RuntimeError | MemoryError) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return any(words in str(error).lower() for words in _OUT_OF_MEMORY)
