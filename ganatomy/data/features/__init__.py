"""The features of a data set: what can be measured in its images and changed, one at a time."""

from ganatomy.data.features.feature import MODES, Feature, Selection
from ganatomy.data.features.pixels import CHUNK, Pixels
from ganatomy.data.features.regions import Region
from ganatomy.data.features.registry import find, known

__all__ = [
    "CHUNK",
    "MODES",
    "Feature",
    "Pixels",
    "Region",
    "Selection",
    "find",
    "known",
]
