"""What a registered model takes and gives: its signature, an example, a sentence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.models import ModelSignature
from mlflow.types import Schema, TensorSpec

from ganatomy.gan.described import architecture_in, packages_in

__all__ = ["Face", "face_of", "kinds_in", "packages_in"]


@dataclass(frozen=True)
class Face:
    """What a model takes and gives.

    Attributes
    ----------
    takes, gives : TensorSpec
    example : ndarray
        An input.
    words : str
        The same, for people.
    """

    takes: TensorSpec
    gives: TensorSpec
    example: np.ndarray[Any, Any]
    words: str

    def signature(self) -> ModelSignature:
        """The same, for MLflow."""
        return ModelSignature(Schema([self.takes]), Schema([self.gives]))


def kinds_in(weights: Path) -> list[str]:
    """Say which of both networks there are: an adopted GAN may lack one."""
    made = architecture_in(weights)
    return [kind for kind in ("generator", "discriminator") if getattr(made, kind)]


def face_of(kind: str, weights: Path) -> Face:
    """What ``generator`` or ``discriminator`` takes and gives, from the folder of their weights.

    The signature leaves sizes of the input open: MLflow would print all of an input that has
    others, where the model itself says in a sentence what it takes.
    """
    made = architecture_in(weights)
    length, shape = made.latent_dim + made.num_classes, made.image_shape
    size = ", ".join(map(str, shape))
    draw = np.random.default_rng(0)
    if kind == "generator":
        z = draw.standard_normal((1, length)).astype(np.float32)
        z[:, made.latent_dim :] = np.arange(made.num_classes) == 0  # of the first class
        behind = f", the last {made.num_classes} of them a one-hot class" * bool(made.num_classes)
        return Face(
            TensorSpec(np.dtype(np.float32), (-1, -1)),
            TensorSpec(np.dtype(np.uint8), (-1, *shape)),
            z,
            f"Takes standard normal latents, float32, shape (n, {length}){behind}; gives images, "
            f"uint8, shape (n, {size}).",
        )
    return Face(
        TensorSpec(np.dtype(np.uint8), (-1, -1, -1, -1)),
        TensorSpec(np.dtype(np.float64), (-1,)),
        draw.integers(0, 256, (1, *shape), dtype=np.uint8),
        f"Takes images, uint8, shape (n, {size}); gives logits, float64, "
        "shape (n,), higher for what looks more real.",
    )
