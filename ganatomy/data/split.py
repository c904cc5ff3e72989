"""Which images are held out, and what duplicates mean for it."""

from dataclasses import dataclass
from typing import get_args

import torch

from ganatomy.data.choices import OnDuplicates
from ganatomy.data.duplicates import Duplicates
from ganatomy.errors import InputError
from ganatomy.rng import generator

CHOICES: tuple[str, ...] = get_args(OnDuplicates)
KEEP, TOGETHER, DROP = CHOICES


@dataclass(frozen=True)
class Repeats:
    """Counts of the images of a data set that match another one, after the split.

    Attributes
    ----------
    choice : str in `CHOICES`
    num_groups : int
        Groups of images that are equal or nearly so.
    num_equal, num_near : int
        Images that repeat another one byte for byte, or nearly.
    num_labelled_apart : int
        Groups whose images are not all in one class.
    num_dropped : int
    num_held_out_in_training : int
        Held-out images that are also among the training images.
    """

    choice: str
    num_groups: int
    num_equal: int
    num_near: int
    num_labelled_apart: int
    num_dropped: int
    num_held_out_in_training: int


def draw_test(
    labels: torch.Tensor, fraction: float, seed: int, *, group: torch.Tensor | None = None
) -> torch.Tensor:
    """Draw a stratified mask, at least one image on either side over all.

    Parameters
    ----------
    labels : Tensor of shape (n,), int64
    fraction : float in (0, 1)
        Of each class, round(n_class * fraction) images are drawn; where groups do not fit, fewer.
    seed : int
    group : Tensor of shape (n,), int64, optional
        Of each image the first one of its group, whose class it counts for: a group is not divided.

    Raises
    ------
    InputError
        All images are in one group.
    """
    places = torch.arange(len(labels))
    group = places if group is None else group
    sizes = group.bincount(minlength=len(labels))
    order = torch.randperm(len(labels), generator=generator(seed, "prepare", "split"))
    order = order[sizes[order] > 0]  # the first ones of the groups
    is_drawn = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = order[labels[order] == label]
        # a group larger than all that may be held out stays in training, and claims no room
        movable = sizes[members] <= round(int(sizes[members].sum()) * fraction)
        room = round(int(sizes[members][movable].sum()) * fraction)
        for place, size in zip(members.tolist(), sizes[members].tolist()):
            if size <= room:
                is_drawn[place], room = True, room - size
    if len(order) < 2:
        raise InputError(
            f"all {len(labels)} images are equal or nearly so: none can be held out",
            "duplicates=together",
            "Add other images, or use `duplicates=keep`.",
        )
    if not is_drawn.any() or is_drawn[order].all():
        smallest = order[sizes[order].argmin()]
        is_drawn[smallest] = not is_drawn[smallest]
    return is_drawn[group]


def without_repeats(matches: Duplicates, is_training: torch.Tensor) -> torch.Tensor:
    """Mark one image of each group: the first that the source gives for training, else the first.

    Parameters
    ----------
    matches : Duplicates
    is_training : Tensor of shape (n,), bool

    Returns
    -------
    Tensor of shape (n,), bool
    """
    places = torch.arange(len(matches.group))
    rank = torch.where(is_training, places, places + len(places))
    best = torch.full_like(rank, 2 * len(places)).scatter_reduce(0, matches.group, rank, "amin")
    return rank == best[matches.group]


def count_repeats(
    choice: str,
    matches: Duplicates,
    labels: torch.Tensor,
    *,
    is_kept: torch.Tensor,
    is_test: torch.Tensor,
) -> Repeats:
    """Sum up what was found and what was made of it; all tensors are of shape (n,)."""
    places = torch.arange(len(labels))
    is_first = matches.in_groups & ~matches.is_repeated
    is_near = matches.is_repeated & (matches.equal == places)
    apart = matches.group[labels != labels[matches.group]]
    in_training = torch.zeros(len(labels), dtype=torch.bool)
    in_training[matches.group[is_kept & ~is_test]] = True
    return Repeats(
        choice,
        int(is_first.sum()),
        int(matches.is_repeated.sum() - is_near.sum()),
        int(is_near.sum()),
        len(apart.unique()),
        int((~is_kept).sum()),
        int((is_kept & is_test & in_training[matches.group]).sum()),
    )
