"""Generators of which it is known what each entry of a latent does."""

import torch
from torch import nn

from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import generator

LATENT_DIM, SIDE = 8, 6


class Painter(nn.Module):
    """Paint tones: the first entry is the brightness of all, the second that of the left half.

    The other entries are noise in a pixel each; entries behind `LATENT_DIM` are a class.
    """

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        classes = z[:, LATENT_DIM:]
        assert ((classes == 0) | (classes == 1)).all(), "a class was moved"
        images = 0.2 * z[:, :1, None, None].expand(-1, 1, SIDE, SIDE).clone()
        left = torch.ones(SIDE)
        left[SIDE // 2 :] = -1
        images = images + 0.2 * z[:, 1, None, None, None] * left
        images[:, 0, 0, :] += 0.05 * z[:, 2 : 2 + SIDE]
        return images.clamp(-1, 1)


def measured(images: torch.Tensor) -> ConceptTable:
    values = [
        images.mean((1, 2, 3)),
        images[..., : SIDE // 2].mean((1, 2, 3)) - images[..., SIDE // 2 :].mean((1, 2, 3)),
        images[:, 0, -1, 0],
    ]
    return ConceptTable(("light", "left", "corner"), ("",) * 3, torch.stack(values, 1).double())


def drawn(count: int, seed: int, *, num_classes: int = 0) -> torch.Tensor:
    draw = generator(seed, "planted latents")
    z = torch.randn(count, LATENT_DIM, generator=draw)
    classes = torch.arange(count) % max(num_classes, 1)
    return torch.cat([z, nn.functional.one_hot(classes, max(num_classes, 1)).float()], 1)[
        :, : LATENT_DIM + num_classes
    ]
