"""Networks as other people write them, for tests of what adopts them."""

import torch
from torch import nn

SIZE = 16


class Generator(nn.Module):
    """Latents (n, d, 1, 1) to images in [0, 255], BGR, in a tuple, in place throughout."""

    def __init__(self, nz: int = 8, nc: int = 3, trained: bool = False) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, 6, 4, 1, 0),
            nn.BatchNorm2d(6),
            nn.ReLU(True),
            nn.ConvTranspose2d(6, nc, 4, 4, 0),
            nn.Sigmoid(),
        )
        if trained:
            self.main(torch.randn(64, nz, 1, 1))
            for weights in (self.main[0].weight, self.main[3].weight):
                weights.data *= 4

    def forward(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Images second, as if the latents were of use."""
        return z, 255 * self.main(z)


class Discriminator(nn.Module):
    """Images in [0, 1] to a probability for each patch, in a mapping."""

    def __init__(self, nc: int = 3) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(nc, 5, 4, 4, 0), nn.LeakyReLU(0.2, True), nn.Conv2d(5, 1, 1), nn.Sigmoid()
        )

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Probabilities by name."""
        return {"features": images, "real": self.main(images)}


class Squashed(Discriminator):
    """With a sigmoid that is no module."""

    def __init__(self) -> None:
        super().__init__()
        self.main[3] = nn.Identity()

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """As its parent."""
        return {"real": super().forward(images)["real"].sigmoid()}


class Squeezed(nn.Module):
    """Logits of every patch, without the axes that are 1 long: of one image, its own too."""

    def __init__(self, patch: int) -> None:
        super().__init__()
        self.main = nn.Conv2d(3, 1, patch, patch)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Shapes (n,), (n, h, w), () and (h, w)."""
        answer: torch.Tensor = self.main(images)
        return answer.squeeze()


class Meant(Squeezed):
    """One number for all images together."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Shape ()."""
        return super().forward(images).mean()


class Classed(nn.Module):
    """Told the class, by index or one-hot."""

    def __init__(self, one_hot: bool) -> None:
        super().__init__()
        self.one_hot = one_hot
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, z: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        """A flat image of the class's shade."""
        shade = classes.argmax(1) if self.one_hot else classes
        grey = (self.scale * shade / 10)[:, None, None, None]
        return grey.expand(-1, 1, SIZE, SIZE) + 0 * z.sum(1)[:, None, None, None]


class Noisy(nn.Module):
    """Draws noise while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.1))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Noise around 0."""
        return self.gain * torch.randn(len(z), 1, SIZE, SIZE).tanh() + 0 * z.sum()


class Unit(Generator):
    """Images in [0, 1]."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        """As its parent's, another range."""
        return super().forward(z)[1] / 255


class Broken(Generator):
    """Divides by zero."""

    def forward(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """No numbers."""
        return z, super().forward(z)[1] * (0 * z.sum() / 0)


class Constant(nn.Module):
    """One image whatever the latent."""

    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.linspace(-1, 1, SIZE * SIZE).view(1, 1, SIZE, SIZE))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Nothing of the latent."""
        return self.image + 0 * z


class Mates(nn.Module):
    """Subtracts the batch's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(0.3))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Brightness by the first latents, among those of the batch."""
        shade = (self.gain * (z - z.mean(0))[:, :1]).tanh()
        return shade * torch.linspace(-1, 1, SIZE)[:, None].expand(SIZE, SIZE)


def fails(**arguments: object) -> nn.Module:
    """Fail as a constructor does."""
    raise TypeError(f"no such argument: {sorted(arguments)}")


def no_network() -> int:
    """Give no network."""
    return 1
