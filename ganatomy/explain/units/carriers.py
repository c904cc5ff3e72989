"""Which units of a generator carry what D and the evaluator see, or what is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.explain.networks.concepts import Concept
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import concept, d_logit
from ganatomy.explain.units.dissection import Reader, dissect
from ganatomy.explain.units.unit_images import UnitImages, images_of_units

_CONCEPT_COLUMNS = ["concept", "held_out_r2"]


@dataclass(frozen=True, eq=False)
class Carriers:
    """The effect of G's units on concepts.

    Attributes
    ----------
    concepts : DataFrame
        ``concept`` and ``held_out_r2``: those that the evaluator's features carry.
    dissection : DataFrame or None
        As of `dissect`; None where no layer has units to compare or nothing varies.
    strongest : tuple of UnitImages
        The units with the largest effects, as images; empty where none stands out.
    """

    concepts: pd.DataFrame
    dissection: pd.DataFrame | None
    strongest: tuple[UnitImages, ...] = ()

    @property
    def num_units(self) -> int:
        """Number of units that stand out for some concept."""
        if self.dissection is None:
            return 0
        out = self.dissection[self.dissection["stands_out"]]
        return int(out.groupby(["layer", "unit"]).ngroups)


def find_carriers(
    subjects: Subjects,
    concepts: list[Concept],
    *,
    measures: Mapping[str, Reader] = {},
    further: Mapping[str, Reader] = {},
    num_latents: int = 64,
    num_units: int = 256,
    fdr: float = 0.05,
    on_warning: Callable[[str], None] = lambda text: None,
) -> Carriers:
    """Hold units of G still, one at a time, and see what goes: D's logit, concepts, classes.

    Parameters
    ----------
    subjects : Subjects
    concepts : list of Concept
        Of the subjects' evaluator.
    measures : mapping of str to callable
        What is measured straight on images (n, c, h, w), by name: read where there is neither a
        discriminator nor an evaluator that reads anything.
    further : mapping of str to callable
        What is read from images beside all that.
    num_latents : int
        How many of the subjects' latents are drawn again for every unit.
    num_units : int
        The most units to try.
    fdr : float in (0, 1)
        Share of false ones among all that stand out.
    on_warning : callable
        Told of concepts that do not vary, and why nothing could be tried.
    """
    rows = [{"concept": each.name, "held_out_r2": each.r2} for each in concepts]
    table = pd.DataFrame(rows, columns=_CONCEPT_COLUMNS)
    if not subjects.g_layers.wide:
        return Carriers(table, None)
    latents = subjects.z[:num_latents].to(subjects.device)
    try:
        dissection = dissect(
            subjects.generator,
            list(subjects.g_layers.wide),
            latents,
            readers=_readers(subjects, concepts, measures) | dict(further),
            fdr=fdr,
            max_units=num_units,
            on_warning=on_warning,
        )
    except InputError as error:  # a G that makes one image
        on_warning(f"no dissection: {error.what}")
        return Carriers(table, None)
    return Carriers(table, dissection, images_of_units(subjects.generator, latents, dissection))


def _readers(
    subjects: Subjects, concepts: list[Concept], measures: Mapping[str, Reader]
) -> dict[str | tuple[str, ...], Reader]:
    readers: dict[str | tuple[str, ...], Reader] = {}
    if subjects.has_discriminator:
        readers["D's logit"] = d_logit(subjects.discriminator).values
    if subjects.evaluator is not None:
        for each in concepts:
            readers[each.name] = concept(subjects.evaluator, each).values
        if subjects.class_names:
            readers[subjects.class_names] = subjects.evaluator
    return readers or {name: measures[name] for name in measures}
