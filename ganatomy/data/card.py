"""What is in a data set, in figures that identify it."""

import hashlib
from typing import Any

import torch

from ganatomy.data.dataset import Dataset


def content_hash(dataset: Dataset) -> str:
    """SHA-256 over shape, pixels and labels: equal for equal data wherever it came from."""
    digest = hashlib.sha256(str(tuple(dataset.images.shape)).encode())
    digest.update(dataset.images.contiguous().numpy().tobytes())
    digest.update(dataset.labels.contiguous().numpy().tobytes())
    return digest.hexdigest()


def describe(dataset: Dataset) -> dict[str, Any]:
    """Count, shape, channel statistics (uint8 scale, 0 to 255), class counts and hash."""
    pixels = dataset.images.to(torch.float64)
    counts = {
        name: int((dataset.labels == label).sum()) for label, name in enumerate(dataset.class_names)
    }
    return {
        "num_images": len(dataset),
        "channels": dataset.images.shape[1],
        "image_size": dataset.images.shape[-1],
        "channel_mean": [round(value, 4) for value in pixels.mean((0, 2, 3)).tolist()],
        "channel_std": [round(value, 4) for value in pixels.std((0, 2, 3)).tolist()],
        "class_counts": counts,
        "unlabelled": int((dataset.labels < 0).sum()) if counts else len(dataset),
        "sha256": content_hash(dataset),
    }
