"""Maps that should not pass the trust table, maps that should, and maps that say why CAMs fail."""

from typing import cast

import torch
from torch import nn
from torch.nn import functional

from ganatomy.explain.faithfulness.controls import edges
from ganatomy.explain.faithfulness.planted import PlantedDiscriminator, random_rectangle
from ganatomy.explain.faithfulness.ranks import Cells
from ganatomy.explain.maps.formulas import upsampled
from ganatomy.explain.networks.hooks import replaced
from ganatomy.explain.networks.targets import Target
from ganatomy.rng import generator

Maps = dict[str, torch.Tensor]
NUM_RANDOM = 2  # in pixels, and as many in the cells of each layer
_FAR = 7  # images between a map and the one that it is shown for
_STEPS = 16  # of the integral


def blind_maps(images: torch.Tensor, cells: Cells, seed: int) -> tuple[Maps, Cells]:
    """Make maps that know nothing of the network: random ones in pixels and in cells, edges, ..."""
    shape = (len(images), *images.shape[2:])
    draw = generator(seed, "trust", "impostors")
    found: Maps = {}
    in_cells: Cells = {}
    for grid in ("", *(name for name in cells if name.startswith("hirescam"))):
        for number in range(NUM_RANDOM):
            name = f"random, {grid.partition(' ')[2] or 'pixels'} {number}"
            found[name] = torch.rand(shape, generator=draw)
            if grid:
                in_cells[name] = cells[grid]
    found["edges"] = edges(images)
    found["local contrast"] = _contrast(images)
    found["brightness"] = images.mean(1)
    return found, in_cells


def of_another_image(maps: Maps, num_real: int) -> Maps:
    """Show each map for another real, or another generated image."""
    return {
        method: torch.cat([part[:num_real].roll(_FAR, 0), part[num_real:].roll(_FAR, 0)])
        for method, part in maps.items()
    }


def _contrast(images: torch.Tensor) -> torch.Tensor:
    """Standard deviation in windows of 5 x 5 pixels."""

    def mean(values: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(values, 5, 1, 2, count_include_pad=False)

    return (mean(images**2) - mean(images) ** 2).clamp_min(0).sqrt().mean(1)


def layer_maps(
    target: Target, layers: list[str], images: torch.Tensor, fill: torch.Tensor
) -> dict[tuple[str, str], torch.Tensor]:
    """Make the steps from Grad-CAM to the sum of what changes, by (map, layer).

    With A the activation and g its gradient, at the image and on the straight way from what hides
    it: ``gradcam`` mean(g) A; ``hirescam`` g A; ``against the baseline`` g (A - A of the baseline);
    ``integrated`` the sum of g dA over the way, which adds up to the change of the target.
    """
    size = (images.shape[-2], images.shape[-1])
    seen = [_activations(target, layers, fill + k / _STEPS * (images - fill)) for k in range(17)]
    found = {}
    for layer in layers:
        activation, gradient = seen[-1][layer]
        reference = seen[0][layer][0]
        integral = torch.zeros_like(activation)
        for (one, slope), (two, next_slope) in zip(
            (each[layer] for each in seen), (each[layer] for each in seen[1:])
        ):
            integral += (slope + next_slope) / 2 * (two - one)
        maps = {
            "gradcam": gradient.mean((2, 3), keepdim=True) * activation,
            "hirescam": gradient * activation,
            "against the baseline": gradient * (activation - reference),
            "integrated": integral,
        }
        for name, each in maps.items():
            found[name, layer] = upsampled(each.sum(1), size)
    return found


def _activations(
    target: Target, layers: list[str], images: torch.Tensor
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    kept: dict[str, torch.Tensor] = {}

    def keep(layer: str, output: torch.Tensor) -> torch.Tensor:
        kept[layer] = output if output.requires_grad else output.detach().requires_grad_()
        return kept[layer]

    edits = {layer: lambda output, layer=layer: keep(layer, output) for layer in layers}
    with replaced(target.model, edits), torch.enable_grad():
        total = target.values(images).sum()
        gradients = torch.autograd.grad(total, [kept[layer] for layer in layers])
    return {layer: (kept[layer].detach(), each) for layer, each in zip(layers, gradients)}


class Planted(nn.Module):
    """The first of planted discriminators less the second: what speaks against it is known too."""

    def __init__(self, *parts: PlantedDiscriminator) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)

    @staticmethod
    def on(images: torch.Tensor, num_regions: int, draw: torch.Generator) -> "Planted":
        """Draw regions where the content of images varies."""
        size, channels = images.shape[-1], images.shape[1]
        regions = [_region(images, draw) for _ in range(num_regions)]
        return Planted(*(PlantedDiscriminator(size, channels, each) for each in regions))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return logits, (n,)."""
        return self._combined([part(images) for part in self.parts])

    def truth(self, images: torch.Tensor) -> torch.Tensor:
        """Return each pixel's part of the logit, (n, h, w)."""
        parts = [cast(PlantedDiscriminator, part) for part in self.parts]
        return self._combined([part.contributions(images) for part in parts])

    def _combined(self, values: list[torch.Tensor]) -> torch.Tensor:
        return torch.stack([values[0], *(-each for each in values[1:])]).sum(0)


def _region(images: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    spread = images.std(0).mean(0)
    while True:
        region = random_rectangle(images.shape[-1], draw)
        if bool(spread[region].mean() >= spread.mean()):
            return region
