"""A GAN of somebody else, small: its code, its weights and the YAML file that names them."""

from pathlib import Path
from typing import Any

import torch
import yaml

CODE = '''
"""Networks for grey images of 28 px, in [0, 1]."""

import torch
from torch import nn

from blocks import scaled


class Painter(nn.Module):
    def __init__(self, nz=6, gain=1.0):
        super().__init__()
        self.gain = gain
        self.main = nn.Sequential(
            nn.ConvTranspose2d(nz, 8, 7),
            nn.BatchNorm2d(8),
            nn.ReLU(True),
            nn.ConvTranspose2d(8, 4, 4, 2, 1),
            nn.ReLU(True),
            nn.ConvTranspose2d(4, 1, 4, 2, 1),
        )

    def forward(self, z):
        return torch.sigmoid(scaled(self.main(z), self.gain))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2, True), nn.Conv2d(4, 8, 4, 2, 1),
            nn.LeakyReLU(0.2, True), nn.Conv2d(8, 1, 7),
        )

    def forward(self, images):
        return {"logit": self.main(images)}


def train(images, labels, seed, budget):
    assert 0 <= float(images.min()) and float(images.max()) <= 1
    assert len(labels) == len(images)
    G, D = Painter(gain=2.0), Critic()
    of_g, of_d = (torch.optim.Adam(each.parameters(), 2e-3) for each in (G, D))
    for step in range(min(budget.num_steps, 4)):
        real = images[step * budget.batch_size : (step + 1) * budget.batch_size]
        fake = G(torch.randn(len(real), 6, 1, 1))
        soft = nn.functional.softplus
        loss = soft(-D(real)["logit"]).mean() + soft(D(fake.detach())["logit"]).mean()
        of_d.zero_grad(); loss.backward(); of_d.step()
        loss = soft(-D(fake)["logit"]).mean()
        of_g.zero_grad(); loss.backward(); of_g.step()
    return G, D
'''
BLOCKS = "def scaled(values, gain):\n    return values * gain\n"


def write_adoptable(folder: Path, **changes: Any) -> Path:
    """Write networks.py, blocks.py, weights.pt and my-gan.yaml into `folder`; give the last.

    Parameters
    ----------
    folder : Path
    **changes
        Laid over the keys of the YAML file; None leaves a key out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "somebodys_networks.py").write_text(CODE)
    (folder / "blocks.py").write_text(BLOCKS)
    write_weights(folder / "weights.pt", seed=0)
    values: dict[str, Any] = {
        "generator": {
            "build": "somebodys_networks:Painter",
            "arguments": {"gain": 2.0},
            "weights": "weights.pt",
            "key": "g_ema",
            "range": "[0, 1]",
        },
        "discriminator": {
            "build": "somebodys_networks:Critic",
            "weights": "weights.pt",
            "key": "d",
            "output": "logit",
            "range": "[0, 1]",
            "loss": "bce",
        },
        "latent": {"dim": 6, "shape": "map"},
    }
    kept = {key: each for key, each in (values | changes).items() if each is not None}
    path = folder / "my-gan.yaml"
    path.write_text(yaml.safe_dump(kept, sort_keys=False))
    return path


def write_weights(path: Path, seed: int) -> None:
    """Write weights that make images that differ, and logits that do."""
    space: dict[str, Any] = {}
    exec(CODE.replace("from blocks import scaled", BLOCKS), space)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        painter, critic = space["Painter"](), space["Critic"]()
        for weights in (*painter.parameters(), *critic.parameters()):
            if weights.ndim > 1:
                weights.data *= 4
        painter.main(torch.randn(64, 6, 1, 1))  # so that BatchNorm has seen a batch
    torch.save({"g_ema": painter.state_dict(), "d": critic.state_dict(), "epoch": 3}, path)
