"""How far a network's weights are from where they were."""

import torch
from torch import nn


class Movement:
    """The trained parameters of a network as they are now, to measure later changes by.

    Parameters
    ----------
    network : nn.Module
        Parameters without requires_grad are passed over.
    """

    def __init__(self, network: nn.Module) -> None:
        trained = [each for each in network.parameters() if each.requires_grad]
        self._parameters = trained
        self._first = [each.detach().clone() for each in trained]

    @torch.no_grad()
    def change(self) -> float:
        """Return the Euclidean norm of the difference since, in units of the first norm.

        Waits for the device.
        """
        far = [now - first for now, first in zip(self._parameters, self._first)]
        return _norm(far) / max(_norm(self._first), torch.finfo(torch.float32).tiny)


def _norm(tensors: list[torch.Tensor]) -> float:
    return float(torch.stack([each.double().norm() for each in tensors]).norm())
