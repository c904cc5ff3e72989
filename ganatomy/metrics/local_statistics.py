"""Features that are known by name: brightness, contrast and sharpness of each part of an image."""

import torch
from torch import nn
from torch.nn import functional

GRID = 4


class LocalStatistics(nn.Module):
    """Three numbers for each channel and each cell of a 4 x 4 grid.

    Brightness is the mean of the cell, contrast its standard deviation, sharpness the mean
    magnitude of the Laplacian (a pixel's difference from its four neighbours, together; at the
    edge of the image the pixel itself stands for a missing one). Unlike a classifier's, these
    features see every place alike; unlike random ones, they tell texture from shape.
    """

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature vectors, (n, 3 * c * 16), of images (n, c, s, s) in [-1, 1]."""
        padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
        neighbours = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
        neighbours = neighbours + padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
        mean, square, sharpness = (
            functional.adaptive_avg_pool2d(values, GRID).flatten(1)
            for values in (images, images.square(), (4 * images - neighbours).abs())
        )
        contrast = (square - mean.square()).clamp(min=0).sqrt()
        return torch.cat([mean, contrast, sharpness], 1)

    forward = features
