"""Images as they come back when a picture is kept twice."""

import io

import numpy as np
import torch
from PIL import Image
from torch.nn import functional


def saved_as_jpeg(images: torch.Tensor, quality: int) -> torch.Tensor:
    """Each image written as JPEG and read again: uint8 NCHW to the same."""
    found = []
    for image in images:
        pixels = image.permute(1, 2, 0).numpy()
        buffer = io.BytesIO()
        Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels).save(
            buffer, "JPEG", quality=quality
        )
        with Image.open(buffer) as opened:
            again = np.array(opened)
        found.append(torch.from_numpy(again.reshape(pixels.shape)).permute(2, 0, 1))
    return torch.stack(found)


def moved(images: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """The same scene cut out up to a pixel beside; what comes into view repeats the border."""
    height, width = images.shape[-2:]
    padded = functional.pad(images.float(), (1, 1, 1, 1), mode="replicate").to(torch.uint8)
    return padded[..., 1 - down : 1 - down + height, 1 - right : 1 - right + width].contiguous()
