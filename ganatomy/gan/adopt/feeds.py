"""Other ways in which images may have to be given to an adopted discriminator, and their remedies.

What a discriminator speaks is said of it (`port.Images`): a wrong range or order raises no error.
Each other range and order that the YAML file can say is tried in its place.
"""

from functools import partial

import torch

from ganatomy.gan.adopt.networks import as_if_by
from ganatomy.gan.adopt.port import ORDERS, RANGES, Images
from ganatomy.metrics.discriminator.changes import Feed

REMEDIES = {
    "squashed": "say `probability: true` of the discriminator if that is a sigmoid",
    "separation": "are its weights, its `output` and its images those of the training?",
}
"""By rules of D's health: what can be done in the YAML file."""


def feeds_of(spec: Images, channels: int) -> dict[str, Feed]:
    """Make the other ways to give images to a network of which `spec` is said.

    Parameters
    ----------
    spec : Images
    channels : int
        Of the images; only three have an order.

    Returns
    -------
    dict of str to Feed
        By the remedy's words in the file. Each changes images in [-1, 1], RGB, so that a network
        that is given them by `spec` gets what it would by another.

    Examples
    --------
    >>> [feed.remedy for feed in feeds_of(Images(), 1).values()]
    ['say `range: [0, 1]` of the discriminator', 'say `range: [0, 255]` of the discriminator']
    >>> len(feeds_of(Images(), 3))
    5
    """
    ranges = {"": (spec.mean, spec.scale)}
    ranges |= {
        name: ((mean,), (scale,))
        for name, (mean, scale) in RANGES.items()
        if not _says(spec, mean, scale)
    }
    feeds = {}
    for order in ORDERS if channels == 3 else (spec.order,):
        for name, (mean, scale) in ranges.items():
            said = [f"`range: {name}`"] if name else []
            said += [f"`order: {order}`"] if order != spec.order else []
            if said:
                feeds[", ".join(said).replace("`", "")] = Feed(
                    _in_words(name, is_turned=order != spec.order),
                    partial(as_if_by, spec=spec, other=Images(mean, scale, order)),
                    f"say {' and '.join(said)} of the discriminator",
                    len(said),
                )
    return feeds


def _says(spec: Images, mean: float, scale: float) -> bool:
    own = torch.tensor([(each, by) for each in spec.mean for by in spec.scale])
    return bool(torch.allclose(own, torch.tensor([mean, scale])))


def _in_words(name: str, *, is_turned: bool) -> str:
    words = [f"values in {name}"] if name else []
    return " and ".join([*words, *(["channels in reversed order"] if is_turned else [])])
