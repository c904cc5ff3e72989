"""A data set that is a class: one of torchvision's, or any of the user's."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data.items import Item, Items, Label
from ganatomy.data.pixel_values import Span, ValueRule, value_rule
from ganatomy.data.reading import Refused
from ganatomy.errors import InputError
from ganatomy.imports import imported
from ganatomy.rng import seeded

_PROBED = 256  # arrays that are seen before what their values mean is settled
_MODES = {"1": "L", "L": "L", "LA": "RGBA", "RGBA": "RGBA", "PA": "RGBA"}
_IMAGE, _LABEL = ("image", "img", "pixel_values", "x"), ("label", "labels", "target", "class", "y")


def dataset_items(path: str, arguments: dict[str, Any], *, with_labels: bool = True) -> Items:
    """Read the items of ``module:Class(**arguments)``, a map-style data set.

    Parameters
    ----------
    path : str
        ``module:Class`` or ``module:function``. What it makes has a length and gives, for each
        place, an image, a pair of image and label, or a dict of both. An image is PIL's, a tensor
        or an array of shape (h, w), (c, h, w) or (h, w, c).
    arguments : dict
        Keyword arguments.
    with_labels : bool

    Raises
    ------
    InputError
        It cannot be imported or made, has no length, or gives what is no image.
    """
    where = "source"
    made = imported(path, where)
    told = f"{path}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
    with seeded(0, "source", path):
        dataset = _made(made, arguments, told, where)
    return Items(
        len(dataset),
        lambda wanted: _Reader(dataset, path, with_labels).items(sorted(wanted)),
        _classes(dataset),
        [f"{told}: {len(dataset):,} items."],
    )


def _made(made: Callable[..., Any], arguments: dict[str, Any], told: str, where: str) -> Any:
    remedy = "Mend the class, or its arguments, which are `arguments`."
    try:
        dataset = made(**arguments)
    except InputError:
        raise
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"{told} raised {said}", where, remedy) from error
    if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
        raise InputError(
            f"{told} made a {type(dataset).__name__}, which has no length or no items",
            where,
            "Give a map-style data set: one with __len__ and __getitem__.",
        )
    return dataset


class _Reader:
    def __init__(self, dataset: Any, path: str, with_labels: bool) -> None:
        self._dataset = dataset
        self._path = path
        self._name = path.partition(":")[2]
        self._with_labels = with_labels
        self._rule: ValueRule | None = None

    def items(self, places: list[int]) -> Iterator[Item]:
        """Read each place once; the first ones are held until their values' range is known."""
        with seeded(0, "items", self._path):
            read = map(self._read, places)
            waiting: list[Item] = []
            for item in read:
                waiting.append(item)
                if len(waiting) == _PROBED:
                    break
            self._settle(waiting)
            for item in chain(waiting, read):
                yield item._replace(content=self._content(item.content))

    def _read(self, place: int) -> Item:
        name = f"{self._name}[{place}]"
        try:
            image, label = _parts(self._dataset[place])
            return Item(name, _values(image), _label(label) if self._with_labels else None)
        except Exception as error:  # the user's code raises anything: it is this item's
            return Item(name, error, None)

    def _settle(self, items: list[Item]) -> None:
        arrays = [item.content for item in items if isinstance(item.content, np.ndarray)]
        arrays = [array for array in arrays if array.size and not _is_levels(array)]
        if arrays:
            span = Span.of(arrays[0])
            for array in arrays[1:]:
                span = span.with_(Span.of(array))
            try:
                self._rule = value_rule(arrays[0].dtype, span)
            except Refused as fault:
                raise InputError(
                    f"{self._path}: {fault}",
                    "source",
                    "Have it give images in one of these ranges.",
                ) from None

    def _content(self, content: bytes | NDArray[Any] | Exception) -> NDArray[Any] | Exception:
        assert not isinstance(content, bytes)
        if isinstance(content, Exception):
            return content
        if content.size == 0:
            return Refused("an empty image")
        if _is_levels(content):
            return content
        if self._rule is None:  # none of the first ones had to be understood
            return Refused(f"values of type {content.dtype}, but the first images are levels")
        try:
            return self._rule.pixels(content)
        except Refused as fault:
            return fault


def _is_levels(array: NDArray[Any]) -> bool:
    return array.dtype in (np.uint8, np.uint16)


def _parts(item: Any) -> tuple[Any, Any]:
    if isinstance(item, dict):
        found = [
            next((item[key] for key in keys if key in item), None) for keys in (_IMAGE, _LABEL)
        ]
        return found[0], found[1]
    if isinstance(item, tuple | list):
        return item[0], item[1] if len(item) > 1 else None
    return item, None


def _values(image: Any) -> NDArray[Any]:
    if isinstance(image, Image.Image):
        if image.mode in ("F", "I"):
            raise Refused("32 bits a pixel without a stated range: convert it to 8 or 16 bits")
        if image.mode.startswith("I;16"):
            return np.asarray(image).astype(np.uint16)
        has_alpha = "transparency" in image.info
        return np.asarray(image.convert("RGBA" if has_alpha else _MODES.get(image.mode, "RGB")))
    if isinstance(image, torch.Tensor):
        return np.asarray(image.detach().cpu().numpy())
    if isinstance(image, np.ndarray) and image.dtype != np.object_:
        return image
    raise Refused(f"a {type(image).__name__} where an image was to be")


def _label(label: Any) -> Label:
    if isinstance(label, torch.Tensor | np.ndarray | np.generic):
        label = label.item() if np.asarray(label).size == 1 else None
    if isinstance(label, float) and label.is_integer():
        return int(label)
    return label if isinstance(label, int | str) else None


def _classes(dataset: Any) -> list[str]:
    names = getattr(dataset, "classes", None)
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    return list(names) if is_list and names is not None else []
