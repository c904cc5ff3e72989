"""The bounded function that a score ends in, read from the graph that autograd keeps."""

from typing import Any

import torch

# what leaves values as they are, or moves and scales them; anything else hides what is before it
_PLAIN = {
    *("Squeeze", "Unsqueeze", "View", "UnsafeView", "ReshapeAlias", "Select", "Slice", "Index"),
    *("Transpose", "Permute", "T", "Expand", "Clone", "Alias", "Mul", "Div", "Neg", "Add", "Sub"),
    *("Mean", "Sum", "ToCopy", "Unbind"),
}
_SQUASHING = ("Sigmoid", "Tanh", "LogSigmoid", "Softmax", "LogSoftmax")


def squashing(values: torch.Tensor) -> tuple[str, int]:
    """The function, and over how many columns it goes.

    Parameters
    ----------
    values : Tensor
        As a network gave them; views, means and scaling by numbers may have followed.

    Returns
    -------
    (str, int)
        ``"Sigmoid"``, ``"Tanh"``, ``"LogSigmoid"``, ``"Softmax"``, ``"LogSoftmax"``, or "" where
        the values are not bounded so; the number is 0 for all but the last two of these.
    """
    nodes: list[Any] = [values.grad_fn]
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        operation = node.name().partition("Backward")[0]
        if operation in _SQUASHING:
            return operation, _columns(node) if "Softmax" in operation else 0
        if operation in _PLAIN:
            nodes += [before for before, _ in node.next_functions]
    return "", 0


def _columns(softmax: Any) -> int:
    axis = int(softmax._saved_dim)
    axis = axis - 2**64 if axis >= 2**63 else axis  # autograd keeps -1 as 2^64 - 1
    return int(softmax._saved_result.shape[axis])
