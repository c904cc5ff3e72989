"""What autograd recorded about an output."""

from typing import Any

import torch

# operations that rearrange values and leave them as they are
_REARRANGING = (
    "Squeeze",
    "View",
    "UnsafeView",
    "Reshape",
    "Select",
    "Slice",
    "Clone",
    "Alias",
    "ToCopy",
)
_SQUASHING = ("Sigmoid", "LogSigmoid", "Hardsigmoid", "Softmax", "Tanh")


def leaves(output: torch.Tensor) -> list[torch.Tensor]:
    """Every tensor with requires_grad that `output` was computed from, each once."""
    found: list[torch.Tensor] = []
    seen: set[Any] = set()
    open_nodes: list[Any] = [output.grad_fn]
    while open_nodes:
        node = open_nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        open_nodes += [following for following, _ in node.next_functions]
    return found


def squashing(output: torch.Tensor) -> str | None:
    """The bounded function that `output` ends in, say ``Sigmoid``, or None."""
    node: Any = output.grad_fn
    while node is not None:
        operation = node.name().partition("Backward")[0]
        if operation in _SQUASHING:
            return str(operation)
        if operation not in _REARRANGING:
            return None
        node = node.next_functions[0][0]
    return None
