"""Feature maps kept in one memory layout on their way in and out of linear layers.

Flattening a channels_last map copies it, and hands back a gradient that is not channels_last: every
operation behind it then mixes two layouts, which costs a third of a training step.
"""

import torch
from torch import nn
from torch.nn import functional


def is_channels_last(tensor: torch.Tensor) -> bool:
    """Say whether a tensor (n, c, h, w) or (out, in, h, w) lies in memory as (n, h, w, c)."""
    # by strides: under torch.func.vmap is_contiguous cannot be asked for a memory format, and the
    # channels of all networks of a pack lie side by side
    return tensor.stride(1) == 1 and tensor.stride(3) % tensor.shape[1] == 0


def to_channels_last(network: nn.Module) -> None:
    """Keep the network's tensors of four axes as channels_last, in place.

    As ``network.to(memory_format=torch.channels_last)``, which refuses networks that have tensors
    of five axes, say the modulated weights (1, out, in, h, w) of a style-based generator.
    """
    for tensor in (*network.parameters(), *network.buffers()):
        if tensor.ndim == 4:
            tensor.data = tensor.data.to(memory_format=torch.channels_last)


def laid_out_for(layers: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    """Return `hidden`, (n, c, h, w), channels_last if the first convolution's weight is."""
    if is_channels_last(next(weight for weight in layers.parameters() if weight.ndim == 4)):
        # as contiguous(memory_format=torch.channels_last), which vmap does not know
        return hidden.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)
    return hidden


class FlatLinear(nn.Linear):
    """`nn.Linear` on flattened feature maps, summed in the order in which they lie in memory.

    Takes maps of shape (n, c, h, w) with c * h * w = `in_features`; equals
    ``nn.Linear(hidden.flatten(1))`` up to the order of summation, and the gradient has the layout
    of the maps.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if not is_channels_last(input):
            return super().forward(input.flatten(1))
        weight = self.weight  # read once: under spectral norm every read is a power iteration
        rows = weight.view(-1, *input.shape[1:]).permute(0, 2, 3, 1).flatten(1)
        return functional.linear(input.permute(0, 2, 3, 1).flatten(1), rows, self.bias)
