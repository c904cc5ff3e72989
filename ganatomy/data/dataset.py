"""A data set on disk: one safetensors file of images and labels, and its class names."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.tensors import read_tensors, write_tensors

UNLABELLED = -1


@dataclass(frozen=True)
class Dataset:
    """Images with labels.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    labels : Tensor of shape (n,), int64; `UNLABELLED` where there is none
    class_names : tuple of str
        ``class_names[k]`` names label k; empty when the data has no classes.
    """

    images: torch.Tensor
    labels: torch.Tensor
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise TypeError(
                f"images must be uint8 NCHW, got {self.images.dtype} {self.images.shape}"
            )
        if self.labels.shape != (len(self.images),):
            raise TypeError(f"{len(self.images)} images but labels of shape {self.labels.shape}")

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: torch.Tensor) -> "Dataset":
        """The images at `index`, a LongTensor or a boolean mask."""
        return Dataset(self.images[index], self.labels[index], self.class_names)

    def save(self, folder: Path, name: str) -> None:
        """Write ``<name>.safetensors`` and ``<name>.json`` into `folder`."""
        write_tensors(
            folder / f"{name}.safetensors", {"images": self.images, "labels": self.labels}
        )
        write_json(folder / f"{name}.json", {"class_names": list(self.class_names)})

    @staticmethod
    def load(folder: Path, name: str, mapped: bool = False) -> "Dataset":
        """Read what `save` wrote; `InputError` when it is missing or damaged.

        Parameters
        ----------
        mapped : bool
            Read images from disk when they are touched, as in `read_tensors`.
        """
        tensors = read_tensors(folder / f"{name}.safetensors", mapped)
        about = read_json(folder / f"{name}.json")
        try:
            return Dataset(tensors["images"], tensors["labels"], tuple(about["class_names"]))
        except (KeyError, TypeError) as error:
            raise InputError(
                f"not a data set of GANatomy ({type(error).__name__}: {error})",
                f"{folder / name}.safetensors and .json",
                "Remove the file and run `dvc repro`.",
            ) from None
