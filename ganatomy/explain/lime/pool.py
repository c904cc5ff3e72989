"""The other images that some baselines are made of."""

import torch

from ganatomy.data.images import to_float
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects

_POOL = 1000


def pool_of(subjects: Subjects, vocabulary: Vocabulary | None) -> torch.Tensor:
    """Give the other images that baselines are made of: the first 1,000 of the training data.

    Returns
    -------
    Tensor of shape (k, c, h, w), float32 in [-1, 1]
        Where there is no vocabulary the real images of `subjects`; the generated ones where there
        are no real ones either.
    """
    if vocabulary is not None:
        return to_float(vocabulary.train.images[:_POOL])
    return subjects.real if len(subjects.real) else subjects.fake
