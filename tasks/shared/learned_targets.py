"""Learned directions among the targets that params.yaml names."""

from dataclasses import dataclass

from torch import nn

from ganatomy.data.recipe import is_learned
from ganatomy.errors import InputError
from ganatomy.explain.directions.learned import learned_measures, learned_targets
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.networks.measures import Measure
from ganatomy.explain.networks.targets import Target
from ganatomy.wording import listed
from tasks.params.section import Section
from tasks.shared.found_directions import DIRECTIONS, check_found


@dataclass(frozen=True)
class DirectionsOf:
    """Learned directions that somebody asks about.

    Attributes
    ----------
    names : list of str
    study : DirectionsStudy or None
        None without names.
    """

    names: list[str]
    study: DirectionsStudy | None

    def targets(self, generator: nn.Module) -> dict[str, Target]:
        """Make a target of each, see `learned_targets`."""
        there = learned_targets(self.study, generator) if self.study else {}
        return {name: there[name] for name in self.names}

    def measures(self) -> dict[str, Measure]:
        """Give what each reads from images, see `learned_measures`."""
        there = learned_measures(self.study) if self.study else {}
        return {name: there[name] for name in self.names}


def learned_of(params: Section, field: str, after: str) -> DirectionsOf:
    """Return the learned directions among the targets in a field of params.yaml.

    Raises
    ------
    InputError
        One that is none or does not stand out, or stage `directions` may not be done.
    """
    names = [name for name in getattr(params, field) if is_learned(name)]
    if not names:
        return DirectionsOf([], None)
    where = f"{params.name}.{field}"
    check_found(params.name, after, names[0], where)
    study = DirectionsStudy.load(DIRECTIONS)
    there = learned_measures(study)
    for name in names:
        if name not in there:
            raise InputError(
                f"{name} is no target: the direction does not stand out, or changes no two images "
                "alike",
                where,
                f"There are: {listed(list(there))}." if there else "Leave it out.",
            )
    return DirectionsOf(names, study)
