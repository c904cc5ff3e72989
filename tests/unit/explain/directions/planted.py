"""Generators whose factors are known."""

import torch
from torch import nn

SIDE = 16
DIM = 12


def factors(count: int, seed: int = 5) -> torch.Tensor:
    """Orthonormal directions of latents, shape (count, DIM): none is an axis."""
    draw = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(DIM, DIM, generator=draw)).Q.T[:count]


def patterns(shape: tuple[int, int, int], count: int) -> torch.Tensor:
    """Orthonormal images, shape (count, c, h, w)."""
    draw = torch.Generator().manual_seed(7)
    flat = torch.randn(shape[0] * shape[1] * shape[2], count, generator=draw)
    return torch.linalg.qr(flat).Q.T.reshape(count, *shape)


class Linear(nn.Module):
    """An image that is a sum of patterns, each as strong as its factor of the latents."""

    def __init__(
        self,
        strengths: tuple[float, ...] = (3.0, 2.2, 1.8),
        shape: tuple[int, int, int] = (1, 8, 8),
    ) -> None:
        super().__init__()
        self.layer = nn.Linear(DIM, shape[0] * shape[1] * shape[2])
        own, images = factors(len(strengths)), patterns(shape, len(strengths)).flatten(1)
        self.layer.weight.data = (images.T * torch.tensor(strengths)) @ own
        self.layer.bias.data.zero_()
        self.shape = shape

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of any range."""
        return 0.3 * self.layer(z[:, :DIM]).unflatten(1, self.shape)


class Blob(nn.Module):
    """A bright spot on black: factors move it across, move it down, and dim it, none linearly.

    With `layered` the factors come from a linear layer, else from a product.
    """

    def __init__(self, layered: bool = True) -> None:
        super().__init__()
        self.layer = nn.Linear(DIM, 3, bias=False)
        self.layer.weight.data = factors(3) * torch.tensor([1.0, 0.7, 0.5])[:, None]
        self.layered = layered

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of shape (n, 1, SIDE, SIDE) in [-1, 1]."""
        found = self.layer(z) if self.layered else z @ self.layer.weight.T
        across, down, light = found.unbind(1)
        axis = torch.arange(SIDE) - (SIDE - 1) / 2
        x = axis[None, None] - 3.0 * (0.8 * across).tanh()[:, None, None]
        y = axis[None, :, None] - 3.0 * (0.7 * down).tanh()[:, None, None]
        spot = torch.exp(-(x.square() + y.square()) / 8.0)
        return (2 * (0.2 + 0.8 * (3 * light).sigmoid())[:, None, None] * spot - 1)[:, None]


class Disc(nn.Module):
    """A bright disc on black: four factors move it, widen it and dim it, none of them linearly.

    The factors are a rotation of the latents' axes by a random orthogonal matrix; what they are
    worth comes from a linear layer, and a second layer bends it.
    """

    def __init__(self, seed: int, strengths: tuple[float, ...] = (1.0, 0.75, 0.65, 0.25)) -> None:
        super().__init__()
        self.layer = nn.Linear(DIM, 4, bias=False)
        self.layer.weight.data = factors(4, seed) * torch.tensor(strengths)[:, None]

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of shape (n, 1, SIDE, SIDE) in [-1, 1]."""
        across, down, wide, light = self.layer(z)[:, :, None, None].unbind(1)
        axis = torch.arange(SIDE) - (SIDE - 1) / 2
        x, y = axis[None, None] - 3.0 * across.tanh(), axis[None, :, None] - 3.0 * down.tanh()
        inside = (3.5 * (0.7 * wide).exp() - (x.square() + y.square() + 1e-3).sqrt()).sigmoid()
        return (2 * (0.15 + 0.85 * (2.5 * light).sigmoid()) * inside - 1)[:, None]


class Classed(nn.Module):
    """A sum of patterns whose classes differ: the class scales one factor, or turns it.

    In the first class it is `Linear`; in the second its second factor is twice as strong; in the
    third another direction of the latents takes the place of the first factor's.
    """

    def __init__(self) -> None:
        super().__init__()
        own = factors(4)
        whole = Linear().layer.weight.data
        images = patterns((1, 8, 8), 3).flatten(1)
        second = whole + torch.outer(images[1] * 2.2, own[1])
        third = whole + 3.0 * torch.outer(images[0], own[3] - own[0])
        self.weights = nn.Parameter(torch.stack([whole, second, third]))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of shape (n, 1, 8, 8) of latents with one of three classes behind."""
        weights = torch.einsum("nk,kvd->nvd", z[:, DIM:], self.weights)
        return 0.3 * torch.einsum("nvd,nd->nv", weights, z[:, :DIM]).unflatten(1, (1, 8, 8))


class Alike(nn.Module):
    """Noise: every direction of the latents changes the image alike."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(DIM, SIDE * SIDE, bias=False)
        self.layer.weight.data = patterns((1, SIDE, SIDE), DIM).flatten(1).T * 2.0

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Images of shape (n, 1, SIDE, SIDE)."""
        return self.layer(z).unflatten(1, (1, SIDE, SIDE))
