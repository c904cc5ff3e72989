"""Concepts of images: which there are on some images, and what each image has of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from ganatomy.data.features.feature import Feature
from ganatomy.data.recipe import GRID
from ganatomy.errors import InputError
from ganatomy.explain.rules.class_probabilities import WHAT, ClassProbabilities
from ganatomy.explain.rules.concept import Concept, Giver, Reader
from ganatomy.explain.rules.known_concepts import known_concepts
from ganatomy.explain.rules.reading import Reading, readings
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.wording import counted, percent

RANGE_COLUMNS = ["name", "unit", "low", "high", "mean", "std", "reason"]
MAX_UNDEFINED = 0.05
"""Share of the images in which a concept may be undefined; they get its median."""

_CONSTANT = 1e-6  # of the largest reading
_BATCH = 512
_SAME = "the same in every image"
_NO_EVALUATOR, _NO_CLASSES = "there is no evaluator", "the data has no classes"


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
    _alone: tuple[Concept, ...]
    _probabilities: ClassProbabilities | None
    _medians: torch.Tensor

    @property
    def names(self) -> tuple[str, ...]:
        """Name the concepts of the set, in the order of columns."""
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
            Features of the user's own, ``module:Class``; a method ``measure`` is enough.
        learned : mapping of str to callable, optional
            Further concepts by name, as ``learned:3``: images to Tensor of shape (n,).
        grid : int
            ``cell_<row>_<column>`` is the brightness in a cell of a grid by grid raster.
        on_warning : callable
            Told of concepts that are left out because they are not made for such images, and of
            the user's own and learned ones that are no concept of them.

        Raises
        ------
        InputError
            Images of another shape, fewer than two, or not finite; names that are twice; an
            evaluator that is not one of the classes; or a fault of the user's own feature.

        Examples
        --------
        >>> concepts = Concepts.on(torch.linspace(-1, 1, 128).view(2, 1, 8, 8))
        >>> concepts.table.column("brightness").round(decimals=2).tolist()
        [0.25, 0.75]
        >>> concepts.left_out["saturation"]
        'needs images in colour'
        >>> concepts.measure(torch.zeros(3, 1, 8, 8)).column("brightness").tolist()
        [0.5, 0.5, 0.5]
        """
        _check(images)
        listed, left_out = known_concepts(images, own, grid)
        listed += [Concept(name, "", read) for name, read in (learned or {}).items()]
        _require_different(listed)
        measured = _measured(listed, images, left_out, on_warning)
        probabilities = None
        if evaluator is None or not class_names:
            left_out["probability"] = _NO_EVALUATOR if evaluator is None else _NO_CLASSES
        else:
            probabilities = ClassProbabilities(evaluator, tuple(class_names), tuple(class_names))
            of_classes = probabilities.read(images).unbind(1)
            measured |= dict(zip(probabilities.names, of_classes))
        left_out |= {name: why for name, values in measured.items() if (why := _fault(values))}
        for name in (*own, *(learned or ())):
            if name in measured and name in left_out:
                on_warning(f"{name} is in no rule: it is {left_out[name]}")
        kept = [values for name, values in measured.items() if name not in left_out]
        values = torch.stack(kept, 1) if kept else _nothing(images)
        medians = values.nanmedian(0).values if kept else values.new_zeros(0)
        alone = tuple(each for each in listed if each.name not in left_out)
        if probabilities:
            probabilities = probabilities.only(measured.keys() - left_out.keys())
        return cls(
            _table(alone, probabilities, values, medians), left_out, alone, probabilities, medians
        )

    def without(self, names: Collection[str]) -> "Concepts":
        """Return the set without some of its concepts; names that are not in it are no mistake.

        Examples
        --------
        >>> concepts = Concepts.on(torch.linspace(-1, 1, 128).view(2, 1, 8, 8))
        >>> "brightness" in concepts.without(["brightness"]).names
        False
        """
        kept = [place for place, name in enumerate(self.names) if name not in names]
        own, units = ([each[place] for place in kept] for each in (self.names, self.table.units))
        return Concepts(
            ConceptTable(tuple(own), tuple(units), self.table.values[:, kept]),
            self.left_out,
            tuple(each for each in self._alone if each.name in own),
            self._probabilities and self._probabilities.only(set(own)),
            self._medians[kept],
        )

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
        parts = [_read(each.read, images)[:, None] for each in self._alone] or [_nothing(images)]
        if self._probabilities:
            parts.append(self._probabilities.read(images))
        return _table(self._alone, self._probabilities, torch.cat(parts, 1), self._medians)

    def readers(self) -> dict[str, Reader]:
        """Return what reads each concept alone, by name: images to Tensor of shape (n,).

        As in `measure` a value that is undefined is the median.
        """
        readers = {each.name: each.read for each in self._alone}
        if self._probabilities:
            readers |= self._probabilities.readers()
        medians = dict(zip(self.names, self._medians.tolist()))
        return {name: _filled(each, medians[name]) for name, each in readers.items()}

    def readings(self) -> dict[str, Reading]:
        """Return how the value of each concept is read in rules, by name."""
        return readings(self.names, self.table.units, self._medians.tolist())

    def feature(self, name: str) -> Feature | None:
        """Return the feature of the data that a concept measures; None of other concepts."""
        concept = self._find(name)
        return concept.feature if concept else None

    def giver(self, name: str) -> Giver | None:
        """Return what gives a concept to images; None where nothing does.

        It takes images and values of shape (n,) in the concept's unit, and returns images that
        have them as far as that goes: measure to see how far.

        Examples
        --------
        >>> images = torch.linspace(-1, 1, 128).view(2, 1, 8, 8)
        >>> brighter = Concepts.on(images).giver("brightness")(images, torch.tensor([0.5, 0.8]))
        >>> brighter.mean((1, 2, 3)).add(1).div(2)
        tensor([0.5000, 0.8000])
        """
        concept = self._find(name)
        return concept.given if concept else None

    def ranges(self, table: ConceptTable) -> pd.DataFrame:
        """Summarise each concept over the images of a table, as in `RulesStudy.concepts`.

        Returns
        -------
        DataFrame
            One row for each concept, `RANGE_COLUMNS`; those left out follow with their reason.
        """
        rows: list[tuple[str | float, ...]] = []
        for name, unit, values in zip(table.names, table.units, table.values.unbind(1)):
            figures = (values.min(), values.max(), values.mean(), values.std(correction=0))
            rows.append((name, unit, *map(float, figures), ""))
        unknown = [float("nan")] * 4
        rows += [(name, "", *unknown, reason) for name, reason in self.left_out.items()]
        return pd.DataFrame(rows, columns=RANGE_COLUMNS)

    def _find(self, name: str) -> Concept | None:
        self.table.column(name)  # refuses a name that is not there
        return next((each for each in self._alone if each.name == name), None)


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
            reason = f"not made for images of {counted(channels, 'channel')}, {height} x {width}"
            left_out[each.name] = reason
            on_warning(f"{each.name} is not read: it is {reason}")
    return measured


@torch.no_grad()
def _read(reader: Reader, images: torch.Tensor) -> torch.Tensor:
    parts = images.split(_BATCH) if len(images) else ()
    return torch.cat([torch.zeros(0).double(), *(reader(part).cpu().double() for part in parts)])


def _filled(reader: Reader, median: float) -> Reader:
    def read(images: torch.Tensor) -> torch.Tensor:
        values = reader(images)
        return torch.where(values.isfinite(), values, median)

    return read


def _fault(values: torch.Tensor) -> str:
    """Say why a concept with these values is none; "" where it is one."""
    finite = values[values.isfinite()]
    share = (len(values) - len(finite)) / len(values)
    if share > MAX_UNDEFINED:
        return f"undefined in {percent(share)} of the images"
    varies = bool(finite.std() > _CONSTANT * finite.abs().max())
    return "" if varies else _SAME


def _table(
    alone: Sequence[Concept],
    probabilities: ClassProbabilities | None,
    values: torch.Tensor,
    medians: torch.Tensor,
) -> ConceptTable:
    of_classes = probabilities.names if probabilities else ()
    names = (*(each.name for each in alone), *of_classes)
    units = (*(each.unit for each in alone), *[WHAT] * len(of_classes))
    return ConceptTable(names, units, torch.where(values.isfinite(), values, medians))


def _nothing(images: torch.Tensor) -> torch.Tensor:
    return torch.zeros(len(images), 0, dtype=torch.float64)


def _require_different(listed: Sequence[Concept]) -> None:
    names = [each.name for each in listed]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"two concepts are named {twice}", "learned", "Rename one of them.")


def _check(images: torch.Tensor) -> None:
    if images.ndim != 4 or len(images) < 2 or not images.is_floating_point():
        raise InputError(
            f"{images.dtype} of shape {tuple(images.shape)}",
            "images",
            "Give two images or more, float32 in [-1, 1], of shape (n, c, h, w).",
        )
    if not bool(images.isfinite().all()):
        raise InputError("images that are not finite", "images", "Give values in [-1, 1].")
