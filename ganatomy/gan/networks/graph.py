"""What autograd recorded about an output."""

from typing import Any

import torch


def leaves(output: torch.Tensor) -> list[torch.Tensor]:
    """List every tensor with requires_grad that `output` was computed from, each once."""
    tensors: list[torch.Tensor] = []
    seen: set[Any] = set()
    open_nodes: list[Any] = [output.grad_fn]
    while open_nodes:
        node = open_nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            tensors.append(node.variable)
        open_nodes += [following for following, _ in node.next_functions]
    return tensors
