"""A data set on disk: one safetensors file of images, labels and attributes, and class names."""

from dataclasses import dataclass, field
from pathlib import Path

import torch

from ganatomy.errors import REMAKE, InputError
from ganatomy.files import read_json, write_json
from ganatomy.tensors import read_tensors, write_tensors

UNLABELLED = -1
_ATTRIBUTE = "attribute/"


@dataclass(frozen=True)
class Dataset:
    """Images with labels and attributes.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), uint8
    labels : Tensor of shape (n,), int64; `UNLABELLED` where there is none
    class_names : tuple of str
        ``class_names[k]`` names label k; empty when the data has no classes.
    attributes : dict of str to Tensor of shape (n,), float32
        What else is known of each image, by name; NaN where it is not.

    Examples
    --------
    >>> images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    >>> data = Dataset(images, torch.tensor([0, 1, 0, 0]), ("cat", "dog"))
    >>> len(data), len(data.take(data.labels == 1))
    (4, 1)
    """

    images: torch.Tensor
    labels: torch.Tensor
    class_names: tuple[str, ...] = ()
    attributes: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4:
            raise TypeError(
                f"images must be uint8 NCHW, got {self.images.dtype} {self.images.shape}"
            )
        if self.labels.shape != (len(self.images),):
            raise TypeError(f"{len(self.images)} images but labels of shape {self.labels.shape}")
        for name, values in self.attributes.items():
            if values.dtype != torch.float32 or values.shape != self.labels.shape:
                raise TypeError(
                    f"{len(self.images)} images but attribute {name!r} is {values.dtype} "
                    f"of shape {values.shape}"
                )

    def __len__(self) -> int:
        return len(self.images)

    def take(self, index: torch.Tensor) -> "Dataset":
        """Return the images at `index`, a LongTensor or a boolean mask."""
        attributes = {name: values[index] for name, values in self.attributes.items()}
        return Dataset(self.images[index], self.labels[index], self.class_names, attributes)

    def save(self, folder: str | Path, name: str) -> None:
        """Write ``<name>.safetensors`` and ``<name>.json`` into `folder`."""
        folder = Path(folder)
        write_tensors(
            folder / f"{name}.safetensors",
            {"images": self.images, "labels": self.labels, **pack_attributes(self.attributes)},
        )
        write_json(folder / f"{name}.json", {"class_names": list(self.class_names)})

    @staticmethod
    def load(folder: str | Path, name: str, mapped: bool = False) -> "Dataset":
        """Read what `save` wrote; `InputError` when it is missing or damaged.

        Parameters
        ----------
        mapped : bool
            Read images from disk when they are touched, as in `read_tensors`.
        """
        folder = Path(folder)
        tensors = read_tensors(folder / f"{name}.safetensors", mapped)
        about = read_json(folder / f"{name}.json")
        try:
            return Dataset(
                tensors["images"],
                tensors["labels"],
                tuple(about["class_names"]),
                unpack_attributes(tensors),
            )
        except (KeyError, TypeError) as error:
            raise InputError(
                f"not a data set of GANatomy ({type(error).__name__}: {error})",
                f"{folder / name}.safetensors and .json",
                REMAKE,
            ) from None


def pack_attributes(attributes: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Name attributes as in a file of tensors: ``attribute/<name>``."""
    return {f"{_ATTRIBUTE}{name}": values for name, values in attributes.items()}


def unpack_attributes(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the attributes among the tensors of a file, sorted by name."""
    return {
        name.removeprefix(_ATTRIBUTE): tensors[name]
        for name in sorted(tensors)
        if name.startswith(_ATTRIBUTE)
    }
