"""Which concepts there are by the features of the data, and which images of a kind lack."""

from collections.abc import Sequence

import torch

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features.feature import Feature
from ganatomy.data.features.own import own_feature
from ganatomy.data.features.registry import known
from ganatomy.data.images import to_uint8
from ganatomy.errors import InputError
from ganatomy.explain.rules.concept import Concept, concepts_of

_TRIED = 16  # images that a feature of the user's own is tried on
_COLOURED = ("colour", "saturation", "red_green", "yellow_blue")
_NEEDS_COLOUR = "needs images in colour"
_CIRCULAR = "an angle: 359 and 1 degrees are neighbours, which no threshold tells"


def known_concepts(
    images: torch.Tensor, own: Sequence[str], grid: int
) -> tuple[list[Concept], dict[str, str]]:
    """List what can be measured in images by their pixels alone, and what cannot and why.

    Parameters
    ----------
    images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    own : sequence of str
        Features of the user's own, ``module:Class``.
    grid : int

    Returns
    -------
    list of Concept
        Regions are last, but for the user's own.
    dict of str to str
        Why each other concept is left out.

    Raises
    ------
    InputError
        A fault of the user's own feature, or one that chooses images.

    Examples
    --------
    >>> listed, left_out = known_concepts(torch.zeros(2, 3, 8, 8), (), 4)
    >>> [each.name for each in listed][:2], list(left_out)
    (['brightness', 'contrast'], ['hue'])
    """
    few = to_uint8(images[:_TRIED].cpu())
    data = Dataset(few, torch.full((len(few),), UNLABELLED))
    found = known(data, min(grid, *images.shape[-2:]))
    features = [each for each in found.values() if isinstance(each, Feature)]
    features.sort(key=lambda each: each.kind == "region")
    features = [each for each in features if each.name != "hue"]
    features += [_own(path, data) for path in own]
    left_out = {name: _NEEDS_COLOUR for name in _COLOURED if name not in found}
    left_out["hue"] = _CIRCULAR if "hue" in found else _NEEDS_COLOUR
    return [concept for feature in features for concept in concepts_of(feature)], left_out


def _own(path: str, data: Dataset) -> Feature:
    try:
        feature = own_feature(path, data, is_changed=False)
    except InputError as error:
        raise InputError(error.what, "own", error.remedy) from error
    if not isinstance(feature, Feature):
        raise InputError(
            f"{path} chooses images", "own", "Name a feature that is measured in their pixels."
        )
    return feature
