"""Whether directions are found again: from other latents, and in earlier states of a training."""

from collections.abc import Callable, Iterable, Sequence

import pandas as pd
import torch
from torch import nn
from torch.nn.functional import cosine_similarity

from ganatomy.explain.directions.candidates import Candidates, random_directions
from ganatomy.explain.directions.walks import half_changes
from ganatomy.rng import generator as random_generator

History = Iterable[tuple[int, nn.Module]]
Find = Callable[[nn.Module, torch.Tensor, int], Candidates]

AGAIN_COLUMNS = [
    *("source", "place", "direction", "cosine", "by_chance", "subspace", "subspace_by_chance"),
    *("change_cosine", "change_by_chance"),
]
DRAW, METHOD, STEP = "draw", "method", "step"
"""Sources: another draw of latents, from 1, another method, as `methods.METHODS` has them from 1,
and a step of the training."""

_CHANCES = 20  # sets of random directions


def matched(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """Pair directions one to one so that the |cosines| add up to the most, and return them.

    Parameters
    ----------
    ours, theirs : Tensor of shape (k, latent_dim) and (m, latent_dim), of length 1

    Returns
    -------
    Tensor of shape (k,), in [0, 1]
        0 for one that is left without.

    Examples
    --------
    >>> matched(torch.eye(3)[:2], -torch.eye(3).flip(0))
    tensor([1., 1.])
    """
    from scipy.optimize import linear_sum_assignment

    cosines = (ours @ theirs.to(ours).T).abs().clamp(max=1.0)
    rows, columns = linear_sum_assignment(cosines.numpy(), maximize=True)
    found = torch.zeros(len(ours), dtype=ours.dtype)
    found[rows] = cosines[rows, columns]
    return found


def matched_by_chance(ours: torch.Tensor, seed: int) -> torch.Tensor:
    """Average `matched` over as many random directions, shape (k,)."""
    count, latent_dim = ours.shape
    drawn = [random_directions(count, latent_dim, seed, "chance", n) for n in range(_CHANCES)]
    return torch.stack([matched(ours, each) for each in drawn]).mean(0)


def shared(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Average the squared cosines of the principal angles between what two sets span.

    Examples
    --------
    >>> round(shared(torch.eye(4)[:2], torch.eye(4)[1:3]), 6)
    0.5
    """
    first, second = (torch.linalg.qr(each.double().T).Q for each in (ours, theirs))
    return float((first.T @ second).square().sum() / min(first.shape[1], second.shape[1]))


def found_in_other_latents(
    generator: nn.Module,
    z: torch.Tensor,
    directions: torch.Tensor,
    find: Find,
    *,
    num_draws: int,
    seed: int,
    tick: Callable[[], None] = lambda: None,
) -> pd.DataFrame:
    """Find directions by the same method from other draws of as many latents.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim + num_classes)
        Their classes are kept.
    directions : Tensor of shape (k, latent_dim)
    find : callable
        Of `methods`: generator, latents and latent_dim to `Candidates`.
    num_draws, seed : int
    tick : callable
        Called after each draw.

    Returns
    -------
    DataFrame
        One row for each draw and direction, `AGAIN_COLUMNS`: `cosine`, as of `matched`, and what
        random directions have; `subspace`, as of `shared`, of all directions.
    """
    latent_dim, tables = directions.shape[1], []
    by_chance = matched_by_chance(directions, seed)
    for number in range(1, num_draws + 1):
        draw = random_generator(seed, "directions", "again", number)
        own = torch.randn(len(z), latent_dim, generator=draw)
        other = torch.cat([own.to(z), z[:, latent_dim:]], 1)
        found = find(generator, other, latent_dim)
        tables.append(_rows(DRAW, number, directions, found, by_chance))
        tick()
    return joined(tables)


def found_by_others(
    found: Sequence[Candidates], method: str, directions: torch.Tensor, *, seed: int
) -> pd.DataFrame:
    """Compare directions with those that other methods have found.

    Parameters
    ----------
    found : sequence of Candidates
        Of each method; one that has found none gives no rows.
    method : str
        The one that the directions are from.
    directions : Tensor of shape (k, latent_dim)
    seed : int

    Returns
    -------
    DataFrame
        As of `found_in_other_latents`, a row for each method and direction.
    """
    by_chance = matched_by_chance(directions, seed)
    return joined(
        [
            _rows(METHOD, place, directions, each, by_chance)
            for place, each in enumerate(found, start=1)
            if len(each.directions) and each.method != method
        ]
    )


def found_in_history(
    history: History,
    z: torch.Tensor,
    held_out: torch.Tensor,
    directions: torch.Tensor,
    mean_changes: torch.Tensor,
    find: Find,
    *,
    num_random: int,
    seed: int,
) -> pd.DataFrame:
    """Find directions by the same method in earlier states of the generator.

    Parameters
    ----------
    history : iterable of (int, nn.Module)
        Step and generator of a training's course.
    z, held_out : Tensor of shape (n, latent_dim + num_classes)
        To find directions by, and to measure changes on.
    directions : Tensor of shape (k, latent_dim)
    mean_changes : Tensor of shape (k, c, h, w)
        Of the generator that was asked.
    find : callable
    num_random, seed : int
        Of the random directions for `change_by_chance`.

    Returns
    -------
    DataFrame
        As of `found_in_other_latents`, and for each step: `change_cosine` of what a step along
        the very same direction changed then, on average, and what it changes now;
        `change_by_chance`: the mean |cosine| that random directions then have with it. NaN where
        the images were of another shape.
    """
    latent_dim, tables = directions.shape[1], []
    by_chance = matched_by_chance(directions, seed)
    randomly = random_directions(num_random, latent_dim, seed)
    for step, generator in history:
        table = _rows(STEP, step, directions, find(generator, z, latent_dim), by_chance)
        then, by_random = (
            torch.stack([half_changes(generator, held_out, one).mean(0) for one in asked])
            for asked in (directions, randomly)
        )
        if then.shape[1:] == mean_changes.shape[1:]:
            now = mean_changes.flatten(1)
            others = cosine_similarity(now[:, None], by_random.flatten(1)[None], dim=2)
            table["change_cosine"] = cosine_similarity(now, then.flatten(1)).double().numpy()
            table["change_by_chance"] = others.abs().mean(1).double().numpy()
        tables.append(table)
    return joined(tables)


def _rows(
    source: str, place: int, ours: torch.Tensor, found: Candidates, by_chance: torch.Tensor
) -> pd.DataFrame:
    count, latent_dim = ours.shape
    theirs = found.directions[:count]
    table = pd.DataFrame(
        {
            "source": source,
            "place": place,
            "direction": range(1, count + 1),
            "cosine": matched(ours, theirs).numpy() if len(theirs) else float("nan"),
            "by_chance": by_chance.numpy(),
            "subspace": shared(ours, theirs) if len(theirs) else float("nan"),
            "subspace_by_chance": max(len(theirs), count) / latent_dim,
        }
    )
    return table.assign(change_cosine=float("nan"), change_by_chance=float("nan"))


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put tables of `AGAIN_COLUMNS` below one another; an empty one where there are none."""
    some = [each for each in tables if len(each)]
    if not some:
        return pd.DataFrame(columns=AGAIN_COLUMNS)
    return pd.concat(some, ignore_index=True)[AGAIN_COLUMNS]
