"""The images whose judged maps are shown: real and generated ones side by side."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from ganatomy.explain.maps.methods import target_values
from ganatomy.explain.networks.hooks import captured
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import d_logit
from ganatomy.tensors import read_notes, read_tensors, write_tensors

FILE = "shown.safetensors"
MOST = 3  # of a kind: six images in a row can be seen on a telephone
Sizes = dict[str, dict[str, tuple[int, int]]]
_TENSORS = ("real", "fake", "real_scores", "fake_scores")


@dataclass(frozen=True, eq=False)
class ShownImages:
    """The first real and the first generated images of those that maps were judged on.

    Attributes
    ----------
    real, fake : Tensor of shape (n, c, h, w), float32 in [-1, 1]
    real_scores, fake_scores : Tensor of shape (n,)
        D's logits of them.
    num_real : int
        How many real images there were in all: as many maps of D stand before those of the
        generated images.
    sizes : dict of str to dict of str to (int, int)
        By network, ``D`` or ``G``, its convolutions in their order with height and width of what
        they return.
    """

    real: torch.Tensor
    fake: torch.Tensor
    real_scores: torch.Tensor
    fake_scores: torch.Tensor
    num_real: int
    sizes: Sizes

    @staticmethod
    def of(subjects: Subjects, most: int = MOST) -> "ShownImages":
        """Keep the first images of each kind, which nobody has picked."""
        real, fake = subjects.real[:most], subjects.fake[:most]
        images = (fake if len(fake) else real)[:2]
        asked = {"D": (subjects.discriminator, images, subjects.d_layers)}
        if subjects.has_generator:
            asked["G"] = (subjects.generator, subjects.z[:2], subjects.g_layers)
        return ShownImages(
            real,
            fake,
            _logits(subjects, real),
            _logits(subjects, fake),
            len(subjects.real),
            {
                name: layer_sizes(network, inputs.to(subjects.device), layers.convolutions)
                for name, (network, inputs, layers) in asked.items()
            },
        )

    @property
    def images(self) -> torch.Tensor:
        """Real, then generated ones."""
        return torch.cat([self.real, self.fake])

    @property
    def scores(self) -> torch.Tensor:
        """D's logits of `images`."""
        return torch.cat([self.real_scores, self.fake_scores])

    @property
    def kinds(self) -> Literal["real", "generated", "both"]:
        """The kinds of image that were judged."""
        if not len(self.fake):
            return "real"
        return "both" if len(self.real) else "generated"

    def of_d(self, maps: torch.Tensor) -> torch.Tensor:
        """Choose the maps of `images` among those of all images, (n, h, w)."""
        fakes = maps[self.num_real : self.num_real + len(self.fake)]
        return torch.cat([maps[: len(self.real)], fakes])

    def save(self, folder: Path) -> None:
        """Write one file of tensors."""
        tensors = {name: getattr(self, name) for name in _TENSORS}
        notes = {"num_real": str(self.num_real), "sizes": json.dumps(self.sizes)}
        write_tensors(folder / FILE, tensors, notes)

    @staticmethod
    def load(folder: Path) -> "ShownImages | None":
        """Read what `save` wrote; None where nothing was, as by an older version."""
        if not (folder / FILE).exists():
            return None
        tensors, notes = read_tensors(folder / FILE), read_notes(folder / FILE)
        sizes = {
            network: {layer: (height, width) for layer, (height, width) in layers.items()}
            for network, layers in json.loads(notes["sizes"]).items()
        }
        named = {name: tensors[name] for name in _TENSORS}
        return ShownImages(**named, num_real=int(notes["num_real"]), sizes=sizes)


def _logits(subjects: Subjects, images: torch.Tensor) -> torch.Tensor:
    if not len(images):
        return torch.zeros(0)
    return target_values(d_logit(subjects.discriminator), images.to(subjects.device))


def layer_sizes(
    model: nn.Module, inputs: torch.Tensor, layers: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Run a network once and see how large the maps of its layers are.

    Examples
    --------
    >>> layer_sizes(nn.Sequential(nn.Conv2d(1, 2, 3)), torch.zeros(1, 1, 8, 8), ["0"])
    {'0': (6, 6)}
    """
    with captured(model, layers) as outputs, torch.no_grad():
        model(inputs)
    return {layer: (outputs[layer].shape[-2], outputs[layer].shape[-1]) for layer in layers}
