"""The layers of N networks as one call each, for code that is written for one network.

Under `torch.func.vmap` over the networks' weights, feature maps are kept as (b, N * c, h, w),
channels last: every network is a group of channels, BatchNorm over N * c channels is N BatchNorms,
and nothing is copied from one layer to the next (HFTA, Wang et al. 2021, arXiv 2102.02344).
"""

from collections.abc import Callable
from typing import Any, get_args

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ganatomy.gan.settings import Stacking

BACKENDS: tuple[str, ...] = get_args(Stacking)
_THIN = 3  # output channels up to which a transposed convolution is better done by depth

Pair = tuple[int, int]


class StackedLayers(TorchFunctionMode):
    """Context in which convolutions and BatchNorm under vmap are one call for all networks.

    Parameters
    ----------
    backend : str in {"grouped", "bmm"}
        ``grouped``: grouped convolutions. ``bmm``: patches are laid out side by side (im2col) and
        multiplied by each network's weights in one batched matrix product.
    """

    def __init__(self, backend: str) -> None:
        super().__init__()
        self.backend = backend

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: tuple[type, ...],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        rule = _RULES.get(func)
        if rule is None or not any(_is_stacked(arg) for arg in (*args, *given.values())):
            return func(*args, **given)
        return rule(self.backend, *args, **given)


def _is_stacked(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and torch._C._functorch.is_batchedtensor(value)


def _conv2d(
    backend: str,
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair | str = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Any:
    if isinstance(padding, str):
        raise NotImplementedError(f"padding={padding!r}")
    geometry = (_pair(stride), _pair(padding), _pair(dilation), (0, 0))
    return _Convolution.apply(input, weight, bias, False, geometry, groups, backend)


def _conv_transpose2d(
    backend: str,
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: int | Pair = 1,
    padding: int | Pair = 0,
    output_padding: int | Pair = 0,
    groups: int = 1,
    dilation: int | Pair = 1,
) -> Any:
    geometry = (_pair(stride), _pair(padding), _pair(dilation), _pair(output_padding))
    return _Convolution.apply(input, weight, bias, True, geometry, groups, backend)


def _batch_norm(
    _backend: str,
    input: torch.Tensor,
    running_mean: torch.Tensor | None,
    running_var: torch.Tensor | None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    options = (training, momentum, eps)
    return _BatchNorm.apply(input, running_mean, running_var, weight, bias, options)


_RULES: dict[Any, Callable[..., Any]] = {
    torch.conv2d: _conv2d,
    torch.conv_transpose2d: _conv_transpose2d,
    functional.batch_norm: _batch_norm,
}


class _UnderVmap(torch.autograd.Function):
    """A function with a rule for vmap and nothing else; gradients are those of the rule's own."""

    @staticmethod
    def forward(*_args: Any) -> Any:
        raise NotImplementedError("outside of vmap the function itself is called")

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        pass


class _Convolution(_UnderVmap):
    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        images: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        transposed: bool,
        geometry: tuple[Pair, Pair, Pair, Pair],
        groups: int,
        backend: str,
    ) -> tuple[torch.Tensor, int]:
        count = info.batch_size
        maps = _as_groups(images, in_dims[0], count)
        kernels = _in_front(weight, in_dims[1], count).flatten(0, 1)
        offsets = None if bias is None else _in_front(bias, in_dims[2], count).flatten()
        stride, padding, dilation, extra = geometry
        if backend == "bmm" and groups == 1:
            result = _by_products(maps, kernels, offsets, transposed, geometry, count)
        elif not transposed:
            result = functional.conv2d(
                maps, kernels, offsets, stride, padding, dilation, count * groups
            )
        elif groups == 1 and weight.shape[-3] <= _THIN and _is_doubling(kernels, geometry):
            result = _doubling_by_depth(maps, kernels, offsets, count)
        else:
            result = functional.conv_transpose2d(
                maps, kernels, offsets, stride, padding, extra, count * groups, dilation
            )
        return result.unflatten(1, (count, -1)), 1


class _BatchNorm(_UnderVmap):
    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        images: torch.Tensor,
        running_mean: torch.Tensor | None,
        running_var: torch.Tensor | None,
        weight: torch.Tensor | None,
        bias: torch.Tensor | None,
        options: tuple[bool, float, float],
    ) -> tuple[torch.Tensor, int]:
        count = info.batch_size
        maps = _as_groups(images, in_dims[0], count)
        # view, never a copy: running statistics are written in place
        mean, var, gain, offset = (
            None if each is None else _in_front(each, dim, count).view(-1)
            for each, dim in zip((running_mean, running_var, weight, bias), in_dims[1:5])
        )
        result = functional.batch_norm(maps, mean, var, gain, offset, *options)
        return result.unflatten(1, (count, -1)), 1


def _as_groups(images: torch.Tensor, dim: int | None, count: int) -> torch.Tensor:
    """(b, N * c, ...): each network's channels side by side; of images channels last."""
    if dim is None:
        beside = images.unsqueeze(1).expand(-1, count, *images.shape[1:])
    else:
        beside = images.movedim(dim, 1)
    if beside.ndim != 5:
        return beside.flatten(1, 2)
    return beside.permute(0, 3, 4, 1, 2).contiguous().flatten(3).permute(0, 3, 1, 2)


def _in_front(value: torch.Tensor, dim: int | None, count: int) -> torch.Tensor:
    return value.expand(count, *value.shape) if dim is None else value.movedim(dim, 0)


def _pair(value: int | Pair) -> Pair:
    return (value, value) if isinstance(value, int) else value


def _is_doubling(kernels: torch.Tensor, geometry: tuple[Pair, Pair, Pair, Pair]) -> bool:
    """DCGAN's kernel of 4, stride 2, padding 1."""
    return kernels.shape[-2:] == (4, 4) and geometry == ((2, 2), (1, 1), (1, 1), (0, 0))


def _doubling_by_depth(
    maps: torch.Tensor, kernels: torch.Tensor, offsets: torch.Tensor | None, count: int
) -> torch.Tensor:
    """The same by a 2 x 2 kernel of stride 1 that gives the four pixels of a block as channels.

    With one output channel the direct way uses one lane of sixteen: measured three times slower.
    """
    num_in, num_out = kernels.shape[:2]
    blocks = kernels.view(num_in, num_out, 2, 2, 2, 2).permute(0, 3, 5, 1, 2, 4)
    flat = blocks.reshape(num_in, 4 * num_out, 2, 2).contiguous(memory_format=torch.channels_last)
    deep = functional.conv_transpose2d(maps, flat, None, groups=count)
    size, height, width = len(deep), deep.shape[2], deep.shape[3]
    pixels = deep.permute(0, 2, 3, 1).reshape(size, height, width, count, 2, 2, num_out)
    wide = pixels.permute(0, 1, 4, 2, 5, 3, 6).reshape(size, 2 * height, 2 * width, -1)
    result = wide[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
    return result if offsets is None else result + offsets.view(1, -1, 1, 1)


def _by_products(
    maps: torch.Tensor,
    kernels: torch.Tensor,
    offsets: torch.Tensor | None,
    transposed: bool,
    geometry: tuple[Pair, Pair, Pair, Pair],
    count: int,
) -> torch.Tensor:
    """im2col and one batched product; for a transposed convolution the product and col2im."""
    stride, padding, dilation, extra = geometry
    size, in_side = len(maps), maps.shape[2:]
    kernel = tuple(kernels.shape[2:])
    weight = kernels.reshape(count, -1, kernels[0].numel())  # (N, out or in, the rest)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    if transposed:
        columns = maps.reshape(size, count, -1, maps[0, 0].numel()).permute(1, 2, 0, 3).flatten(2)
        product = torch.bmm(weight.transpose(1, 2), columns)
        patches = product.view(count, product.shape[1], size, -1).permute(2, 0, 1, 3).flatten(1, 2)
        out = [
            (side - 1) * s - 2 * p + span + e
            for side, s, p, span, e in zip(in_side, stride, padding, spans, extra)
        ]
        result = functional.fold(patches, (out[0], out[1]), kernel, dilation, padding, stride)
    else:
        out = [
            (side + 2 * p - span) // s + 1
            for side, s, p, span in zip(in_side, stride, padding, spans)
        ]
        patches = functional.unfold(maps, kernel, dilation, padding, stride)
        columns = patches.view(size, count, weight.shape[2], -1).permute(1, 2, 0, 3).flatten(2)
        product = torch.bmm(weight, columns).view(count, -1, size, *out)
        result = product.permute(2, 0, 1, 3, 4).flatten(1, 2)
    return result if offsets is None else result + offsets.view(1, -1, 1, 1)
