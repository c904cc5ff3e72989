"""Targets and concepts by their names: ``class(7)``, ``region(cell_1_1)``, ``thickness``."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, Region, find, known
from ganatomy.data.features.regions import Cell
from ganatomy.data.images import to_float
from ganatomy.data.recipe import GRID, is_learned
from ganatomy.errors import InputError
from ganatomy.explain.networks import targets
from ganatomy.explain.networks.batching import device_of
from ganatomy.explain.networks.concepts import Concept, fit_concept
from ganatomy.explain.networks.measures import MEASURES, Measure, measures_for
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target

KINDS = f"d_logit, class, class(NAME), concept(NAME), region(NAME), {', '.join(MEASURES)}"
_CONCEPT_IMAGES = 2000
_BATCH = 500
_NO_EVALUATOR = "no evaluator was given"
_CELL = re.compile(r"cell_(\d+)_(\d+)")
_MIDDLE = tuple(f"region(cell_{row}_{column})" for row in (1, 2) for column in (1, 2))


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The classes, features and regions of the training data: what names can mean.

    Attributes
    ----------
    train : Dataset
        Concepts are fitted to its first images.
    grid : int
        Regions ``cell_<row>_<column>`` are those of a grid by grid raster.
    masks : sequence of path
        Image files; each marks a region ``mask_<file name without its ending>``.
    """

    train: Dataset
    grid: int = GRID
    masks: Sequence[str | Path] = ()

    def region(self, name: str, where: str = "targets") -> Region:
        """Find the cell or mask of this name.

        Parameters
        ----------
        name : str
        where : str
            The argument that the name came in, for the error.

        Raises
        ------
        InputError
            There is none.
        """
        feature = self._find(name, where)
        if not isinstance(feature, Region):
            raise InputError(f"{name} is no region", where, "Name a cell or a mask.")
        return feature

    def concept(self, name: str, where: str = "concepts") -> Feature:
        """Find the feature of this name that is measured in pixels; as `region`."""
        feature = self._find(name, where)
        if not isinstance(feature, Feature):
            raise InputError(f"{name} is not measured in pixels", where, "Name another feature.")
        return feature

    def check_target(self, name: str, where: str = "targets") -> None:
        """Refuse the name of a target that this data does not have, or that is none; as `region`.

        Nothing is computed.
        """
        kind, what = parsed(name)
        if is_learned(name):
            raise _learned(name, where)
        if kind == "class":
            self._check_class(what, where)
        elif kind == "region" and what:
            self.region(what, where)
        elif kind == "concept" and what:
            self.concept(what, where)
        elif kind in MEASURES and not what:
            _check_measure(kind, self.train.images.shape[1], where)
        elif kind != "d_logit" or what:
            raise _unknown(name, where)

    def _check_class(self, what: str, where: str) -> None:
        names = self.train.class_names
        if not names:
            raise InputError("the data has no classes", where, "Leave targets of classes out.")
        if what and what not in names:
            raise _no_class(what, names, where)

    def _find(self, name: str, where: str) -> object:
        try:
            return find(name, known(self.train, self.grid, self.masks), self.train)
        except InputError as error:
            raise InputError(error.what, where, error.remedy) from None


def parsed(name: str) -> tuple[str, str]:
    """Split ``kind(what)`` into (kind, what); kind is empty where a bracket is missing."""
    kind, _, rest = name.partition("(")
    return ("" if bool(rest) != name.endswith(")") else kind), rest.removesuffix(")")


def usual_targets(channels: int) -> tuple[str, ...]:
    """Name what a generator can be asked for when nothing but its images is known.

    Examples
    --------
    >>> usual_targets(1)[:3]
    ('brightness', 'contrast', 'region(cell_1_1)')
    """
    return (*measures_for(channels), *_MIDDLE)


def readings(
    names: Iterable[str], subjects: Subjects, vocabulary: Vocabulary | None
) -> dict[str, Measure]:
    """Give what those of the names that need no network read from images (n, c, h, w): (n,).

    Parameters
    ----------
    names : iterable of str
        Of `KINDS`.
    subjects : Subjects
    vocabulary : Vocabulary or None
        As in `targets_of_generator`, whose errors are raised.
    """
    straight = [name for name in names if parsed(name)[0] in ("region", *MEASURES)]
    of_images = replace(subjects, generator=nn.Identity())
    found = targets_of_generator(straight, of_images, vocabulary)
    return {name: target.values for name, target in found.items()}


def targets_of_generator(
    names: Iterable[str],
    subjects: Subjects,
    vocabulary: Vocabulary | None,
    *,
    where: str = "targets",
    on_warning: Callable[[str], None] = lambda text: None,
) -> dict[str, Target]:
    """Make targets of the generator, functions of z, by name.

    Parameters
    ----------
    names : iterable of str
        Of `KINDS`. One that stands twice is made once.
    subjects : Subjects
    vocabulary : Vocabulary or None
        Needed for concepts, and for regions that are no cells of the usual grid.
    where : str
        The argument that the names came in, for errors.
    on_warning : callable
        Told of a target that is left out: a class where there are none, a concept that the
        evaluator cannot read, either where there is no evaluator, D's logit without one.

    Returns
    -------
    dict of str to Target
        By the targets' own names, in order.

    Raises
    ------
    InputError
        A name that is none, or of a class, feature or region that this data does not have; a
        vocabulary that is needed and not given.
    """
    by_name = {}
    for name in dict.fromkeys(names):
        target = _target(name, subjects, vocabulary, where, on_warning)
        if target is not None:
            by_name[target.name] = target
    return by_name


def fitted_concepts(
    names: Iterable[str],
    evaluator: nn.Module,
    vocabulary: Vocabulary | None,
    *,
    where: str = "concepts",
    on_warning: Callable[[str], None] = lambda text: None,
) -> list[Concept]:
    """Fit concepts that are features of the data to training images.

    Parameters
    ----------
    names : iterable of str
    evaluator : nn.Module
        With ``features``: images to vectors of shape (n, f).
    vocabulary : Vocabulary or None
        Needed for any name.
    where : str
        The argument that the names came in, for errors.
    on_warning : callable
        Told of a concept that the evaluator's features do not carry, which is left out.

    Raises
    ------
    InputError
        A feature that this data does not have, or that is not measured in pixels.
    """
    asked = list(names)
    if not asked:
        return []
    vocabulary = _given(vocabulary, asked[0])
    images = to_float(vocabulary.train.images[:_CONCEPT_IMAGES])
    features = _features(evaluator, images)
    concepts = []
    for name in asked:
        feature = vocabulary.concept(name, where)
        fitted = fit_concept(name, features, feature.measure(images))
        if fitted.is_readable:
            concepts.append(fitted)
        else:
            on_warning(
                f"concept {name} is left out: the evaluator's features tell only "
                f"{max(0.0, fitted.r2):.0%} of its variance"
            )
    return concepts


def _target(
    name: str,
    subjects: Subjects,
    vocabulary: Vocabulary | None,
    where: str,
    on_warning: Callable[[str], None],
) -> Target | None:
    kind, what = parsed(name)
    if kind == "d_logit" and not what:
        if subjects.has_discriminator:
            return targets.d_logit_of_g(subjects.generator, subjects.discriminator)
        on_warning(f"{name} is left out: no discriminator was given")
        return None
    if kind in MEASURES and not what:
        _check_measure(kind, subjects.fake.shape[1], where)
        return targets.measured(subjects.generator, kind)
    if kind == "region" and what:
        inside = _region(name, what, vocabulary, where).mask(subjects.size)
        return targets.region(subjects.generator, inside, what)
    if kind == "class":
        return _class_target(name, what, subjects, where, on_warning)
    if kind == "concept" and what:
        return _concept_target(name, what, subjects, vocabulary, where, on_warning)
    raise _unknown(name, where)


def _region(name: str, what: str, vocabulary: Vocabulary | None, where: str) -> Region:
    """Find the cell or mask; cells of the usual grid are there without any data."""
    cell = _CELL.fullmatch(what) if vocabulary is None else None
    if cell and max(row_column := (int(cell[1]), int(cell[2]))) < GRID:
        return Cell(*row_column)
    return _given(vocabulary, name).region(what, where)


def _check_measure(name: str, channels: int, where: str) -> None:
    if name not in (known := measures_for(channels)):
        raise InputError(
            f"images of {channels} channel{'s' * (channels > 1)} have no {name}",
            where,
            f"Name another: {', '.join(known)}.",
        )


def _class_target(
    name: str, what: str, subjects: Subjects, where: str, on_warning: Callable[[str], None]
) -> Target | None:
    names, evaluator = subjects.class_names, subjects.evaluator
    if evaluator is None or not names:
        reason = _NO_EVALUATOR if evaluator is None else "the data has no classes"
        on_warning(f"{name} is left out: {reason}")
        return None
    if not what:
        return targets.seen_class(evaluator, subjects.generator)
    if what not in names:
        raise _no_class(what, names, where)
    return targets.class_logit(evaluator, names.index(what), what, generator=subjects.generator)


def _concept_target(
    name: str,
    what: str,
    subjects: Subjects,
    vocabulary: Vocabulary | None,
    where: str,
    on_warning: Callable[[str], None],
) -> Target | None:
    if subjects.evaluator is None:
        on_warning(f"{name} is left out: {_NO_EVALUATOR}")
        return None
    fitted = fitted_concepts(
        [what], subjects.evaluator, vocabulary, where=where, on_warning=on_warning
    )
    return targets.concept(subjects.evaluator, fitted[0], subjects.generator) if fitted else None


@torch.no_grad()
def _features(evaluator: nn.Module, images: torch.Tensor) -> torch.Tensor:
    device = device_of(evaluator)
    read: Callable[[torch.Tensor], torch.Tensor] = evaluator.features  # type: ignore[assignment]
    return torch.cat([read(part.to(device)) for part in images.split(_BATCH)]).cpu()


def _given(vocabulary: Vocabulary | None, name: str) -> Vocabulary:
    if vocabulary is None:
        raise InputError(
            f"without training data nobody knows what {name} is",
            "vocabulary",
            "Give a Vocabulary of the training images.",
        )
    return vocabulary


def _learned(name: str, where: str) -> InputError:
    return InputError(
        f"{name} is no target by name: it is a direction that was found in one generator",
        where,
        "learned_targets() makes a target of it, to be given as a further one; the pipeline does "
        "so for `targets` and `latent_targets`.",
    )


def _unknown(name: str, where: str) -> InputError:
    return InputError(f"unknown target {name!r}", where, f"There are: {KINDS}.")


def _no_class(what: str, names: Sequence[str], where: str) -> InputError:
    return InputError(f"no class {what!r}", where, f"There are: {', '.join(names)}.")
