"""What LIME found, in words that follow from its figures."""

import math

from ganatomy.explain.lime.latent_effects import LatentEffects
from ganatomy.explain.lime.result import LimeStudy
from ganatomy.report.plain_words import plain_target
from ganatomy.wording import apart, listed, opened

LEAST_R2 = 0.5
"""A sum that accounts for less than half of D's answers is a poor account of them."""

_OF = {"d_real": "real images", "d_fake": "generated ones"}


def stamped(title: str, stamp: str) -> str:
    """Begin a title with why what it is about is not to be relied on."""
    return f"Not to be relied on ({stamp}): {title}" if stamp else title


def fit(study: LimeStudy) -> str:
    """Say how much of D's answers LIME's sum accounts for, and whether that is little."""
    figures = study.metrics()
    fits = {key: figures[f"mean_held_out_r2_{key}"] for key in _OF if key in study.cases}
    known = {key: value for key, value in fits.items() if not math.isnan(value)}
    if not known:
        return "How much of D’s answers LIME’s sum accounts for is not measured"
    each = listed([f"{apart(value, LEAST_R2)} on {_OF[key]}" for key, value in known.items()])
    few = [_OF[key] for key, value in known.items() if value < LEAST_R2]
    poor = f": a poor account of D on {listed(few)}" if few else ""
    return (
        "Of what D’s logit does when parts are hidden, LIME’s sum of parts accounts for "
        f"{each} (held-out R²){poor}"
    )


def regions(study: LimeStudy) -> str:
    """Say how much the sum accounts for where parts of G's image are exchanged."""
    found = study.metrics()["mean_held_out_r2_g_regions"]
    if math.isnan(found):
        return "How much exchanged parts of G’s images account for is not measured"
    poor = ", a poor account of D" if found < LEAST_R2 else ""
    return (
        "Of what D’s logit does when parts of G’s images are more usual, a sum of parts accounts "
        f"for {apart(found, LEAST_R2)} (held-out R²){poor}"
    )


def latents(effects: LatentEffects) -> str:
    """Say which coordinates of the latent move each target most, where they stand out."""
    found, unmoved = [], []
    for each in effects.targets:
        own = effects.of(each)
        own = own[own["mean_abs"].notna() & (own["low"] > own["noise"])]
        if own.empty:
            unmoved.append(plain_target(each))
        else:
            above = LatentEffects(own.assign(target=each), effects.fits)
            found.append(_first(above, each))
    if not found and not unmoved:
        return "No target was asked for"
    if unmoved:
        found.append(f"no coordinate moves {listed(unmoved)} clearly more than noise")
    return opened("; ".join(found))


def _first(above: LatentEffects, name: str) -> str:
    names, stand_out = above.first(name)
    fit = above.held_out_r2(name)
    r2 = "" if math.isnan(fit) else f" (held-out R² {apart(fit, LEAST_R2)})"
    if stand_out:
        return f"{plain_target(name)} is moved most by {listed(names)}{r2}"
    moved = plain_target(name)
    return f"no latent stands out in what moves {moved}{r2}: the first are {listed(names)}"
