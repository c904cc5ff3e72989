"""Convolutions in the memory layout in which the CPU is fastest."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def channels_last(model: nn.Module, works: Callable[[], object]) -> Iterator[bool]:
    """Lay out the weights of a network on the CPU as (out, h, w, in), if `works` still passes.

    Inference with a small discriminator on many small images then takes less than half the time.
    A network that looks at memory (``view`` behind a convolution) fails then, and so does one
    whose forward pass was compiled for another layout: `works` tries. The values of the weights
    stay as they are, and so does their layout after the block, on an error too.

    Parameters
    ----------
    model : nn.Module
    works : callable
        A forward pass; its RuntimeError means that the layout stays as it was.

    Yields
    ------
    bool
        Whether the weights are laid out so.
    """
    before = [
        (weight, weight.data)
        for weight in model.parameters()
        if weight.ndim == 4 and weight.device.type == "cpu"
    ]
    try:
        with torch.inference_mode(False), torch.no_grad():
            for weight, data in before:
                weight.data = data.contiguous(memory_format=torch.channels_last)
        if before and not _tried(works):
            _restore(before)
            before = []
        yield bool(before)
    finally:
        _restore(before)


def _tried(works: Callable[[], object]) -> bool:
    try:
        works()
    except RuntimeError:
        return False
    return True


def _restore(before: list[tuple[nn.Parameter, torch.Tensor]]) -> None:
    for weight, data in before:
        weight.data = data
