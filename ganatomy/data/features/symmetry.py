"""How an image differs from its mirror image."""

import torch

from ganatomy.data.features.content import Component


class Symmetry(Component):
    """Half the difference between left and right."""

    measured_as = "asymmetry"

    def __init__(self) -> None:
        super().__init__(
            "symmetry",
            "symmetry",
            "standard deviation of [-1, 1]",
            remove="every image is averaged with its mirror image, so that left equals right",
            permute="every image gets the difference between left and right of another image",
            noise="the difference between left and right is replaced by noise of the same strength",
        )

    def rest(self, images: torch.Tensor) -> torch.Tensor:
        return (images + images.flip(-1)) / 2
