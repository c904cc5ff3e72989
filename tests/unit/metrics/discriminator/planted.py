"""Discriminators of which it is known what is wrong with them, and images for them."""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

from ganatomy.data.images import to_float

Images = dict[str, torch.Tensor]


class By(nn.Module):
    """A discriminator made of a function of images in [-1, 1]."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.function = function
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.gain * self.function(images)


def bright_and_dark(
    seed: int,
    *,
    count: int = 60,
    channels: int = 1,
    side: int = 16,
    levels: tuple[int, int] = (170, 90),
) -> Images:
    """Real images of about 170, generated ones of about 90, all with some grain, uint8."""
    bright, dark = levels
    draw = torch.Generator().manual_seed(seed)

    def images(level: int) -> torch.Tensor:
        each = level + 20 * torch.randn(count, 1, 1, 1, generator=draw)
        grain = 8 * torch.randn(count, channels, side, side, generator=draw)
        return (each + grain).round().clamp(0, 255).to(torch.uint8)

    return {"train": images(bright), "held_out": images(bright), "fakes": images(dark)}


def reddish(seed: int, levels: tuple[int, int] = (170, 90)) -> Images:
    """Reals redder than blue, generated images the other way, a little."""
    images = bright_and_dark(seed, channels=3, levels=levels)
    draw = torch.Generator().manual_seed(seed)
    for name, part in images.items():
        tint = 12 if name == "fakes" else 40
        red = part[:, 0].float() + tint + 5 * torch.randn(len(part), 1, 1, generator=draw)
        part[:, 0] = red.clamp(0, 255).to(torch.uint8)
    return images


def by_brightness() -> nn.Module:
    """In order: 0 lies between bright and dark."""
    return By(lambda images: 4 * images.mean((1, 2, 3)))


def trained(seed: int, images: Images, *, norm: bool, num_steps: int = 60) -> nn.Module:
    """Train a small D on batches of reals and batches of fakes, with BatchNorm or without."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        middle = [nn.BatchNorm2d(8)] if norm else []
        channels = images["train"].shape[1]
        network = nn.Sequential(
            *(
                nn.Conv2d(channels, 4, 4, 2, 1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(4, 8, 4, 2, 1),
            ),
            *(*middle, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128, 1), nn.Flatten(0)),
        )
        optimiser = torch.optim.Adam(network.parameters(), 0.003)
        reals, fakes = to_float(images["train"]), to_float(images["fakes"])
        for _ in range(num_steps):
            at = torch.randint(len(reals), (16,))
            loss = functional.softplus(-network(reals[at])).mean()
            loss = loss + functional.softplus(network(fakes[at])).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return network.eval()
