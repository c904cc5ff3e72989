"""Concepts of images: which there are on some images, and what each image has of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features.feature import Feature
from ganatomy.data.features.own import own_feature
from ganatomy.data.features.registry import known
from ganatomy.data.images import to_uint8
from ganatomy.data.recipe import GRID
from ganatomy.errors import InputError
from ganatomy.explain.networks.batching import outputs_of
from ganatomy.explain.rules.concept import Concept, Giver, Reader, concepts_of
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.wording import counted, percent

RANGE_COLUMNS = ["name", "unit", "low", "high", "mean", "std", "reason"]
MAX_UNDEFINED = 0.05
"""Share of the images in which a concept may be undefined; they get its median."""

_CONSTANT = 1e-6  # of the largest reading
_BATCH = 512
_TRIED = 16  # images that a feature of the user's own is tried on
_SAME = "the same in every image"
_CIRCULAR = "an angle: 359 and 1 degrees are neighbours, which no threshold tells"
_GREY = dict.fromkeys(("colour", "saturation"), "needs images in colour")


@dataclass(frozen=True, eq=False)
class Concepts:
    """A fixed set of concepts, which every set of images is measured in alike.

    Attributes
    ----------
    table : ConceptTable
        Of the images that the set was made on.
    left_out : dict of str to str
        Concepts that are not in the set, and why.
    """

    table: ConceptTable
    left_out: dict[str, str]
    _concepts: tuple[Concept, ...]
    _evaluator: "_Probabilities | None"
    _medians: torch.Tensor

    @property
    def names(self) -> tuple[str, ...]:
        """Concepts of the set, in the order of columns."""
        return self.table.names

    @classmethod
    def on(
        cls,
        images: torch.Tensor,
        *,
        evaluator: nn.Module | None = None,
        class_names: Sequence[str] = (),
        own: Sequence[str] = (),
        learned: Mapping[str, Reader] | None = None,
        grid: int = GRID,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> "Concepts":
        """Fix the set: the concepts that differ among these images and are defined in nearly all.

        Parameters
        ----------
        images : Tensor of shape (n, c, h, w), float32 in [-1, 1]
            All that are asked about together, real and generated.
        evaluator : nn.Module, optional
            Images to class logits of shape (n, k): each class's probability is a concept,
            ``probability(<class>)``.
        class_names : sequence of str
            Of the k classes, in the order of logits; without them the evaluator is not asked.
        own : sequence of str
            Features of the user's own, ``module:Class``.
        learned : mapping of str to callable, optional
            Further concepts by name, as ``learned:3``: images to Tensor of shape (n,).
        grid : int
            ``cell_<row>_<column>`` is the brightness in a cell of a grid by grid raster.
        on_warning : callable
            Told of concepts that are left out because measuring them failed.

        Raises
        ------
        InputError
            Images of another shape, fewer than two, or not finite; names that are twice; logits
            that are not those of the classes; or a fault of the user's own feature.

        Examples
        --------
        >>> concepts = Concepts.on(torch.rand(40, 1, 8, 8, generator=torch.Generator()) * 2 - 1)
        >>> concepts.left_out["saturation"]
        'needs images in colour'
        >>> concepts.measure(torch.zeros(3, 1, 8, 8)).column("brightness").tolist()
        [0.5, 0.5, 0.5]
        """
        _check(images)
        listed, left_out = _features(images, own, grid)
        listed += [Concept(name, "", read) for name, read in (learned or {}).items()]
        measured = _measured(listed, images, left_out, on_warning)
        listed = [each for each in listed if each.name in measured]
        probabilities = None
        if evaluator is None or not class_names:
            left_out["probability"] = _no_probability(evaluator is None)
        else:
            probabilities = _Probabilities(evaluator, tuple(class_names))
            values = probabilities(images)
            listed += [Concept(name, _PROBABILITY, _unread) for name in probabilities.names]
            measured |= dict(zip(probabilities.names, values.unbind(1)))
        names = [each.name for each in listed]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InputError(f"two concepts are named {twice}", "learned", "Rename one of them.")
        faults = {name: _fault(values) for name, values in measured.items()}
        left_out |= {name: fault for name, fault in faults.items() if fault}
        kept = tuple(each for each in listed if not faults[each.name])
        columns = [measured[each.name] for each in kept]
        values = torch.stack(columns, 1) if columns else torch.zeros(len(images), 0).double()
        medians = values.nanmedian(0).values if columns else values.new_zeros(0)
        table = _table(kept, values, medians)
        return cls(table, left_out, kept, probabilities, medians)

    def measure(self, images: torch.Tensor) -> ConceptTable:
        """Measure the same concepts in any images, a row for each.

        Parameters
        ----------
        images : Tensor of shape (n, c, h, w), float32 in [-1, 1]

        Returns
        -------
        ConceptTable
            A value that is undefined in an image is the median of those the set was made on.
        """
        read = {
            each.name: _read(each.read, images) for each in self._concepts if each.read != _unread
        }
        if self._evaluator and len(read) < len(self._concepts):
            read |= dict(zip(self._evaluator.names, self._evaluator(images).unbind(1)))
        columns = [read[each.name] for each in self._concepts]
        values = torch.stack(columns, 1) if columns else torch.zeros(len(images), 0).double()
        return _table(self._concepts, values, self._medians)

    def readers(self) -> dict[str, Reader]:
        """Return what reads each concept alone, by name: images to Tensor of shape (n,)."""
        found = {each.name: each.read for each in self._concepts if each.read != _unread}
        if self._evaluator:
            found |= {
                name: self._evaluator.reader(name) for name in self.names if name not in found
            }
        return {name: found[name] for name in self.names}

    def feature(self, name: str) -> Feature | None:
        """Return the feature of the data that a concept measures; None of other concepts."""
        return self._named(name).feature

    def giver(self, name: str) -> Giver | None:
        """Return what gives a concept to images; None where nothing does.

        It takes images and values of shape (n,) in the concept's unit, and returns images that
        have them as far as that goes: measure to see how far.
        """
        return self._named(name).given

    def ranges(self, table: ConceptTable) -> pd.DataFrame:
        """Summarise each concept over the images of a table, as in `RulesStudy.concepts`.

        Returns
        -------
        DataFrame
            One row for each concept, `RANGE_COLUMNS`; those left out follow with their reason.
        """
        rows = [
            (name, unit, values.min(), values.max(), values.mean(), values.std(correction=0), "")
            for name, unit, values in zip(table.names, table.units, table.values.unbind(1))
        ]
        plain = [(*row[:2], *map(float, row[2:6]), row[6]) for row in rows]
        none = float("nan")
        plain += [(name, "", none, none, none, none, why) for name, why in self.left_out.items()]
        return pd.DataFrame(plain, columns=RANGE_COLUMNS)

    def _named(self, name: str) -> Concept:
        self.table.column(name)  # refuses a name that is not there
        return self._concepts[self.names.index(name)]


def measure_concepts(
    images: torch.Tensor,
    *,
    evaluator: nn.Module | None = None,
    class_names: Sequence[str] = (),
    own: Sequence[str] = (),
    learned: Mapping[str, Reader] | None = None,
    grid: int = GRID,
    on_warning: Callable[[str], None] = lambda text: None,
) -> ConceptTable:
    """Measure every concept that differs among these images; see `Concepts.on`."""
    return Concepts.on(
        images,
        evaluator=evaluator,
        class_names=class_names,
        own=own,
        learned=learned,
        grid=grid,
        on_warning=on_warning,
    ).table


_PROBABILITY = "probability, by the evaluator"


class _Probabilities:
    """The evaluator's probability of each class, all from one run."""

    def __init__(self, evaluator: nn.Module, class_names: tuple[str, ...]) -> None:
        self._evaluator = evaluator
        self.names = tuple(f"probability({name})" for name in class_names)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        logits = outputs_of(self._evaluator, images)
        if logits.shape != (len(images), len(self.names)):
            raise InputError(
                f"the evaluator gave {tuple(logits.shape)} for {counted(len(images), 'image')}",
                "evaluator",
                f"Give one that gives a logit for each of the {len(self.names)} classes.",
            )
        return logits.double().softmax(1)

    def reader(self, name: str) -> Reader:
        place = self.names.index(name)
        return lambda images: self(images)[:, place]


def _unread(images: torch.Tensor) -> torch.Tensor:
    raise AssertionError("read with the others of its kind")


def _no_probability(is_missing: bool) -> str:
    return "there is no evaluator" if is_missing else "the data has no classes"


def _features(
    images: torch.Tensor, own: Sequence[str], grid: int
) -> tuple[list[Concept], dict[str, str]]:
    """Concepts that features measure, regions last, and those that no images of this kind have."""
    few = to_uint8(images[:_TRIED].cpu())
    data = Dataset(few, torch.full((len(few),), UNLABELLED))
    found = known(data, min(grid, *images.shape[-2:])).values()
    features = [each for each in found if isinstance(each, Feature)]
    features.sort(key=lambda each: each.kind == "region")
    listed = [
        each for feature in features if feature.name != "hue" for each in concepts_of(feature)
    ]
    for path in own:
        feature = own_feature(path, data)
        if not isinstance(feature, Feature):
            raise InputError(f"{path} is not measured in pixels", "own", "Name another feature.")
        listed += concepts_of(feature)
    coloured = {each.name for each in features}
    left_out = {name: why for name, why in _GREY.items() if name not in coloured}
    return listed, left_out | {"hue": _CIRCULAR if "hue" in coloured else "needs images in colour"}


def _measured(
    listed: Sequence[Concept],
    images: torch.Tensor,
    left_out: dict[str, str],
    on_warning: Callable[[str], None],
) -> dict[str, torch.Tensor]:
    """Read each, but those that are not made for images of this kind: they are left out."""
    measured = {}
    for each in listed:
        try:
            measured[each.name] = _read(each.read, images)
        except InputError:
            raise
        except (ValueError, RuntimeError, IndexError):
            channels, height, width = images.shape[1:]
            kind = f"{counted(channels, 'channel')}, {height} x {width}"
            left_out[each.name] = f"not made for images of {kind}"
            on_warning(f"{each.name} is not read: it is not made for images of {kind}")
    return measured


@torch.no_grad()
def _read(reader: Reader, images: torch.Tensor) -> torch.Tensor:
    return torch.cat([reader(part).cpu().double() for part in images.split(_BATCH)])


def _fault(values: torch.Tensor) -> str:
    """Why a concept with these values is none, in words; "" where it is one."""
    finite = values[values.isfinite()]
    share = 1 - len(finite) / len(values)
    if share > MAX_UNDEFINED:
        return f"undefined in {percent(share)} of the images"
    varies = bool(finite.std() > _CONSTANT * finite.abs().max())
    return "" if varies else _SAME


def _table(
    concepts: Sequence[Concept], values: torch.Tensor, medians: torch.Tensor
) -> ConceptTable:
    names, units = tuple(each.name for each in concepts), tuple(each.unit for each in concepts)
    return ConceptTable(names, units, torch.where(values.isfinite(), values, medians))


def _check(images: torch.Tensor) -> None:
    if images.ndim != 4 or len(images) < 2 or not images.is_floating_point():
        raise InputError(
            f"{images.dtype} of shape {tuple(images.shape)}",
            "images",
            "Give two images or more, float32 in [-1, 1], of shape (n, c, h, w).",
        )
    if not bool(images.isfinite().all()):
        raise InputError("images that are not finite", "images", "Give values in [-1, 1].")
