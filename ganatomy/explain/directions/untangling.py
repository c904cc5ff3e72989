"""Directions as strong as each other, told apart by how they change from latent to latent.

Eigenvectors of the mean of J^T J mix factors that overlap in the image and are about as strong.
Each factor's strength differs from latent to latent, though, and its own directions are those in
which what differs between latents is as diagonal as it can be.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from ganatomy.statistics import Array

SAME_FROM = 0.98
"""Cosine from which on both halves of the latents say the same of a direction."""

_LEAST = 8  # latents: of fewer a half says nothing
_SWEEPS = 30
_STILL = 1e-7  # sine of an angle that turns nothing


def untangled(directions: torch.Tensor, grams: torch.Tensor) -> torch.Tensor:
    """Turn directions within what they span, where both halves of the latents turn them alike.

    Each latent's J^T J is written in these directions and scaled to trace 1, the mean is taken
    off, and what is left is made as diagonal as one rotation can (Cardoso & Souloumiac 1996,
    SIAM Journal on Matrix Analysis 17:161-164). Two halves of the latents do so on their own;
    where one of the directions differs between them, all are returned as they were.

    Parameters
    ----------
    directions : Tensor of shape (k, latent_dim), float64
        Orthonormal.
    grams : Tensor of shape (n, latent_dim, latent_dim), float64
        J^T J of each latent.

    Returns
    -------
    Tensor of shape (k, latent_dim), float64
        Turned ones in the order of their strength.
    """
    if len(grams) < _LEAST or len(directions) < 2:
        return directions
    own = torch.einsum("kd,nde,le->nkl", directions, grams, directions)
    traces = own.diagonal(dim1=1, dim2=2).sum(1)
    if not bool((traces > 0).all()):
        return directions
    scaled: Array = (own / traces[:, None, None]).numpy()
    one, other = (joint_rotation(_centred(half)) for half in (scaled[::2], scaled[1::2]))
    if _least_cosine(one, other) < SAME_FROM:
        return directions
    turned = torch.from_numpy(joint_rotation(_centred(scaled)).T) @ directions
    strengths = torch.einsum("kd,de,ke->k", turned, grams.mean(0), turned)
    return turned[strengths.argsort(descending=True, stable=True)]


def _centred(matrices: Array) -> Array:
    centred: Array = matrices - matrices.mean(0)
    return centred


def _least_cosine(one: Array, other: Array) -> float:
    cosines = abs(one.T @ other)
    return float(cosines[linear_sum_assignment(cosines, maximize=True)].min())


def joint_rotation(matrices: Array) -> Array:
    """Find the orthogonal R for which all of R^T M R are as diagonal as they can be together.

    Parameters
    ----------
    matrices : array of shape (n, k, k)
        Symmetric.

    Returns
    -------
    array of shape (k, k)

    Examples
    --------
    >>> import numpy as np
    >>> abs(joint_rotation(np.array([[[2.0, 1.0], [1.0, 2.0]]]))).round(3)
    array([[0.707, 0.707],
           [0.707, 0.707]])
    """
    left, count = matrices.copy(), matrices.shape[1]
    rotation: Array = np.eye(count)
    for _ in range(_SWEEPS):
        most = 0.0
        for row in range(count):
            for column in range(row + 1, count):
                turn, sine = _plane_rotation(left, row, column)
                pair = [row, column]
                left[:, :, pair] = left[:, :, pair] @ turn
                left[:, pair, :] = turn.T @ left[:, pair, :]
                rotation[:, pair] = rotation[:, pair] @ turn
                most = max(most, abs(sine))
        if most < _STILL:
            break
    return rotation


def _plane_rotation(matrices: Array, row: int, column: int) -> tuple[Array, float]:
    """The rotation of two axes that makes their entries most diagonal, and its sine."""
    apart = matrices[:, row, row] - matrices[:, column, column]
    shared = matrices[:, row, column] + matrices[:, column, row]
    straight, crossed = apart @ apart - shared @ shared, 2 * (apart @ shared)
    angle = 0.25 * np.arctan2(crossed, straight)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]]), float(sine)
