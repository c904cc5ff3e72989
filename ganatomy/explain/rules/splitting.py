"""Images to learn rules from, to choose one by, and to judge it on."""

from dataclasses import dataclass

import torch

from ganatomy.rng import generator

SHARES = (0.5, 0.25)  # for learning and for the choice; the rest is held out


@dataclass(frozen=True, eq=False)
class Splits:
    """Places of images in a table, each in one of three parts.

    In each part the decision was made of half of the images (of one more or less): so saying the
    same of all of them agrees with half, however rare the decision is.

    Attributes
    ----------
    train, choice, held_out : LongTensor
        Rising.
    """

    train: torch.Tensor
    choice: torch.Tensor
    held_out: torch.Tensor


def split(decisions: torch.Tensor, *, seed: int) -> Splits:
    """Draw as many images of either decision, and split them in three.

    Of the decision that was made more often some images are left out, drawn at random: where it is
    made of 95 % of all images, a rule that says nothing agrees with 95 %.

    Parameters
    ----------
    decisions : Tensor of shape (n,), bool
    seed : int

    Examples
    --------
    >>> found = split(torch.arange(100) < 20, seed=0)
    >>> len(found.train), len(found.choice), len(found.held_out)
    (20, 10, 10)
    """
    count = min(int(decisions.sum()), int((~decisions).sum()))
    draws = generator(seed, "rules", "split")
    parts: list[list[torch.Tensor]] = [[], [], []]
    ends = [round(SHARES[0] * count), round(sum(SHARES) * count)]
    for made in (decisions, ~decisions):
        places = made.nonzero().flatten()
        drawn = places[torch.randperm(len(places), generator=draws)[:count]]
        for part, piece in zip(parts, drawn.tensor_split(ends)):
            part.append(piece)
    return Splits(*(torch.cat(part).sort().values for part in parts))
