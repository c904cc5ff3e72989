"""Features that users write themselves, named ``module:Class``, and what they must keep to.

The class is constructed without arguments and needs two methods, as in `Feature` (``measure``
and ``change``, given all images) or in `Selection` (``measure`` and ``select``, given the data
set); where it is only measured, ``measure`` alone. ``kind``, ``unit``, ``modes`` and ``meaning``
may be there and are taken over.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.feature import MODES, WHERE, Feature, Selection
from ganatomy.data.features.pixels import Pixels
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.imports import imported
from ganatomy.rng import derive_seed

_TRIED = 16  # images on which a feature is tried before anything is made
_ROUNDING = 1e-4
_BOTH = (
    "Write measure(images) and change(images, mode, seed), or measure(dataset) and "
    "select(dataset, mode, seed)."
)


def own_feature(path: str, dataset: Dataset, *, is_changed: bool = True) -> Feature | Selection:
    """Construct the user's feature and try it on the first images of the data.

    Parameters
    ----------
    path : str
        ``module:Class``
    dataset : Dataset
    is_changed : bool
        Of one that is only measured, no method ``change`` is asked.

    Raises
    ------
    InputError
        The class cannot be imported or constructed, lacks a method, or breaks the contract: the
        first fault, what was got and what was expected.
    """
    try:
        written = imported(path, WHERE)()
    except InputError:
        raise
    except Exception as error:
        raise _fault(
            path,
            f"its constructor raised {type(error).__name__}: {error}",
            "It is called without arguments.",
        ) from error
    selects = callable(getattr(written, "select", None))
    changing = "select" if selects else "change"
    changes = is_changed or callable(getattr(written, changing, None))
    for method in ("measure", changing) if changes else ("measure",):
        if not callable(getattr(written, method, None)):
            raise _fault(
                path,
                f"it has no method {method!r}",
                _BOTH if is_changed else "Write measure(images): one number for each image.",
            )
    meanings = _meanings(path, written) if changes else {}
    feature = (OwnSelection if selects else OwnPixels)(path, written, meanings)
    _try(feature, dataset.take(torch.arange(min(len(dataset), _TRIED))))
    return feature


class OwnPixels(Feature):
    """A user's feature that changes pixels, checked whenever it is used."""

    def __init__(self, path: str, written: Any, meanings: dict[str, str]) -> None:
        super().__init__(path, _kind(written), _unit(written), **meanings)
        self._written = written

    def measure(self, images: torch.Tensor) -> torch.Tensor:
        values = _called(self.name, self._written.measure, 0, images)
        return _checked_values(self.name, values, len(images))

    def change(self, images: torch.Tensor, mode: str, seed: int) -> torch.Tensor:
        self.meaning(mode)
        before = images.clone()
        changed = _called(self.name, self._written.change, seed, images, mode, seed)
        if not torch.equal(images, before):
            raise _fault(self.name, f"{mode} changes its input", "Change a clone of the images.")
        return _checked_images(self.name, mode, changed, images)

    def parts(self, pixels: Pixels, mode: str, seed: int) -> Iterator[torch.Tensor]:
        yield self.change(pixels.read(slice(None)), mode, seed)


class OwnSelection(Selection):
    """A user's feature that chooses images, checked whenever it is used."""

    def __init__(self, path: str, written: Any, meanings: dict[str, str]) -> None:
        super().__init__(path, _kind(written), _unit(written), **meanings)
        self._written = written

    def measure(self, dataset: Dataset) -> torch.Tensor:
        values = _called(self.name, self._written.measure, 0, dataset)
        return _checked_values(self.name, values, len(dataset))

    def select(self, dataset: Dataset, mode: str, seed: int) -> torch.Tensor:
        self.meaning(mode)
        index = _called(self.name, self._written.select, seed, dataset, mode, seed)
        remedy = "Return a LongTensor of the places of the images to train on."
        if not isinstance(index, torch.Tensor) or index.dtype != torch.int64 or index.ndim != 1:
            raise _fault(self.name, f"select gave {_described(index)}", remedy)
        if len(index) and not 0 <= int(index.min()) <= int(index.max()) < len(dataset):
            raise _fault(
                self.name,
                f"select gave places from {int(index.min())} to {int(index.max())} of "
                f"{len(dataset)} images",
                remedy,
            )
        return index.cpu()


def _try(feature: OwnPixels | OwnSelection, dataset: Dataset) -> None:
    if isinstance(feature, OwnPixels) and not feature.modes:
        feature.measure(to_float(dataset.images))
    for mode in feature.modes:
        if isinstance(feature, OwnSelection):
            first, second = (feature.select(dataset, mode, 0) for _ in range(2))
            feature.measure(dataset)
        else:
            images = to_float(dataset.images)
            first, second = (feature.change(images, mode, 0) for _ in range(2))
            feature.measure(images)
        if not torch.equal(first, second):
            raise _fault(
                feature.name,
                f"{mode} gives another result each time for the same seed",
                "Draw from ganatomy.rng.generator(seed, ...).",
            )


def _called(path: str, method: Callable[..., Any], seed: int, *arguments: Any) -> Any:
    """Call the method with the global generator seeded, which is restored afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive_seed(seed, path))
        try:
            return method(*arguments)
        except InputError:
            raise
        except Exception as error:
            raise _fault(
                path,
                f"{method.__name__} raised {type(error).__name__}: {error}",
                "Mend it: it is called as described in ganatomy/data/features/own.py.",
            ) from error


def _checked_values(path: str, values: Any, count: int) -> torch.Tensor:
    if not isinstance(values, torch.Tensor) or values.shape != (count,):
        raise _fault(
            path,
            f"measure gave {_described(values)}, expected a tensor of shape ({count},)",
            "Return one number for each image.",
        )
    return values.float()


def _checked_images(path: str, mode: str, changed: Any, images: torch.Tensor) -> torch.Tensor:
    if not isinstance(changed, torch.Tensor) or changed.shape != images.shape:
        raise _fault(
            path,
            f"{mode} gave {_described(changed)}, expected images of shape {tuple(images.shape)}",
            "Return all images, changed.",
        )
    if changed.dtype != torch.float32 or changed.device != images.device:
        raise _fault(
            path,
            f"{mode} gave {changed.dtype} on {changed.device}, expected torch.float32 on "
            f"{images.device}",
            "Convert the result with .to(images).",
        )
    if not changed.isfinite().all():
        raise _fault(
            path, f"{mode} gave changed that are not finite", "Look for a division by zero."
        )
    low, high = (float(bound) for bound in changed.aminmax())
    if low < -1 - _ROUNDING or high > 1 + _ROUNDING:
        raise _fault(
            path,
            f"{mode} gave images between {low:.3g} and {high:.3g}, expected [-1, 1]",
            "End with .clamp(-1, 1).",
        )
    return changed.clamp(-1, 1)


def _described(given: Any) -> str:
    if isinstance(given, torch.Tensor):
        return f"a {given.dtype} tensor of shape {tuple(given.shape)}"
    return f"a {type(given).__name__}"


def _meanings(path: str, written: Any) -> dict[str, str]:
    modes = getattr(written, "modes", ("remove",))
    if isinstance(modes, str) or not modes or not set(modes) <= set(MODES):
        raise _fault(path, f"modes = {modes!r}", f"Name some of {', '.join(MODES)}, as a tuple.")
    meaning = getattr(written, "meaning", None)
    if meaning is None:
        return {mode: f"{mode} of {path}" for mode in modes}
    return {mode: str(_called(path, meaning, 0, mode)) for mode in modes}


def _kind(written: Any) -> str:
    return str(getattr(written, "kind", "own"))


def _unit(written: Any) -> str:
    return str(getattr(written, "unit", "as measured"))


def _fault(path: str, what: str, remedy: str) -> InputError:
    return InputError(f"{path}: {what}", WHERE, remedy)
