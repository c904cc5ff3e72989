"""What the study of maps found, in words that follow from its figures."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from ganatomy.data.recipe import is_learned
from ganatomy.explain.maps.film import Frame
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.networks.measures import MEASURES
from ganatomy.explain.units.carriers import Carriers
from ganatomy.explain.units.unit_images import AREA as AREA
from ganatomy.explain.units.unit_images import UnitImages
from ganatomy.report.plain_words import plain_target
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import Record
from ganatomy.statistics import paired_t
from ganatomy.wording import apart, counted, listed, of_all, pair, signed

_FEW = 3
_LOGIT = "D's logit"
_ASKED = {
    "class": "the evaluator’s logit of the class that it sees",
    "concept": "a quantity read from its features",
    "region": "the brightness of a part of the image",
    "contrast": "the standard deviation over the image",
    "saturation": "the mean strength of colours",
}
LEAST_OVERLAP = 0.05
"""An overlap this close to that of different images is chance level: no picture shows it."""


def reasons(stamps: Sequence[tuple[str, str]]) -> str:
    """List kinds of map with what speaks against each, kinds with the same reason together."""
    by_reason: dict[str, list[str]] = {}
    for name, why in stamps:
        by_reason.setdefault(why, []).append(name)
    return "; ".join(f"{' and '.join(names)} ({why})" for why, names in by_reason.items())


def overlap(study: MapsStudy) -> Record:
    """Say whether D's maps and G's overlap more at the same images than at different ones."""
    nothing: Record = {"words": "", "shown": False}
    if study.comparison is None:
        return nothing
    table = study.comparison.table
    both = table[["overlap", "chance_overlap"]].astype(float).dropna()
    if len(both) < 2:
        return nothing
    difference, low, high, _ = (
        float(each) for each in paired_t((both["overlap"] - both["chance_overlap"]).to_numpy())
    )
    mean, chance = pair(float(both["overlap"].mean()), float(both["chance_overlap"].mean()))
    start = (
        f"D’s maps and G’s overlap by {mean} at the same image and by {chance} at different ones "
        f"(difference {signed(difference, 3)}, 95 % interval {signed(low, 3)} to {signed(high, 3)})"
    )
    if low > LEAST_OVERLAP:
        return {"words": f"{start}: more than chance", "shown": True}
    if high < -LEAST_OVERLAP:
        return {"words": f"{start}: less than chance", "shown": True}
    if max(abs(low), abs(high)) < LEAST_OVERLAP:
        return {"words": f"{start}: {_of_little(low, high)}", "shown": False}
    return {"words": f"{start}: too uncertain to be told from chance level", "shown": False}


def _of_little(low: float, high: float) -> str:
    """Say how an overlap compares to chance whose difference from it is below what matters."""
    limit = f"differences below {LEAST_OVERLAP:g} show in no picture"
    if low <= 0 <= high:
        return f"no difference from chance seen ({limit})"
    more = "more" if low > 0 else "less"
    return f"a little {more} than at different images, too little to matter ({limit})"


def layers(names: "pd.Series[str]", kinds: Kinds) -> list[str]:
    """Name layers as of ``D layers.0`` plainly, and keep the module's name."""
    found = []
    for name in names:
        network, _, layer = str(name).partition(" ")
        plain = kinds.layer(network, layer)
        found.append(f"{network}, {plain}" + (f" ({layer})" if layer not in plain else ""))
    return found


def few(names: Sequence[str]) -> str:
    """List names, of many the first ones and the number of the others.

    Examples
    --------
    >>> few(["a", "b"]), few(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    if len(names) <= _FEW + 1:
        return listed(names)
    return f"{', '.join(names[:_FEW])} and {len(names) - _FEW} more"


def asked(names: Iterable[str], *, logits: bool) -> str:
    """Explain the picture of what G is asked for beside D's logit.

    Parameters
    ----------
    names : iterable of str
        Of the targets.
    logits : bool
        Whether D's logit stands above the images.
    """
    kinds = {name.partition("(")[0] for name in names}
    parts = "; ".join(f"{kind}: {words}" for kind, words in _ASKED.items() if kind in kinds)
    return (
        f"HiResCAM of G’s last layer with several channels. {parts}{'. ' if parts else ''}"
        "Red raises what is asked for, blue lowers it."
        f"{' Above each image: D’s logit of it.' if logits else ''}"
    )


def by_target(table: pd.DataFrame) -> pd.DataFrame:
    """Name the checks of G's targets by them, falls in standard deviations of each target."""
    scaled = table.copy()
    falls = ["drop_top", "drop_random", "drop_bottom", "difference", "low", "high"]
    scaled[falls] = table[falls].astype(float).div(table["sd"].astype(float), axis=0)
    return scaled.assign(layer=[plain_target(str(name)) for name in table["target"]])


def in_plain_concepts(table: pd.DataFrame) -> pd.DataFrame:
    """Name what was measured straight on images as sentences do."""
    straight = _LOGIT not in set(table["concept"])
    names = [
        plain_target(str(name)) if straight or is_learned(str(name)) else name
        for name in table["concept"]
    ]
    return table.assign(concept=names)


def causes(table: pd.DataFrame, of: str = "in") -> str:
    """Say in how many checks the credited channels count more, in how many clearly less.

    Parameters
    ----------
    table : DataFrame
        As of `units.causes.check_causes`, layers by their plain names.
    of : str
        The word before a layer's name, or before what stands in its place.
    """
    passed = int(table["passes"].astype(bool).sum())
    less = table[table["high"].astype(float) < 0]
    some = of_all(passed, len(table), "check")
    text = f"The channels that Grad-CAM credits count more than channels at random in {some}"
    if less.empty:
        return text
    rest = len(table) - passed - len(less)
    text += f", clearly less in {len(less)}" + (
        f", and in {rest} no difference is seen" * (rest > 0)
    )
    sizes, wrong = Counter(table["layer"]), Counter(less["layer"])
    whole = [str(layer) for layer, count in wrong.items() if count == sizes[layer]]
    return text + (
        f"; {of} {listed(whole)} Grad-CAM’s credit points the wrong way" if whole else ""
    )


def unit(unit: UnitImages, carriers: Carriers, kinds: Kinds) -> str:
    """Say what a unit does."""
    place = f"Unit {unit.unit} of G’s {kinds.layer('G', unit.layer)}"
    return f"{place}, {_does(unit, carriers)}"


def strongest(unit: UnitImages, carriers: Carriers, kinds: Kinds) -> str:
    """Say what a unit does, as the end of a sentence."""
    place = f"unit {unit.unit} of G’s {kinds.layer('G', unit.layer)}"
    return f"{place}: it {_does(unit, carriers)}"


def _does(unit: UnitImages, carriers: Carriers) -> str:
    verb = "raises" if unit.effect > 0 else "lowers"
    known = {_LOGIT, *carriers.concepts["concept"]}
    what = unit.concept.replace("'", "’") if unit.concept in known else f"class {unit.concept}"
    straight = unit.concept.partition("(")[0] in ("region", *MEASURES) or is_learned(unit.concept)
    if unit.concept not in known and straight:
        what = plain_target(unit.concept)
    return f"{verb} {what} by {apart(abs(unit.effect), 0)} of a standard deviation"


def units(carriers: Carriers) -> str:
    """Count the units that were tried."""
    assert carriers.dissection is not None
    return counted(carriers.dissection.groupby(["layer", "unit"]).ngroups, "unit")


def carriers(table: pd.DataFrame) -> str:
    """Say how many units of G move something beyond chance."""
    units = table.groupby(["layer", "unit"], sort=False)["stands_out"].any()
    some = of_all(int(units.sum()), len(units), "unit")
    return f"Something is moved beyond chance by {some} of G that were held still"


def classes(study: MapsStudy) -> str:
    """Say in which class D's maps of real images are strongest."""
    means = study.class_means.means.get("d_real", {})
    sizes = {name: float(each.mean()) for name, each in means.items()}
    sizes = {name: size for name, size in sizes.items() if np.isfinite(size)}
    if len(sizes) < 2 or max(sizes.values()) == min(sizes.values()):
        return "Mean maps, class by class"
    most, least = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    high, low = pair(sizes[most], sizes[least])
    return (
        f"D’s maps of real images are strongest in class {most} ({high} on average) and weakest in "
        f"class {least} ({low})"
    )


def course(film: Sequence[Frame]) -> str:
    """Say how D's logit of the same latents' images changed over the training."""
    first, last = (float(frame.scores.mean()) for frame in (film[0], film[-1]))
    return (
        f"D’s logit of what G makes of the same latents was {signed(first)} on average at step "
        f"{film[0].step:,} and {signed(last)} at step {film[-1].step:,}"
    )
