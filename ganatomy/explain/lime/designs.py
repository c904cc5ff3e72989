"""Which features are shown in which perturbed sample.

All designs show every feature in half of the samples, each sample by itself being fair coins. They
differ in how samples hang together: independent coins, as in the package `lime`, leave the most
noise in the coefficients.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
from scipy.linalg import hadamard

from ganatomy.errors import InputError
from ganatomy.explain.lime.settings import DESIGNS

_COINS = 64  # rows of a block of coins
# An interaction of three features falls on one of the other columns as a whole: in a matrix of 16,
# of which 10 are in use, more of it falls on coefficients than chance would put there.
_SMALLEST_ORDER = 64


def cluster_size(design: str) -> int:
    """Return how many consecutive samples belong together: 2 for complementary pairs."""
    return 1 if _known(design) == "iid" else 2


def blocks(
    design: str, num_features: int, seed_generator: torch.Generator
) -> Iterator[torch.Tensor]:
    """Draw masks, block by block, without end.

    Parameters
    ----------
    design : {"iid", "paired", "orthogonal"}
        ``iid``: independent fair coins. ``paired``: each row of coins is followed by its
        complement, so that what depends on an even number of features cancels (antithetic
        sampling). ``orthogonal``: rows of a Hadamard matrix in random order, of which random
        columns with random signs are taken (never the constant one), each row followed by its
        complement (fold-over): in a whole block the features are uncorrelated as well.
    num_features : int
    seed_generator : Generator

    Yields
    ------
    Tensor of shape (b, num_features), bool
        True is shown. b is even. For ``orthogonal`` it is twice the next power of two above
        `num_features`, and 128 at least. A cut at an even row keeps all pairs whole, and a cut
        block is a random part of it.

    Raises
    ------
    InputError
        Another design.
    """
    draw = _DRAWS[_known(design)]
    while True:
        yield draw(num_features, seed_generator)


def _known(design: str) -> str:
    if design not in DESIGNS:
        raise InputError(f"no design {design!r}", "design", f"Use one of {', '.join(DESIGNS)}.")
    return design


def _coins(rows: int, num_features: int, draw: torch.Generator) -> torch.Tensor:
    return torch.randint(2, (rows, num_features), generator=draw, dtype=torch.uint8).bool()


def _folded(half: torch.Tensor) -> torch.Tensor:
    return torch.stack([half, ~half], 1).flatten(0, 1)


def _iid(num_features: int, draw: torch.Generator) -> torch.Tensor:
    return _coins(2 * _COINS, num_features, draw)


def _paired(num_features: int, draw: torch.Generator) -> torch.Tensor:
    return _folded(_coins(_COINS, num_features, draw))


def _orthogonal(num_features: int, draw: torch.Generator) -> torch.Tensor:
    order = max(2 ** num_features.bit_length(), _SMALLEST_ORDER)
    columns = 1 + torch.randperm(order - 1, generator=draw)[:num_features]
    # in their own order the first columns go round with the row's number, as other things may
    # (which baseline a pair is painted with)
    rows = torch.randperm(order, generator=draw)
    half = _hadamard(order)[rows][:, columns] ^ _coins(1, num_features, draw)
    return _folded(half)


@lru_cache(maxsize=4)
def _hadamard(order: int) -> torch.Tensor:
    return torch.from_numpy(hadamard(order, dtype="int8")) > 0


_DRAWS: dict[str, Callable[[int, torch.Generator], torch.Tensor]] = {
    "iid": _iid,
    "paired": _paired,
    "orthogonal": _orthogonal,
}
