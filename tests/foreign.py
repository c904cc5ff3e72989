"""Images as somebody else has them: colour, of mixed size, without classes."""

from pathlib import Path

import numpy as np
from PIL import Image


def write_foreign_images(folder: Path, count: int = 160) -> Path:
    """Fill a folder with PNG and JPEG files of soft blobs on coloured grounds; no two are alike."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    for index in range(count):
        height, width = draw.integers(70, 120, 2)
        y, x = np.mgrid[:height, :width]
        place = draw.uniform(0.2, 0.8, 2) * (height, width)
        blob = np.exp(-((y - place[0]) ** 2 + (x - place[1]) ** 2) / draw.uniform(80, 600))
        ground, colour = draw.uniform(0, 150, 3), draw.uniform(100, 255, 3)
        grain = draw.normal(0, 6, (height, width, 3))
        pixels = ground + blob[..., None] * (colour - ground) + grain
        suffix = "jpg" if index % 2 else "png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(
            folder / f"holiday_{index:03d}.{suffix}"
        )
    return folder
