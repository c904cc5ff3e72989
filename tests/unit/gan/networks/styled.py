"""A style-based generator in miniature, and a discriminator to train it with.

After Karras et al. 2020 (arXiv 1912.04958): a learned constant, weights that each latent's style
modulates and that are demodulated, weights of standard deviation 1 that are scaled where they are
used. All of it relies on the first weights that the classes set themselves.
"""

import torch
from torch import nn
from torch.nn import functional


class Scaled(nn.Module):
    """A linear layer with an equalised learning rate."""

    def __init__(self, wide: int, out: int, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out, wide))
        self.bias = nn.Parameter(torch.full((out,), bias))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight / self.weight.shape[1] ** 0.5, self.bias)


class Modulated(nn.Module):
    """A convolution whose weights, of five axes, are modulated by a style."""

    def __init__(self, channels: int, out: int, latent_dim: int, demodulate: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, out, channels, 3, 3))
        self.style = Scaled(latent_dim, channels, bias=1.0)
        self.bias = nn.Parameter(torch.zeros(out))
        self.demodulate = demodulate

    def forward(self, hidden: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        style = self.style(w)[:, None, :, None, None]
        weight = self.weight * style / self.weight[0, 0].numel() ** 0.5
        if self.demodulate:
            weight = weight * (weight.square().sum((2, 3, 4), keepdim=True) + 1e-8).rsqrt()
        n, out = len(hidden), weight.shape[1]
        flat = hidden.reshape(1, -1, *hidden.shape[2:])
        found = functional.conv2d(flat, weight.flatten(0, 1), padding=1, groups=n)
        return found.view(n, out, *hidden.shape[2:]) + self.bias[:, None, None]


class Generator(nn.Module):
    """Latents to images of any even size."""

    def __init__(self, image_size: int, channels: int, latent_dim: int, width: int) -> None:
        super().__init__()
        self.mapping = nn.ModuleList(Scaled(latent_dim, latent_dim) for _ in range(3))
        self.constant = nn.Parameter(torch.randn(1, width, image_size // 2, image_size // 2))
        self.first = Modulated(width, width, latent_dim, demodulate=True)
        self.second = Modulated(width, width, latent_dim, demodulate=True)
        self.to_image = Modulated(width, channels, latent_dim, demodulate=False)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        w = z * (z.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        for layer in self.mapping:
            w = functional.leaky_relu(layer(w), 0.2) * 2**0.5
        hidden = self.constant.expand(len(z), -1, -1, -1)
        hidden = functional.leaky_relu(self.first(hidden, w), 0.2)
        hidden = functional.interpolate(hidden, scale_factor=2.0)
        hidden = functional.leaky_relu(self.second(hidden, w), 0.2)
        return self.to_image(hidden, w).tanh()


class Redrawn(Generator):
    """The same with every parameter from N(0, 0.02), as a convention for DCGANs would have it."""

    def __init__(self, image_size: int, channels: int, latent_dim: int, width: int) -> None:
        super().__init__(image_size, channels, latent_dim, width)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                nn.init.normal_(parameter, 0.0, 0.02)


class Discriminator(nn.Module):
    """Two convolutions and a linear layer, with the weights that torch gives them."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, width, 4, 2, 1)
        self.second = nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.logit = nn.Linear(2 * width * (image_size // 4) ** 2, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = functional.leaky_relu(self.first(images), 0.2)
        hidden = functional.leaky_relu(self.second(hidden), 0.2)
        logits: torch.Tensor = self.logit(hidden.flatten(1)).squeeze(1)
        return logits
