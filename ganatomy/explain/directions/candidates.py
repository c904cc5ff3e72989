"""Directions of latents that one method has found, and random ones to stand beside them."""

from dataclasses import dataclass

import torch

from ganatomy.rng import generator as random_generator


@dataclass(frozen=True, eq=False)
class Candidates:
    """The directions that a method has found in the random part of the latents.

    Attributes
    ----------
    method : str
    directions : Tensor of shape (k, latent_dim), float64
        Of length 1, and so a standard deviation of a standard normal latent each; what counts
        most for the method comes first. None where there is a `reason`.
    reason : str
        Why it has found none.
    """

    method: str
    directions: torch.Tensor
    reason: str = ""


def refused(method: str, latent_dim: int, reason: str) -> Candidates:
    """Make the candidates of a method that cannot be used here."""
    return Candidates(method, torch.zeros(0, latent_dim, dtype=torch.float64), reason)


def principal(method: str, gram: torch.Tensor) -> Candidates:
    """Take the eigenvectors of a symmetric matrix, that with the largest eigenvalue first.

    Parameters
    ----------
    gram : Tensor of shape (latent_dim, latent_dim)

    Examples
    --------
    >>> principal("mine", torch.diag(torch.tensor([1.0, 4.0]))).directions.abs()
    tensor([[0., 1.],
            [1., 0.]], dtype=torch.float64)
    """
    _, vectors = torch.linalg.eigh(gram.double())
    return Candidates(method, signed(vectors.T.flip(0)))


def signed(directions: torch.Tensor) -> torch.Tensor:
    """Scale rows to length 1, their largest entry positive: a direction has no sign of its own."""
    places = directions.abs().argmax(1, keepdim=True)
    scale = directions.norm(dim=1, keepdim=True) * directions.gather(1, places).sign()
    # adding 0 turns -0 into 0
    return directions / torch.where(scale == 0, 1.0, scale) + 0.0


def random_directions(count: int, latent_dim: int, seed: int, *purpose: str | int) -> torch.Tensor:
    """Draw directions that nobody has learned, shape (count, latent_dim), each of length 1.

    They are orthogonal to each other as far as there are dimensions.
    """
    draw = random_generator(seed, "directions", "random", *purpose)
    parts: list[torch.Tensor] = []
    while len(parts) * latent_dim < count:
        noise = torch.randn(latent_dim, latent_dim, generator=draw, dtype=torch.float64)
        parts.append(torch.linalg.qr(noise).Q.T)
    return torch.cat(parts)[:count]


def without(directions: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Take what lies along others, shape (m, latent_dim), out of directions, and give length 1.

    Examples
    --------
    >>> without(torch.tensor([[0.6, 0.8]]), torch.tensor([[2.0, 0.0]]))
    tensor([[0., 1.]])
    """
    basis = torch.linalg.qr(others.T).Q
    left: torch.Tensor = directions - directions @ basis @ basis.T
    return left.div(left.norm(dim=-1, keepdim=True))
