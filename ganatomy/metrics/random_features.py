"""Features that nobody trained: fixed random convolutions that keep where things are.

A classifier does not look at what does not tell classes apart, so a change there is invisible in
its features. Random convolutions with position-keeping pooling see every part of the image.
"""

import torch
from torch import nn

from ganatomy.rng import generator


class RandomFeatures(nn.Module):
    """Two random convolutions, each with ReLU, averaged over a 4 x 4 grid.

    Parameters
    ----------
    channels : int
    seed : int
        The weights are drawn from it; it is part of the metric's definition.
    num_filters : int
        The feature vector has 16 * num_filters entries.
    """

    def __init__(self, channels: int, seed: int = 0, num_filters: int = 8) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, 16, 3, padding=1)
        self.second = nn.Conv2d(16, num_filters, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(4)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                scale = (2.0 / parameter[0].numel()) ** 0.5 if parameter.ndim > 1 else 0.1
                parameter.normal_(0.0, scale, generator=generator(seed, "random-features", name))
        self.eval().requires_grad_(False)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return feature vectors of shape (n, 16 * num_filters) of images in [-1, 1].

        Images of any size will do, from 4 pixels a side on."""
        hidden = torch.relu(self.second(torch.relu(self.first(images))))
        pooled: torch.Tensor = self.pool(hidden).flatten(1)
        return pooled

    forward = features
