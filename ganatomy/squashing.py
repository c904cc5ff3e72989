"""The bounded function that a score ends in, read from the graph that autograd keeps."""

from typing import Any

import torch

# operations that rearrange values and leave them as they are
_REARRANGING = frozenset(
    {
        *("Squeeze", "Unsqueeze", "View", "UnsafeView", "Reshape", "ReshapeAlias", "Select"),
        *("Slice", "Index", "Transpose", "Permute", "T", "Expand", "Clone", "Alias", "ToCopy"),
        "Unbind",
    }
)
# operations that move and scale values, or join them
_SCALING = frozenset({"Mul", "Div", "Neg", "Add", "Sub", "Mean", "Sum"})
_SQUASHING = ("Sigmoid", "Tanh", "LogSigmoid", "Hardsigmoid", "Softmax", "LogSoftmax")


def squashing(values: torch.Tensor, *, scaled: bool = True) -> tuple[str, int]:
    """Find the bounded function that values end in, and over how many columns it goes.

    Parameters
    ----------
    values : Tensor
        As a network gave them; views may have followed.
    scaled : bool
        Look behind means, sums and scaling by numbers, too. What is scaled may be logits in spite
        of the function before.

    Returns
    -------
    (str, int)
        ``"Sigmoid"``, ``"Tanh"``, ``"LogSigmoid"``, ``"Hardsigmoid"``, ``"Softmax"``,
        ``"LogSoftmax"``, or "" where the values are not bounded so; the number is 0 for all but the
        last two of these.
    """
    plain = _REARRANGING | _SCALING if scaled else _REARRANGING
    nodes: list[Any] = [values.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        operation = node.name().partition("Backward")[0]
        if operation in _SQUASHING:
            return operation, _columns(node) if "Softmax" in operation else 0
        if operation in plain:
            nodes += [before for before, _ in node.next_functions]
    return "", 0


def _columns(softmax: Any) -> int:
    axis = int(softmax._saved_dim)
    axis = axis - 2**64 if axis >= 2**63 else axis  # autograd keeps -1 as 2^64 - 1
    return int(softmax._saved_result.shape[axis])
