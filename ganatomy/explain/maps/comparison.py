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
_TABLE, _TENSORS = "disagreement.csv", "disagreement.safetensors"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Maps of D and of G at the same images, compared.

    Attributes
    ----------
    of_d, of_g : Tensor of shape (n, h, w)
        Maps of the first images.
    result : Disagreement
        Of the first images.
    table : DataFrame
        `FIGURES` of every image.
    """

    of_d: torch.Tensor
    of_g: torch.Tensor
    result: Disagreement
    table: pd.DataFrame

    @staticmethod
    def of(of_d: torch.Tensor, of_g: torch.Tensor, shown: int) -> "Comparison":
        """Compare maps of shape (n, h, w) image by image, and keep the first ones."""
        found = disagreement(of_d, of_g)
        first = {name: getattr(found, name)[:shown] for name in ("map", *FIGURES)}
        table = pd.DataFrame({name: getattr(found, name) for name in FIGURES})
        return Comparison(of_d[:shown], of_g[:shown], Disagreement(**first), table)

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
        write_tensors(folder / _TENSORS, {"of_d": self.of_d, "of_g": self.of_g, **kept})

    @staticmethod
    def load(folder: Path) -> "Comparison | None":
        """Read what `save` wrote; None where nothing was compared."""
        if not (folder / _TENSORS).exists():
            return None
        tensors = read_tensors(folder / _TENSORS)
        of_d, of_g = tensors.pop("of_d"), tensors.pop("of_g")
        return Comparison(of_d, of_g, Disagreement(**tensors), read_table(folder / _TABLE))
