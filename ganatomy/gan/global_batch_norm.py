"""BatchNorm whose statistics are those of all ranks' images: what one process would compute.

`nn.SyncBatchNorm` does the same on GPUs alone, and has no second derivative, which penalties on
D's gradient need.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def global_batch_norm(*networks: nn.Module) -> Iterator[None]:
    """Let every BatchNorm in train mode normalise over the global batch within the block.

    Every rank has to call it with equally many images, and to go back through it the same way. The
    modules, their names and their states stay as they are.
    """
    norms = [
        module
        for network in networks
        for module in network.modules()
        if isinstance(module, _BatchNorm)
    ]
    for module in norms:
        vars(module)["forward"] = partial(_forward, module)
    try:
        yield
    finally:
        for module in norms:
            del vars(module)["forward"]


class _Sum(torch.autograd.Function):
    """The sum over all ranks, and so is the gradient's, to any order."""

    @staticmethod
    def forward(_context: Any, values: torch.Tensor) -> torch.Tensor:
        total = values.clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: torch.Tensor) -> Any:
        return _Sum.apply(gradient)


def _forward(module: _BatchNorm, images: torch.Tensor) -> torch.Tensor:
    if not module.training:
        result: torch.Tensor = type(module).forward(module, images)
        return result
    module._check_input_dim(images)
    values = images.to(torch.promote_types(images.dtype, torch.float32))  # bfloat16 is too coarse
    over = [axis for axis in range(values.ndim) if axis != 1]
    var, mean = _of_all_ranks(*torch.var_mean(values, over, correction=0))
    num_values = values[:, 0].numel() * distributed.get_world_size()
    _remember(module, mean.detach(), var.detach() * (num_values / (num_values - 1)))
    shape = [-1 if axis == 1 else 1 for axis in range(values.ndim)]
    scale = torch.rsqrt(var + module.eps)
    if module.affine:
        scale = scale * module.weight
    normalised = (values - mean.view(shape)) * scale.view(shape)
    if module.affine:
        normalised = normalised + module.bias.view(shape)
    return normalised.to(images.dtype)


def _of_all_ranks(var: torch.Tensor, mean: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Variance and mean over equally large parts, one on each rank, in one exchange."""
    place = torch.arange(distributed.get_world_size(), device=var.device)
    own = (place == distributed.get_rank())[:, None, None]
    moments = _Sum.apply(own * torch.stack([var, mean]))
    vars_, means = moments.unbind(1)
    mean = means.mean(0)
    return (vars_ + (means - mean).square()).mean(0), mean


@torch.no_grad()
def _remember(module: _BatchNorm, mean: torch.Tensor, unbiased_var: torch.Tensor) -> None:
    means, variances, count = module.running_mean, module.running_var, module.num_batches_tracked
    if means is None or variances is None or count is None:
        return
    count.add_(1)
    # without momentum a plain average over all batches
    share = 1 / float(count) if module.momentum is None else module.momentum
    means.lerp_(mean, share)
    variances.lerp_(unbiased_var, share)
