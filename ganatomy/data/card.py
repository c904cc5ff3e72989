"""What is in a data set, in figures that identify it."""

import hashlib
from typing import Any

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.shape import plain_size

_CHUNK = 512
_LEVELS = 256
_FLAT = 16


def content_hash(dataset: Dataset) -> str:
    """Hash shape, pixels, labels and attributes by SHA-256: equal for equal data from anywhere."""
    digest = hashlib.sha256(str(tuple(dataset.images.shape)).encode())
    for part in dataset.images.split(_CHUNK):  # a copy of all would double what is held
        digest.update(part.contiguous().numpy().tobytes())
    digest.update(dataset.labels.contiguous().numpy().tobytes())
    for name, values in sorted(dataset.attributes.items()):
        digest.update(name.encode())
        digest.update(values.contiguous().numpy().tobytes())
    return digest.hexdigest()


def describe(dataset: Dataset) -> dict[str, Any]:
    """Describe a data set in plain values, for its card.

    Count, size (the side, or height and width where they differ), channel statistics (uint8 scale,
    0 to 255), class counts and hash; of each attribute how many images have it known, and the
    mean, least and largest of those values.
    """
    mean, std = _channel_statistics(dataset.images)
    counts = {
        name: int((dataset.labels == label).sum()) for label, name in enumerate(dataset.class_names)
    }
    return {
        "num_images": len(dataset),
        "channels": dataset.images.shape[1],
        "image_size": plain_size(dataset.images.shape[-2:]),
        "channel_mean": [round(value, 4) for value in mean.tolist()],
        "channel_std": [round(value, 4) for value in std.tolist()],
        "class_counts": counts,
        "unlabelled": int((dataset.labels < 0).sum()) if counts else len(dataset),
        "sha256": content_hash(dataset),
        "attributes": {name: _spread(values) for name, values in dataset.attributes.items()},
    }


def count_flat(dataset: Dataset) -> int:
    """Count images whose values all lie within 16 levels of 256: as good as empty.

    So look files that use few of the levels of their window, and drawings laid on their own grey.
    """
    return sum(
        int((part.amax((1, 2, 3)).short() - part.amin((1, 2, 3)).short() < _FLAT).sum())
        for part in dataset.images.split(_CHUNK)
    )


def _channel_statistics(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of each channel, float64, from how often each level occurs."""
    times = torch.zeros(images.shape[1], _LEVELS, dtype=torch.int64)
    for part in images.split(_CHUNK):
        for channel, seen in enumerate(times):
            seen += part[:, channel].flatten().bincount(minlength=_LEVELS)
    levels = torch.arange(_LEVELS)
    total, squares = (times * levels).sum(1), (times * levels**2).sum(1)
    count = images.numel() // images.shape[1]
    mean = total.double() / count
    return mean, ((squares.double() - total.double() * mean) / (count - 1)).clamp(min=0).sqrt()


def _spread(values: torch.Tensor) -> dict[str, float | int | None]:
    known = values[~values.isnan()].to(torch.float64)
    if len(known) == 0:  # one split may have none
        return {"known": 0, "mean": None, "min": None, "max": None}
    figures = {"mean": known.mean(), "min": known.min(), "max": known.max()}
    return {
        "known": len(known),
        **{name: float(f"{float(value):.7g}") for name, value in figures.items()},
    }
