"""Small networks as other people build them, each with one habit of theirs."""

import torch
from torch import nn
from torch.nn import functional

SIDE = 16
DIM = 6


class Attention(nn.Module):
    """Of SAGAN (Zhang et al. 2019, arXiv 1805.08318), with a scale that is not 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key = (nn.Conv2d(width, 4, 1, bias=False) for _ in range(2))
        self.value = nn.Conv2d(width, width, 1, bias=False)
        self.gamma = nn.Parameter(torch.tensor(0.7))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        query, key, value = (each(hidden).flatten(2) for each in (self.query, self.key, self.value))
        weights = torch.softmax(query.mT @ key, dim=-1)
        attended: torch.Tensor = self.gamma * (value @ weights.mT).view_as(hidden)
        return attended + hidden


class OwnSpectralNorm(nn.Conv2d):
    """A power iteration that goes on in every pass, in eval mode too."""

    def __init__(self, given: int, returned: int) -> None:
        super().__init__(given, returned, 3, padding=1)
        self.register_buffer("u", nn.functional.normalize(torch.randn(returned), dim=0))
        self.register_buffer("v", torch.zeros(9 * given))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        flat = self.weight.flatten(1)
        with torch.no_grad():
            self.v = functional.normalize(flat.T @ self.u, dim=0)
            self.u.copy_(functional.normalize(flat @ self.v, dim=0))
        sigma = self.u.clone() @ flat @ self.v
        return functional.conv2d(images, self.weight / sigma, self.bias, padding=1)


class InPlace(nn.Module):
    """Writes into what the layer before it has returned, and says so nowhere."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return functional.leaky_relu_(hidden, 0.2)


class MinibatchDeviation(nn.Module):
    """One more map: how far the images of a batch differ (Karras et al. 2018, arXiv 1710.10196)."""

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        deviation = (hidden.var(0, correction=0) + 1e-8).sqrt().mean()
        return torch.cat([hidden, deviation.expand(len(hidden), 1, *hidden.shape[2:])], 1)


class Tied(nn.Module):
    """One convolution runs twice, another has the same weight under a name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.start = nn.Conv2d(3, 8, 3, padding=1)
        self.again = nn.Conv2d(8, 8, 3, padding=1)
        self.twin, self.other = (nn.Conv2d(8, 8, 3, padding=1) for _ in range(2))
        self.other.weight = self.twin.weight
        self.head = nn.Linear(8, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.again(torch.tanh(self.again(self.start(images)))))
        hidden = self.other(torch.tanh(self.twin(hidden)))
        logits: torch.Tensor = self.head(hidden.mean((2, 3)))
        return logits


class Heads(nn.Module):
    """A logit, a class for each image, and the features that they were read from."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.LeakyReLU(0.2, inplace=True))
        self.logit, self.classes = nn.Linear(8, 1), nn.Linear(8, 5)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.body(images)
        seen = features.mean((2, 3))
        return self.logit(seen), self.classes(seen), features


class First(nn.Module):
    """The first of several outputs."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        first: torch.Tensor = self.network(images)[0]
        return first


class UNet(nn.Module):
    """Down and up again, with what was there on the way down laid beside what comes up."""

    def __init__(self, given: int, returned: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(given, 8, 3, padding=1)
        self.down = nn.Conv2d(8, 8, 4, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 8, 4, stride=2, padding=1)
        self.out = nn.Conv2d(16, returned, 3, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        skip = functional.leaky_relu_(self.inner(images), 0.2)
        deep = functional.leaky_relu_(self.down(skip), 0.2)
        made: torch.Tensor = self.out(torch.cat([self.up(deep), skip], 1))
        return made


class Modulated(nn.Module):
    """A weight of its own for each image, scaled by a style (Karras et al. 2020, 1912.04958)."""

    def __init__(self, given: int, returned: int, side: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(returned, given, side, side) / (3 * given**0.5))

    def forward(self, hidden: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.grouped(hidden, style).view(len(hidden), -1, *hidden.shape[2:])

    def grouped(self, hidden: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        """All images as groups of channels of one: shape (1, n * returned, h, w)."""
        weights = self.weight[None] * (style[:, None, :, None, None] + 1)
        weights = weights * torch.rsqrt(weights.square().sum((2, 3, 4), keepdim=True) + 1e-8)
        one = hidden.reshape(1, -1, *hidden.shape[2:])
        side = self.weight.shape[-1]
        return functional.conv2d(one, weights.flatten(0, 1), padding=side // 2, groups=len(hidden))


class Grouped(Modulated):
    """The same, put back into images only by whoever calls it."""

    def forward(self, hidden: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
        return self.grouped(hidden, style)


class StyleBlock(nn.Module):
    """Two modulated convolutions and an image; returns both, as a tuple."""

    def __init__(self, kind: type[Modulated], channels: int) -> None:
        super().__init__()
        self.styles = nn.ModuleList(nn.Linear(DIM, 8) for _ in range(3))
        self.first, self.second = kind(8, 8), kind(8, 8)
        self.to_image = Modulated(8, channels, 1)

    def forward(self, hidden: torch.Tensor, w: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = functional.interpolate(hidden, scale_factor=2, mode="nearest")
        for style, convolve in zip(self.styles, (self.first, self.second)):
            hidden = functional.leaky_relu(convolve(hidden, style(w)).view_as(hidden), 0.2)
        return hidden, self.to_image(hidden, self.styles[2](w))


class StyleGenerator(nn.Module):
    """A constant, a plain convolution, and blocks that a mapped latent styles."""

    def __init__(self, kind: type[Modulated] = Modulated, channels: int = 3) -> None:
        super().__init__()
        self.mapping = nn.Sequential(nn.Linear(DIM, DIM), nn.LeakyReLU(0.2, inplace=True))
        self.constant = nn.Parameter(torch.randn(1, 8, SIDE // 4, SIDE // 4))
        self.start = nn.Conv2d(8, 8, 3, padding=1)
        self.blocks = nn.ModuleList(StyleBlock(kind, channels) for _ in range(2))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        w = self.mapping(z)
        hidden = self.start(self.constant.expand(len(z), -1, -1, -1))
        hidden, small = self.blocks[0](hidden, w)
        _, large = self.blocks[1](hidden, w)
        return torch.tanh(functional.interpolate(small, scale_factor=2) + large)


class ResidualBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=False),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 8, 3, padding=1),
        )
        self.short = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(8, 8, 1))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.branch(hidden) + self.short(hidden)
        return made


def _grown(*parts: nn.Module) -> nn.Module:
    start = SIDE // 4
    return nn.Sequential(nn.Linear(DIM, 8 * start**2), nn.Unflatten(1, (8, start, start)), *parts)


def residual_generator(channels: int = 3) -> nn.Module:
    blocks = ResidualBlock(), ResidualBlock(), nn.BatchNorm2d(8), nn.ReLU(inplace=True)
    return _grown(*blocks, nn.Conv2d(8, channels, 3, padding=1), nn.Tanh())


def unet_generator(channels: int = 3) -> nn.Module:
    return _grown(nn.Upsample(scale_factor=4), UNet(8, channels), nn.Tanh())


def _classifier(*parts: nn.Module, width: int = 8) -> nn.Module:
    head = nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, 1)
    return nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), *parts, *head)


def _convolution(width: int = 8) -> nn.Module:
    return nn.Conv2d(width, 8, 3, padding=1)


DISCRIMINATORS = {
    "attention": lambda: _classifier(nn.LeakyReLU(0.2), Attention(8), _convolution(), nn.Tanh()),
    "own spectral norm": lambda: _classifier(
        OwnSpectralNorm(8, 8), nn.LeakyReLU(0.2), OwnSpectralNorm(8, 8), nn.Tanh()
    ),
    "in place": lambda: _classifier(
        nn.LeakyReLU(0.2, inplace=True), _convolution(), nn.ReLU(inplace=True)
    ),
    "in place, unsaid": lambda: _classifier(InPlace(), _convolution(), InPlace()),
    "tied": Tied,
    "several outputs": lambda: First(Heads()),
    "minibatch deviation": lambda: _classifier(
        nn.LeakyReLU(0.2), MinibatchDeviation(), _convolution(9), nn.Tanh()
    ),
    "dropout": lambda: _classifier(
        nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Dropout2d(0.5), _convolution(), nn.Dropout(0.3)
    ),
    "u-net": lambda: UNet(3, 1),
}
GENERATORS = {
    "residual": residual_generator,
    "style": StyleGenerator,
    "style, grouped": lambda: StyleGenerator(Grouped),
    "u-net": unet_generator,
}
