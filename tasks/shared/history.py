"""The training's course, as stages look at it."""

from collections.abc import Iterator

import torch

from ganatomy.gan.model import Gan
from tasks.shared.artifact_paths import HISTORY
from tasks.shared.explained import load_explained


def history_of(seed: int, device: torch.device) -> Iterator[tuple[int, Gan]]:
    """Load the training's course one by one, the oldest first: steps, and GANs as explained."""
    for folder in sorted(HISTORY.iterdir()):
        yield int(folder.name), load_explained(folder, seed, device)
