"""Pictures of a changed data set beside the original, for people who look into its folder."""

from pathlib import Path

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import contact_sheet, write_png
from ganatomy.data.variants import before_and_after


def write_preview(folder: Path, train: Dataset, changed: Dataset) -> torch.Tensor:
    """Write the first images before and after as ``preview.png``, and return them."""
    shown = before_and_after(train, changed)
    write_png(folder / "preview.png", contact_sheet(shown, 10))
    return shown
