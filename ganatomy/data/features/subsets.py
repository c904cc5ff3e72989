"""Random subsets of features, all of whose members are removed together.

They are what data models are fitted to (Ilyas et al. 2022, arXiv 2202.00622): the influence of
each feature is its coefficient in a regression on which were there.
"""

import torch

from ganatomy.errors import InputError
from ganatomy.rng import generator

_TRIES = 5000
_DRAWS = 20
_WHERE = "num_subsets"


def draw_subsets(num_features: int, num_subsets: int, share: float, *, seed: int) -> torch.Tensor:
    """Draw balanced random subsets, none of them empty, full or there twice.

    A regression on which features are in them has one solution: it can tell all features apart.
    A single subset is given as well; there is no regression on that.

    Parameters
    ----------
    num_features : int
    num_subsets : int
    share : float in (0, 1)
        Of the subsets, rounded to whole ones, that each feature is in.
    seed : int

    Returns
    -------
    Tensor of shape (num_subsets, num_features), bool

    Raises
    ------
    InputError
        There are not so many different subsets, or they are too few for a regression on so many
        features, or chance finds none that tell these apart.
    """
    _check(num_features, num_subsets)
    draw = generator(seed, "subsets")
    for _ in range(_DRAWS):
        members = _drawn(num_features, num_subsets, share, draw)
        if members is None:
            raise _too_many(num_features, num_subsets)
        if num_subsets == 1 or _tells_apart(members):
            return members
    raise InputError(
        f"found no {num_subsets} subsets that tell {num_features} features apart",
        _WHERE,
        "Take more subsets, or bring `subset_share` nearer to 0.5.",
    )


def _check(num_features: int, num_subsets: int) -> None:
    different, needed = 2**num_features - 2, num_features + 2
    if num_subsets > different:
        raise _too_many(num_features, num_subsets)
    if 1 <= num_subsets < needed:
        raise InputError(
            f"{num_subsets} subsets of {num_features} features",
            _WHERE,
            f"At least {needed} are needed, and twice as many are better."
            if needed <= different
            else f"At least {needed} are needed and there are {different}: name more features.",
        )


def _too_many(num_features: int, num_subsets: int) -> InputError:
    return InputError(
        f"cannot draw {num_subsets} different subsets of {num_features} features",
        _WHERE,
        f"There are {2**num_features - 2}, fewer with each feature in equally many; ask for "
        "another number, name more features, or bring `subset_share` nearer to 0.5.",
    )


def _drawn(
    num_features: int, num_subsets: int, share: float, draw: torch.Generator
) -> torch.Tensor | None:
    """Balanced subsets, none empty, full or there twice; None where chance does not find them."""
    size = min(max(round(num_subsets * share), 1), num_subsets - 1) if num_subsets > 1 else 0
    members = torch.zeros(num_subsets, num_features, dtype=torch.bool)
    for feature in range(num_features):
        members[torch.randperm(num_subsets, generator=draw)[:size], feature] = True
    if num_subsets == 1:  # nothing to balance
        chosen = torch.randperm(num_features, generator=draw)
        members[0, chosen[: min(max(round(num_features * share), 1), num_features - 1)]] = True
    faulty = _faulty(members)
    for _ in range(_TRIES):
        if not len(faulty):
            return members
        swapped = _swapped(members, int(faulty[0]), draw)
        if len(_faulty(swapped)) <= len(faulty):
            members, faulty = swapped, _faulty(swapped)
    return None


def _tells_apart(members: torch.Tensor) -> bool:
    """Say that no feature is a sum of others and a constant, so that each has its coefficient."""
    design = torch.cat([torch.ones(len(members), 1), members], 1).double()
    return int(torch.linalg.matrix_rank(design)) == design.shape[1]


def _faulty(members: torch.Tensor) -> torch.Tensor:
    """The rows that are empty, full, or the same as an earlier one."""
    sizes = members.sum(1)
    same = (members.unsqueeze(0) == members.unsqueeze(1)).all(2).tril(-1).any(1)
    return torch.nonzero((sizes == 0) | (sizes == members.shape[1]) | same).flatten()


def _swapped(members: torch.Tensor, row: int, draw: torch.Generator) -> torch.Tensor:
    """Exchange one random feature with a random row that differs in it: columns stay balanced."""
    feature = int(torch.randint(members.shape[1], (), generator=draw))
    others = torch.nonzero(members[:, feature] != members[row, feature]).flatten()
    swapped = members.clone()
    if len(others):
        other = int(others[torch.randint(len(others), (), generator=draw)])
        swapped[[row, other], feature] = members[[other, row], feature]
    return swapped
