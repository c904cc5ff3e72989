"""The strongest units of a generator as images: where each is active, and the image without it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from ganatomy.explain.networks.hooks import captured, replaced, undisturbed
from ganatomy.explain.units.ablation import fills, hider
from ganatomy.tensors import read_notes, read_tensors, write_tensors

FILE = "units.safetensors"
MOST = 3  # units
IMAGES = 5  # of each
AREA = 0.05  # of all places of the layer, over all latents: what counts as active
_BATCH = 256
_TENSORS = ("images", "without", "activation")


@dataclass(frozen=True, eq=False)
class UnitImages:
    """One unit, what it moves most, and the images in which it is most active.

    Attributes
    ----------
    layer : str
    unit : int
        Of the layer's channels.
    concept : str
        What it moves most of what was read.
    effect : float
        As of `dissection.dissect`: standard deviations of the concept.
    level : float
        `AREA` of the layer's places, over all latents, are more active than this.
    images, without : Tensor of shape (n, c, h, w), float32 in [-1, 1]
        Of the latents in which the unit's mean activation is largest, the largest first; and of the
        same latents with the unit held at its mean over all of them.
    activation : Tensor of shape (n, height, width)
        Of the unit, at the layer's own size.
    """

    layer: str
    unit: int
    concept: str
    effect: float
    level: float
    images: torch.Tensor
    without: torch.Tensor
    activation: torch.Tensor


def images_of_units(
    generator: nn.Module, z: torch.Tensor, dissection: pd.DataFrame, *, most: int = MOST
) -> tuple[UnitImages, ...]:
    """Draw the units with the largest effects of those that stand out.

    Parameters
    ----------
    generator : nn.Module
    z : Tensor of shape (n, latent_dim)
        Those that were dissected.
    dissection : DataFrame
        As of `dissection.dissect`.
    most : int

    Returns
    -------
    tuple of UnitImages
        The largest effect first, each unit once, by what it moves most; fewer where fewer stand
        out.
    """
    out = dissection[dissection["stands_out"].astype(bool)]
    order = out["effect"].abs().sort_values(ascending=False, kind="stable").index
    chosen = out.loc[order].drop_duplicates(["layer", "unit"]).head(most)
    return tuple(
        _of_unit(
            *(generator, z, str(row["layer"]), int(row["unit"])),
            concept=str(row["concept"]),
            effect=float(row["effect"]),
        )
        for row in chosen.to_dict("records")
    )


@torch.no_grad()
def _of_unit(
    generator: nn.Module, z: torch.Tensor, layer: str, unit: int, *, concept: str, effect: float
) -> UnitImages:
    with undisturbed(generator):
        active = torch.cat([_activation(generator, part, layer, unit) for part in z.split(_BATCH)])
        first = active.mean((1, 2)).argsort(descending=True, stable=True)[:IMAGES]
        strongest = z[first.to(z.device)]
        filling = fills(
            generator,
            generator,
            [layer],
            inputs=z,
            fill="mean",
            batch_size=_BATCH,
            on_warning=lambda text: None,
        )[layer]
        hidden = (torch.arange(len(filling)) == unit).expand(len(first), -1)
        images = generator(strongest).float().cpu()
        with replaced(generator, {layer: hider(layer, hidden, filling)}):
            without = generator(strongest).float().cpu()
    level = float(np.quantile(active.numpy(), 1 - AREA))
    return UnitImages(layer, unit, concept, effect, level, images, without, active[first])


def _activation(generator: nn.Module, z: torch.Tensor, layer: str, unit: int) -> torch.Tensor:
    with captured(generator, [layer]) as outputs:
        generator(z)
    return outputs[layer][:, unit].float().cpu()


def save_units(units: tuple[UnitImages, ...], folder: Path) -> None:
    """Write all of them as one file; nothing of none."""
    if not units:
        (folder / FILE).unlink(missing_ok=True)
        return
    tensors: dict[str, torch.Tensor] = {}
    notes: dict[str, str] = {}
    for place, each in enumerate(units):
        told = {name: value for name, value in vars(each).items() if name not in _TENSORS}
        notes[str(place)] = json.dumps(told)
        tensors |= {f"{place}/{name}": getattr(each, name) for name in _TENSORS}
    write_tensors(folder / FILE, tensors, notes)


def load_units(folder: Path) -> tuple[UnitImages, ...]:
    """Read what `save_units` wrote; none where nothing was, as by an older version."""
    if not (folder / FILE).exists():
        return ()
    tensors, notes = read_tensors(folder / FILE), read_notes(folder / FILE)
    places = sorted({name.partition("/")[0] for name in tensors}, key=int)
    return tuple(_loaded(json.loads(notes[place]), tensors, place) for place in places)


def _loaded(told: dict[str, Any], tensors: dict[str, torch.Tensor], place: str) -> UnitImages:
    kept: dict[str, Any] = {name: tensors[f"{place}/{name}"] for name in _TENSORS}
    return UnitImages(**told, **kept)
