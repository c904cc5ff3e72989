"""GANs of packages that others publish, small, each as its author's code saves it.

The modules of the user's own and the keys of the file are those of `ganatomy convert-help`, where
it knows the package; only sizes and names of files are other ones.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from ganatomy.command import convert_help

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
    rules : set of str
        Those oddities that the contract has to find, and no other.
    """

    port: dict[str, Any]
    size: int = 0
    modules: dict[str, str] = field(default_factory=dict)
    train: str = ""
    rules: frozenset[str] = frozenset()


def _guide(name: str) -> tuple[dict[str, Any], dict[str, str]]:
    text = convert_help.guide(name)
    (port,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    blocks = re.findall(r"```python\n(# (\w+\.py)\n.*?)```", text, re.DOTALL)
    return yaml.safe_load(port), {file: block for block, file in blocks}


def _mimicry(d_class: str, module: str, **of_d: Any) -> Client:
    port, modules = _guide("mimicry")
    port["generator"]["arguments"] = {"ngf": 8, "nz": 16}
    port["discriminator"] |= {"build": f"mimicry:{d_class}", "arguments": {"ndf": 8}} | of_d
    port["latent"] = {"dim": 16}
    line = "from torch_mimicry.nets.sngan.sngan_32 import"
    further = f"from torch_mimicry.nets.{module} import {d_class}\n{line}"
    modules["mimicry.py"] = modules["mimicry.py"].replace(line, further)
    train = f"""
import mimicry
G, D = mimicry.SNGANGenerator32(ngf=8, nz=16), mimicry.{d_class}(ndf=8)
first = lambda found: found[0] if isinstance(found, tuple) else found
class First(torch.nn.Module):
    def __init__(self): super().__init__(); self.D = D
    def forward(self, images): return first(self.D(images))
trained(G, First(), 16, images)
for network, name in ((G, "netG"), (D, "netD")):
    network.save_checkpoint(f"checkpoints/{{name}}", 100000, name=f"{{name}}_100000_steps.pth")
"""
    return Client(port, 32, modules, train)


def _lightweight() -> Client:
    port, modules = _guide("lightweight-gan")
    sizes = {"image_size": 32, "fmap_max": 16, "attn_res_layers": [16]}
    port["generator"]["arguments"] = sizes | {"latent_dim": 16}
    port["discriminator"]["arguments"] = sizes
    port["latent"] = {"dim": 16}
    train = f"""
import adopt_lightweight as made
G = made.Generator(latent_dim=16, **{sizes})
D = made.Discriminator(**{sizes})
class First(torch.nn.Module):
    def __init__(self): super().__init__(); self.D = D
    def forward(self, images): return self.D(images)[0]
trained(G, First(), 16, (images[:4] + 1) / 2, steps=2)
state = {{f"{{at}}.{{name}}": each for at, network in (("G", G), ("GE", G), ("D", D))
         for name, each in network.state_dict().items()}}
save({{"GAN": state, "version": "1.2.1"}}, "models/default/model_150.pt")
"""
    return Client(port, 32, modules, train, frozenset({"chance", "range"}))


def _stylegan2() -> Client:
    port, modules = _guide("stylegan2-pytorch")
    port["generator"]["arguments"] = {
        "image_size": 32,
        "latent_dim": 16,
        "style_depth": 2,
        "network_capacity": 4,
    }
    port["discriminator"]["arguments"] = {"image_size": 32, "network_capacity": 4}
    port["latent"] = {"dim": 16}
    train = """
import adopt_stylegan2 as made
G = made.FromLatents(32, 16, 2, network_capacity=4)
D = made.OneForEach(image_size=32, network_capacity=4)
trained(G, D, 16, (images + 1) / 2)
state = {**G.state_dict(), **D.state_dict()}
save({"GAN": state, "version": "1.9.0"}, "models/default/model_100.pt")
"""
    return Client(port, 32, modules, train, frozenset({"chance", "range"}))


_TORCHGAN = {
    "build": "torchgan.models:DCGANGenerator",
    "arguments": {"encoding_dims": 16, "step_channels": 4},
    "weights": "g.pt",
}
CLIENTS: dict[str, Client] = {
    "gan-face-generate": Client(
        {
            "generator": {
                "build": "gan_face_generate.models:Generator",
                "arguments": {"ngpu": 0, "nc": 3, "nz": 100, "ngf": 64},
                "weights": "gan_face_generate:weights.tar",
                "key": "netG_state_dict",
            },
            "latent": {"dim": 100, "shape": "map"},
        }
    ),
    "mimicry, SNGAN": _mimicry("SNGANDiscriminator32", "sngan.sngan_32"),
    "mimicry, SSGAN": _mimicry("SSGANDiscriminator32", "ssgan.ssgan_32", output=0),
    "mimicry, InfoMax-GAN": _mimicry(
        "InfoMaxGANDiscriminator32", "infomax_gan.infomax_gan_32", output=0
    ),
    "lightweight-gan": _lightweight(),
    "stylegan2-pytorch": _stylegan2(),
    "torchgan": Client(
        {
            "generator": _TORCHGAN,
            "discriminator": {
                "build": "torchgan.models:DCGANDiscriminator",
                "arguments": {"step_channels": 4},
                "weights": "d.pt",
            },
            "latent": {"dim": 16},
        },
        32,
        train="""
from torchgan.models import DCGANDiscriminator, DCGANGenerator
G, D = DCGANGenerator(encoding_dims=16, step_channels=4), DCGANDiscriminator(step_channels=4)
trained(G, D, 16, images)
save(G.state_dict(), "g.pt"); save(D.state_dict(), "d.pt")
""",
    ),
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
