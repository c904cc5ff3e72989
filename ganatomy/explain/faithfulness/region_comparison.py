"""Which regions matter: by the maps of a discriminator, and by retraining without each region."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from ganatomy.data.features import known
from ganatomy.data.features.regions import Region
from ganatomy.explain.faithfulness.agreement import Agreement, agreement, region_importance
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.files import write_bytes, write_json
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors

RETRAINING = {"retraining, G": "g_size", "retraining, D": "d_size"}
"""Columns of the table of regions, and the columns of a ranking that they are taken from."""

_TABLE, _CORRELATIONS = "regions.csv", "correlations.csv"
_SENTENCES, _MASKS = "agreement.json", "regions.safetensors"
FILES = (_TABLE, _CORRELATIONS, _SENTENCES, _MASKS)
_MEAN_IMAGE = "mean_image"


@dataclass(frozen=True, eq=False)
class RegionComparison:
    """The importance of each region by each way of asking.

    Attributes
    ----------
    table : DataFrame, region x method
        Importance, each method in its own units; NaN where a region is not judged.
    masks : dict of str to ndarray of shape (h, w), bool
        Where the regions are.
    mean_image : ndarray of shape (c, h, w), float64 in [0, 255]
        Of the training data, to draw them over.
    """

    table: pd.DataFrame
    masks: dict[str, NDArray[np.bool_]]
    mean_image: NDArray[np.float64]

    @property
    def agreement(self) -> Agreement:
        """Compare the orders in which the methods put the regions."""
        return agreement(self.table)

    def save(self, folder: Path) -> None:
        """Write the table, the regions, and what follows from the table for whoever reads on."""
        agreement = self.agreement
        tables = {
            _TABLE: self.table.rename_axis("region").reset_index(),
            _CORRELATIONS: agreement.correlations.rename_axis("method").reset_index(),
        }
        for name, table in tables.items():
            write_bytes(folder / name, csv_bytes(table))
        write_json(folder / _SENTENCES, {"sentences": agreement.sentences})
        tensors = {f"masks/{name}": torch.from_numpy(mask) for name, mask in self.masks.items()}
        tensors[_MEAN_IMAGE] = torch.from_numpy(self.mean_image)
        write_tensors(folder / _MASKS, tensors)

    @staticmethod
    def load(folder: Path) -> "RegionComparison | None":
        """Read what `save` wrote; None where nothing was."""
        if not (folder / _TABLE).exists():
            return None
        table = read_table(folder / _TABLE, ("region",)).set_index("region").rename_axis(None)
        tensors = read_tensors(folder / _MASKS)
        masks = {str(name): tensors[f"masks/{name}"].numpy() for name in table.index}
        return RegionComparison(table, masks, tensors[_MEAN_IMAGE].numpy())


def compare_regions(
    maps: dict[str, torch.Tensor],
    vocabulary: Vocabulary | None,
    ranking: pd.DataFrame | None,
) -> RegionComparison | None:
    """Compare maps of a discriminator at real images with what retraining tells of regions.

    Parameters
    ----------
    maps : dict of str to Tensor of shape (n, h, w)
    vocabulary : Vocabulary or None
        Its regions are compared.
    ranking : DataFrame or None
        One row for each retrained variant, with the columns features, mode, g_size and d_size (how
        much leaving it out changed); the rows whose mode is ``remove`` and whose features are a
        region count.

    Returns
    -------
    RegionComparison or None
        Of the regions in the ranking; None without a vocabulary or a ranking.
    """
    if vocabulary is None or ranking is None:
        return None
    images = vocabulary.train.images
    removed = ranking[ranking["mode"] == "remove"].set_index("features")
    masks = {
        name: feature.mask((images.shape[-2], images.shape[-1])).numpy()
        for name, feature in known(vocabulary.train, vocabulary.grid, vocabulary.masks).items()
        if isinstance(feature, Region) and name in removed.index
    }
    table = region_importance(maps, masks)
    for place, (column, readout) in enumerate(RETRAINING.items()):
        table.insert(place, column, removed[readout].abs().reindex(table.index))
    return RegionComparison(table, masks, images.double().mean(0).numpy())
