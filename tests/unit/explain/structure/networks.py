"""Networks of ten kinds and more, each with an input of its own."""

import torch
import torchvision
from torch import nn
from torch.nn import functional


class Residual(nn.Module):
    """Two blocks that add what went round them, with activations in place."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.blocks = nn.ModuleList(_Block() for _ in range(2))
        self.last = nn.Linear(4, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.first(images)
        for block in self.blocks:
            maps = block(maps)
        logits: torch.Tensor = self.last(maps.mean((2, 3)))
        return logits.squeeze(1)


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = (nn.Conv2d(4, 4, 3, padding=1) for _ in range(2))
        self.norm, self.active = nn.BatchNorm2d(4), nn.ReLU(inplace=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        inner = self.two(self.active(self.norm(self.one(maps))))
        return torch.relu(maps + inner / 2**0.5)


class UNet(nn.Module):
    """Down and up again; what is up is joined with what was down."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 4, 4, stride=2, padding=1)
        self.deep = nn.Conv2d(4, 8, 4, stride=2, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)
        self.last = nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        down = functional.leaky_relu(self.down(images), 0.2)
        up = self.up(functional.leaky_relu(self.deep(down), 0.2))
        made: torch.Tensor = self.last(torch.cat([up, down], 1))
        return made


class Attention(nn.Module):
    """Self-attention over places (Zhang et al. 2019), added to what it looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.query, self.key, self.value = (nn.Conv2d(8, 8, 1) for _ in range(3))
        self.gamma = nn.Parameter(torch.ones(1))
        self.last = nn.Linear(8 * 64, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.first(images)
        query, key, value = (each(maps).flatten(2) for each in (self.query, self.key, self.value))
        weights = torch.softmax(query.transpose(1, 2) @ key, -1)
        seen = (value @ weights.transpose(1, 2)).view_as(maps)
        logits: torch.Tensor = self.last((maps + self.gamma * seen).flatten(1))
        return logits.squeeze(1)


class Tied(nn.Module):
    """One layer that is called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.same, self.last = nn.Conv2d(1, 1, 3, padding=1), nn.Linear(64, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(torch.tanh(self.same(self.same(images))).flatten(1))
        return logits.squeeze(1)


class MinibatchDeviation(nn.Module):
    """What the images of the batch differ by, as one more channel (Karras et al. 2018)."""

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        spread = maps.var(0, correction=0).add(1e-8).sqrt().mean()
        return torch.cat([maps, spread.expand(len(maps), 1, *maps.shape[2:])], 1)


class Branched(nn.Module):
    """Two ways of one length, and a head on each."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3)
        self.one, self.two = nn.Linear(72, 1), nn.Linear(72, 1)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.one(self.left(images).flatten(1)), self.two(self.right(images).flatten(1))


class Overwritten(nn.Module):
    """The way round is given what an activation in place has made of it, as mimicry's blocks do."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.activation = nn.ReLU(inplace=True)
        self.inside = nn.Conv2d(4, 4, 3, padding=1)
        self.shortcut = nn.Conv2d(4, 4, 1)
        self.head = nn.Linear(256, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        given = self.first(images)
        inside = self.inside(self.activation(given))
        logits: torch.Tensor = self.head((inside + self.shortcut(given)).flatten(1))
        return logits


def networks() -> dict[str, tuple[nn.Module, torch.Tensor]]:
    """Make each network and an input for it, of two."""
    draw = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = nn.utils.parametrizations.spectral_norm(nn.Linear(256, 1))
        small = {
            "residual": Residual(),
            "u-net": UNet(),
            "attention": Attention(),
            "tied": Tied(),
            "branched": Branched(),
            "in place": nn.Sequential(
                nn.Conv2d(1, 4, 3, padding=1),
                nn.LeakyReLU(0.2, inplace=True),
                nn.Dropout(),
                nn.ELU(inplace=True),
                nn.Flatten(),
                head,
            ),
            "normalised": nn.Sequential(
                nn.Conv2d(1, 4, 3, padding=1),
                nn.BatchNorm2d(4),
                nn.GroupNorm(2, 4),
                nn.InstanceNorm2d(4),
                nn.Flatten(),
                nn.Linear(256, 1),
            ),
            "minibatch": nn.Sequential(
                nn.Conv2d(1, 4, 3), MinibatchDeviation(), nn.Flatten(), nn.Linear(180, 1)
            ),
        }
        latents = nn.Sequential(
            nn.Linear(6, 64),
            nn.Unflatten(1, (4, 4, 4)),
            nn.ReLU(True),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(4, 3, 3, padding=1),
            nn.Tanh(),
        )
        deep = {
            "resnet": torchvision.models.resnet18(num_classes=1),
            "densenet": torchvision.models.densenet121(num_classes=1),
            "mobilenet": torchvision.models.mobilenet_v2(num_classes=1),
            "shufflenet": torchvision.models.shufflenet_v2_x0_5(num_classes=1),
        }
        small["overwritten"] = Overwritten()
    images = torch.randn(2, 1, 8, 8, generator=draw)
    found: dict[str, tuple[nn.Module, torch.Tensor]] = {
        name: (each, images) for name, each in small.items()
    }
    found["generator"] = latents, torch.randn(2, 6, generator=draw)
    colours = torch.randn(2, 3, 32, 32, generator=draw)
    return found | {name: (each, colours) for name, each in deep.items()}
