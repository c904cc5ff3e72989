"""Features that can be measured and not sensibly changed."""

from collections.abc import Iterator

import torch

from ganatomy.data.features.feature import Feature
from ganatomy.data.features.pixels import Pixels


class Measurement(Feature):
    """A feature without modes: a concept to ask about, and no change of a data set.

    What an image with another number of holes would look like, nobody can say.
    """

    def __init__(self, name: str, kind: str, unit: str) -> None:
        super().__init__(name, kind, unit)

    def parts(self, pixels: Pixels, mode: str, seed: int) -> Iterator[torch.Tensor]:
        self.require_change()
        yield from ()
