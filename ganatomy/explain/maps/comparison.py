"""Where D looks on generated images against where G puts its effort: maps, figures, a record."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from ganatomy.explain.maps.disagreement import Disagreement, disagreement
from ganatomy.files import write_bytes
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors

FIGURES = ("overlap", "chance_overlap", "correlation")
FILES = _TABLE, _TENSORS = "disagreement.csv", "disagreement.safetensors"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps of D and of G at the same images, compared.

    Attributes
    ----------
    d_maps, g_maps : Tensor of shape (n, h, w)
        Maps of the first images.
    result : Disagreement
        Of the first images.
    table : DataFrame
        `FIGURES` of every image.
    """

    d_maps: torch.Tensor
    g_maps: torch.Tensor
    result: Disagreement
    table: pd.DataFrame

    @staticmethod
    def of(d_maps: torch.Tensor, g_maps: torch.Tensor, shown: int) -> "Comparison":
        """Compare maps of shape (n, h, w) image by image, and keep the first ones."""
        compared = disagreement(d_maps, g_maps)
        first = {name: getattr(compared, name)[:shown] for name in ("map", *FIGURES)}
        table = pd.DataFrame({name: getattr(compared, name) for name in FIGURES})
        return Comparison(d_maps[:shown], g_maps[:shown], Disagreement(**first), table)

    def metrics(self) -> dict[str, float]:
        """Average each figure over the images; NaN is left out, and the mean of none is NaN."""
        return {
            f"mean_{name}": float(torch.tensor(self.table[name].to_numpy()).float().nanmean())
            for name in FIGURES
        }

    def save(self, folder: Path) -> None:
        """Write ``disagreement.csv`` and ``disagreement.safetensors``."""
        write_bytes(folder / _TABLE, csv_bytes(self.table))
        kept = {name: getattr(self.result, name) for name in ("map", *FIGURES)}
        write_tensors(folder / _TENSORS, {"of_d": self.d_maps, "of_g": self.g_maps, **kept})

    @staticmethod
    def load(folder: Path) -> "Comparison | None":
        """Read what `save` wrote; None where nothing was compared."""
        if not (folder / _TENSORS).exists():
            return None
        tensors = read_tensors(folder / _TENSORS)
        d_maps, g_maps = tensors.pop("of_d"), tensors.pop("of_g")
        return Comparison(d_maps, g_maps, Disagreement(**tensors), read_table(folder / _TABLE))
