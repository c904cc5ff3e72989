"""Learned features: what stage `directions` has made of directions, and who may ask for them."""

from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from ganatomy.data.features.learned_set import LearnedFeatures, number_in
from ganatomy.data.recipe import LEARNED, is_learned
from ganatomy.data.variant_set import VariantEntry
from ganatomy.errors import InputError
from ganatomy.explain.directions.learned import learned_measures, learned_targets
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.networks.measures import Measure
from ganatomy.explain.networks.targets import Target
from ganatomy.report.left_out import why_left_out
from ganatomy.wording import counted, listed
from tasks.gradcam.params import Gradcam
from tasks.lime.params import Lime
from tasks.params.section import read_document
from tasks.shared.artifact_paths import REPORTS, VARIANTS
from tasks.variants.params import Variants

DIRECTIONS = REPORTS / "directions"
_WHERE = "variants.features"
_KEPT = "learned"


def learned_folder(params: Variants) -> Path | None:
    """Return the folder that learned features are read from; None where none is asked for.

    Raises
    ------
    InputError
        They are asked for, and there are none, or stage `directions` may not be done.
    """
    if not params.learned:
        return None
    _check_found(params, params.learned[0], _WHERE)
    return DIRECTIONS


def _check_found(params: Variants | Gradcam | Lime, name: str, where: str) -> None:
    key = f"{params.name}.after"
    told = read_document(None, {params.name})[params.name].get("after")
    if told != params.after:
        raise InputError(
            f"{name} is made by stage directions, and this stage did not wait for it",
            f"{key} = {told}",
            f"Set {key}=directions, as `python -m flows run` does by itself.",
        )
    if reason := why_left_out(DIRECTIONS):
        raise InputError(f"there is no {name}: {reason}", where, "Leave it out.")


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


def learned_of(params: Gradcam | Lime, field: str) -> DirectionsOf:
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
    _check_found(params, names[0], where)
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


def check_number(name: str, num_directions: int, where: str = _WHERE) -> None:
    """Refuse the name of a direction that is none, or is beyond those that are looked at."""
    if number_in(name, where) > num_directions:
        raise InputError(
            f"no {name}: {counted(num_directions, 'direction')} of G's latents are looked at",
            where,
            "Raise directions.num_directions, or name another.",
        )


def keep_learned(source: str | Path, folder: Path) -> None:
    """Copy learned features to the data sets that are changed in them, if any are."""
    if source:
        LearnedFeatures.load(Path(source)).save(folder / _KEPT)


def settled(entry: VariantEntry) -> VariantEntry:
    """Return the entry as later stages read it: learned features lie beside the data sets."""
    recipe = entry.recipe
    if not recipe.regions.learned:
        return entry
    regions = replace(recipe.regions, learned=(VARIANTS / _KEPT).as_posix())
    return replace(entry, recipe=replace(recipe, regions=regions))


def without_learned(params: Variants, num_directions: int) -> Variants:
    """Check names of learned features, and leave out what only the trained GAN can tell.

    Raises
    ------
    InputError
        A name that is none, or a direction beyond those that are looked at.
    """
    for entry in params.learned:
        check_number(":".join(entry.split(":")[:2]), num_directions)  # it may end in a mode
    if not params.learned:
        return params
    kept = {
        "features": [name for name in params.features if not is_learned(name)],
        "interactions": [each for each in params.interactions if LEARNED not in each],
        "num_subsets": 0,
    }
    return params.model_copy(update=kept)
