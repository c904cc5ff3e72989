"""Are held-out images independent of the training images, as all that is measured by them supposes?

A picture that was saved twice may lie on both sides of the split. Its held-out copy is as near to
the training images as a generator's copy is, so it sets the threshold for copies to nothing; it
lowers every floor, and D knows it by heart.
"""

from dataclasses import dataclass
from math import log

import torch

from ganatomy.data.duplicates import found_among
from ganatomy.metrics.nearness import Nearness, ThreeSamples

_EXPECTED_FALSE = 0.1  # honest held-out images, in all, that are taken for copies
_FEWEST = 10
_FEWEST_FOR_A_SLOPE = 50


@dataclass(frozen=True)
class Independence:
    """Mask of the held-out images that are also among the training images.

    Attributes
    ----------
    in_training : Tensor of shape (n,), bool
        Equal to a training image or nearly so.
    """

    in_training: torch.Tensor

    @property
    def num_held_out(self) -> int:
        """Number of held-out images."""
        return len(self.in_training)

    @property
    def num_in_training(self) -> int:
        """Number of held-out images that are not independent."""
        return int(self.in_training.sum())

    @property
    def leaves_enough(self) -> bool:
        """Whether anything can be measured by the rest; where all are independent, they are it."""
        num_left = self.num_held_out - self.num_in_training
        return self.num_in_training == 0 or num_left >= _FEWEST

    def of(self, held_out: torch.Tensor) -> torch.Tensor:
        """Select the independent held-out images' part; all of it where too few would be left."""
        return held_out[~self.in_training] if self.leaves_enough else held_out

    def without_copies(self, samples: ThreeSamples) -> ThreeSamples:
        """Return the same samples with the held-out points of `of`."""
        near = samples.of_held_out
        kept = Nearness(self.of(near.distance), self.of(near.index), self.of(near.spacing))
        held_out = self.of(samples.held_out)
        return ThreeSamples(samples.train, held_out, samples.fakes, kept, samples.of_fakes)


def by_pixels(train: torch.Tensor, held_out: torch.Tensor) -> torch.Tensor:
    """Find held-out images that are among the training images, saved anew or moved by a pixel.

    Parameters
    ----------
    train, held_out : Tensor of shape (t, c, s, s) and (n, c, s, s), uint8

    Returns
    -------
    Tensor of shape (n,), bool
    """
    return found_among(held_out, train)


def check_independence(
    spaces: dict[str, ThreeSamples], known: torch.Tensor | None = None
) -> Independence:
    """Find held-out images that are nearer to a training image than independent ones can be.

    Where images lie without a gap, the share of them that is nearer than r to another falls like
    a power of r (Facco et al. 2017, doi 10.1038/s41598-017-11873-y). The power is read off between
    the quarter and the half of the held-out images that are nearest, so that it holds with up to a
    quarter of copies among them, and is followed down to where a tenth of one image is expected.

    Parameters
    ----------
    spaces : dict of str to ThreeSamples
        The same images in each, one at least.
    known : Tensor of shape (n,), bool, optional
        Held-out images that are known, by pixels, to be among the training images. Without it
        they are told by distances alone, which suspects simple pictures among others.
    """
    if known is None:
        too_near = [_too_near(samples.of_held_out) for samples in spaces.values()]
    else:
        # pixels have said it: the law of distances would accuse simple pictures among others
        too_near = [known, *(each.of_held_out.distance == 0 for each in spaces.values())]
    return Independence(torch.stack(too_near).any(0))


def _too_near(near: Nearness) -> torch.Tensor:
    relative = near.relative
    is_same = near.distance == 0
    others = relative[~is_same]
    if len(others) < _FEWEST_FOR_A_SLOPE:
        return is_same
    quarter, half = others.quantile(torch.tensor([0.25, 0.5], dtype=others.dtype)).tolist()
    if quarter >= half:  # no slope to follow
        return is_same
    power = log(2) / log(half / quarter)
    share = _EXPECTED_FALSE / len(others)
    least = float(half * (2 * share) ** (1 / power))
    return is_same | (relative < least)
