"""What directions of a generator change, as sentences that follow from the figures."""

from ganatomy.data.recipe import GRID
from ganatomy.explain.directions.result import STANDS_OUT_FROM, DirectionsStudy
from ganatomy.report.feature_names import plain_feature
from ganatomy.wording import listed, of_all, opened, percent, signed

METHOD_NAMES = {
    "sefa": "factors of the first layer (SeFa)",
    "ganspace": "components of early activations (GANSpace)",
    "jacobian": "what moves the image most (Jacobian)",
}
# a feature of the data is changed in its object; what is measured here is what is bright
_OF_BRIGHTNESS = {
    "position_across": "place of what is bright from left to right",
    "position_down": "place of what is bright from top to bottom",
    "scale": "extent of what is bright",
    "orientation": "slant of what is bright",
}
_MOST_OTHERS = 3
_AXES = (
    "Each row is one latent that the direction was not found by, from two steps below to two "
    "above; in the middle it is as it was drawn. "
)


def plain_concept(name: str, grid: int = GRID) -> str:
    """Name what is measured in an image.

    Examples
    --------
    >>> plain_concept("scale"), plain_concept("cell_0_0")
    ('extent of what is bright', 'brightness of the upper left corner')
    >>> plain_concept("position_down")
    'place of what is bright from top to bottom'
    """
    if name.startswith(("cell_", "mask_")):
        return f"brightness of the {plain_feature(name, grid)}"
    return _OF_BRIGHTNESS.get(name) or plain_feature(name)


def finding(study: DirectionsStudy) -> str:
    """Say how many directions stand out and what they change."""
    total, found = len(study.changes), study.num_that_stand_out
    first = study.changes.iloc[0]
    beside = f"{first['ratio']:.3g} ({first['low']:.3g} to {first['high']:.3g})"
    if not found:
        return (
            f"No learned direction of {total} stands out. In squares, a step along the first one "
            f"changes the image by {beside} of what a random step does, and would have to by more "
            f"than {STANDS_OUT_FROM:g}, its interval included."
        )
    concepts = [study.concept_of(number) for number in range(1, total + 1)]
    named = [_plain(study, each) for each in concepts if each]
    names = list(dict.fromkeys(named))
    stand = "stands out" if found == 1 or total == 1 else "stand out"
    said = f"{opened(of_all(found, total, 'learned direction'))} {stand}"
    changing = "it changes" if found == 1 else "they change"
    if not names:
        return f"{said}; nothing that is measured names what {changing}, so see the strips."
    if left := found - len(named):
        rest = f"{left} {'has' if left == 1 else 'have'} no name: see the strips."
        return (
            f"{said}; {'one changes' if len(named) == 1 else 'some change'} {listed(names)}; {rest}"
        )
    return f"{said}; {changing} {listed(names)}."


def title(study: DirectionsStudy, number: int) -> str:
    """Say what a direction (from 1) moves most, with the figure, or that it has no name."""
    names = study.names_of(number)
    if not study.stands_out(number):
        return f"Direction {number} changes no more than any direction does."
    if names.empty:
        return (
            f"Direction {number}, unnamed: nothing that is measured moves strongly and steadily "
            "along it."
        )
    row = names.iloc[0]
    return (
        f"Direction {number}: {_plain(study, row['concept'])}, {signed(row['effect'])} standard "
        f"deviations a step ({signed(row['low'])} to {signed(row['high'])})."
    )


def caption(study: DirectionsStudy, number: int, *, is_first: bool) -> str:
    """Say how much of the image changes, and below the first strip what is seen in one."""
    row = study.changes.iloc[number - 1]
    said = _AXES if is_first else ""
    said += (
        f"In squares, a step changes the image by {row['ratio']:.3g} ({row['low']:.3g} to "
        f"{row['high']:.3g}) of what a random step does."
    )
    clear, name = study.clear_effects(number), study.concept_of(number)
    others = clear[clear["concept"] != name].iloc[:_MOST_OTHERS]  # the most certain ones
    others = others.sort_values("effect", key=lambda effect: -effect.abs(), kind="stable")
    if len(others):
        also = [
            f"{_plain(study, each['concept'])} {signed(each['effect'])}"
            for each in others.to_dict("records")
        ]
        said += f" It moves{', too' if name else ', not enough for a name'}: {listed(also)}."
    return said


def why_this_method(study: DirectionsStudy) -> str:
    """Say which method's directions are shown, and why."""
    others = study.methods[study.methods["method"] != study.method]
    name = METHOD_NAMES[study.method]
    if others["reason"].astype(bool).all():
        return f"Found by {name}: no other method can be used here."
    return (
        f"Found by {name}: on {study.num_latents} latents that none had seen, its directions "
        "change the image most."
    )


def name_of(study: DirectionsStudy, number: int) -> str:
    """Name what a direction (from 1) moves most; "" where nothing fits."""
    concept = study.concept_of(number)
    return _plain(study, concept) if concept else ""


def steadiness(study: DirectionsStudy, number: int) -> str:
    """Say in how many latents the named concept moves the same way at every step; "" without."""
    names = study.names_of(number)
    return "" if names.empty else percent(float(names["monotone"].iloc[0]))


def _plain(study: DirectionsStudy, concept: str) -> str:
    return plain_concept(concept, min(GRID, *study.strips.shape[-2:]))
