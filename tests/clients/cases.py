"""GANs with layers of a package that others publish, or written as such packages write them."""

from dataclasses import dataclass, field
from typing import Any

_TRAINED = """
import torch
from torch.nn import functional

def trained(generator, discriminator, dim, images, steps=6):
    torch.manual_seed(0)
    of_g, of_d = (torch.optim.Adam([p for p in n.parameters() if p.requires_grad], 2e-3, (0.5, 0.9))
                  for n in (generator, discriminator))
    for _ in range(steps):
        fakes = generator(torch.randn(len(images), dim))
        loss = functional.relu(1 - discriminator(images)).mean()
        loss = loss + functional.relu(1 + discriminator(fakes.detach())).mean()
        of_d.zero_grad(); loss.backward(); of_d.step()
        fakes = generator(torch.randn(len(images), dim))
        of_g.zero_grad(); (-discriminator(fakes).mean()).backward(); of_g.step()
"""
_DCGAN = """
from torch import nn

class Generator(nn.Module):
    def __init__(self, nz=16, ngf=4, nc=3):
        super().__init__()
        layers = [nn.ConvTranspose2d(nz, ngf * 8, 4, 1, 0, bias=False), nn.BatchNorm2d(ngf * 8),
                  nn.ReLU(True)]
        for size in (4, 2, 1):
            layers += [nn.ConvTranspose2d(ngf * size * 2, ngf * size, 4, 2, 1, bias=False),
                       nn.BatchNorm2d(ngf * size), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(ngf, nc, 4, 2, 1), nn.Tanh())

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self, ndf=4, nc=3):
        super().__init__()
        layers = [nn.Conv2d(nc, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for size in (1, 2, 4):
            layers += [nn.Conv2d(ndf * size, ndf * size * 2, 4, 2, 1, bias=False),
                       nn.BatchNorm2d(ndf * size * 2), nn.LeakyReLU(0.2, inplace=True)]
        self.main = nn.Sequential(*layers, nn.Conv2d(ndf * 8, 1, 4), nn.Sigmoid())

    def forward(self, images):
        return self.main(images).view(-1)
"""
_MINIBATCH = """
from torch import nn
from torchgan.layers import MinibatchDiscrimination1d
from torchgan.models import DCGANDiscriminator

class WithCompany(nn.Module):
    \"\"\"The features of torchgan's discriminator, and its layer that compares a minibatch.\"\"\"

    def __init__(self):
        super().__init__()
        self.body = DCGANDiscriminator(in_size=32, step_channels=4, batchnorm=False)
        self.company = MinibatchDiscrimination1d(16 * 16, 8)
        self.last = nn.Linear(16 * 16 + 8, 1)

    def forward(self, images):
        features = self.body(images, feature_matching=True).flatten(1)
        return self.last(self.company(features * 0.01))
"""


@dataclass(frozen=True)
class Client:
    """One package's GAN.

    Parameters
    ----------
    port : dict
        What stands in the YAML file.
    size : int
        Of the images; 0 where none are given.
    modules : dict of str to str
        Python files beside it.
    train : str
        Python that leaves the files of weights; ``images`` are in [-1, 1].
    rules : frozenset of str
        Those oddities that the contract has to find, and no other.
    """

    port: dict[str, Any]
    size: int = 0
    modules: dict[str, str] = field(default_factory=dict)
    train: str = ""
    rules: frozenset[str] = frozenset()


_TORCHGAN = {
    "build": "torchgan.models:DCGANGenerator",
    "arguments": {"encoding_dims": 16, "step_channels": 4},
    "weights": "g.pt",
}
CLIENTS: dict[str, Client] = {
    "torchgan, minibatch discrimination": Client(
        {
            "generator": _TORCHGAN,
            "discriminator": {"build": "company:WithCompany", "weights": "d.pt"},
            "latent": {"dim": 16},
        },
        32,
        {"company.py": _MINIBATCH},
        """
from torchgan.models import DCGANGenerator
from company import WithCompany
G, D = DCGANGenerator(encoding_dims=16, step_channels=4), WithCompany()
trained(G, D, 16, images)
save(G.state_dict(), "g.pt"); save(D.state_dict(), "d.pt")
""",
        frozenset({"batch"}),
    ),
    "DCGAN of 64 px, first weights": Client(
        {
            "generator": {"build": "plain:Generator", "weights": "g.pt"},
            "discriminator": {"build": "plain:Discriminator", "weights": "d.pt"},
            "latent": {"dim": 16, "shape": "map"},
        },
        64,
        {"plain.py": _DCGAN},
        """
import plain
torch.manual_seed(0)
save(plain.Generator().state_dict(), "g.pt"); save(plain.Discriminator().state_dict(), "d.pt")
""",
        frozenset({"statistics", "bounds", "range"}),
    ),
}
TRAINED = _TRAINED
