"""A ranking in words: what matters most, how much and how sure, and what is not known."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ganatomy.importance.detectable import smallest_size
from ganatomy.importance.ranking import NETWORKS
from ganatomy.importance.sizes import MEASURES, amount, in_words
from ganatomy.wording import counted, finely, listed

TINY = 0.5
"""Of 255 on average: images that differ by less are all but the same."""

_OF_G = "{share} of G's distance "
_LIMITS = {
    **{name: _OF_G + MEASURES[name] for name in ("g_fcd", "g_frd", "g_fld")},
    "d_contrast": "{size:.2g} spreads of D's preference for the feature",
    "d_shift": "{size:.2g} spreads of D's logits",
}
_NEXT = 2  # that are named after the one that matters most


def what_matters(ranking: pd.DataFrame, names: Mapping[str, str]) -> Iterator[str]:
    """Say how many changes matter, and which matters most to each network.

    Parameters
    ----------
    ranking : DataFrame
        From `rank`, of one change at least.
    names : mapping of str to str
        What variants are called; others keep their names.
    """
    matters = ranking["matters"].astype(bool)
    changes = counted(len(ranking), "change")
    if not matters.any():
        yield f"Of {changes} none was found to matter to G or D."
        return
    verb = "matters" if matters.sum() == 1 else "matter"
    yield f"{matters.sum()} of {changes} {verb} to G or D: {_named(ranking[matters], names)}."
    for letter in NETWORKS:
        yield _most(ranking, letter, names)


def _most(ranking: pd.DataFrame, letter: str, names: Mapping[str, str]) -> str:
    """The feature that matters most to a network, and the next ones."""
    network = letter.upper()
    own = ranking[ranking[f"{letter}_matters"].astype(bool)]
    if own.empty:
        return f"No change of {network} is both sure and of practical size."
    order = np.argsort(-own[f"{letter}_size"].abs().to_numpy(), kind="stable")
    first, *others = own.iloc[order[: 1 + _NEXT]].to_dict("records")
    said = (
        f"Most to {network}: {_name(first['variant'], names)}; with it changed "
        f"{in_words(first[f'{letter}_readout'], first[f'{letter}_size'])} "
        f"(|t| = {first[f'{letter}_abs_t']:.3g})"
    )
    if not others:
        return f"{said}."
    rest = [
        f"{_name(row['variant'], names)} ({amount(letter, row[f'{letter}_size'])} "
        f"{MEASURES[row[f'{letter}_readout']]})"
        for row in others
    ]
    return f"{said}, then {listed(rest)}."


def order_by_evaluator(
    ranking: pd.DataFrame, summary: pd.DataFrame, names: Mapping[str, str]
) -> str:
    """Give the order of what matters to G by one measure; "" where it is the ranking's.

    Parameters
    ----------
    ranking, summary : DataFrame
        From `rank` and `summarise`.
    names : mapping of str to str
    """
    own = ranking[ranking["g_matters"].astype(bool)]
    alone = summary[summary["readout"] == "g_fcd"].set_index("variant")
    ranked = pd.DataFrame({"largest": own["g_size"].to_numpy()}, index=own["variant"].tolist())
    ranked["alone"] = alone["size"].reindex(ranked.index)
    ranked = ranked.dropna()
    orders = [
        ranked.index[np.argsort(-ranked[by].abs().to_numpy(), kind="stable")].tolist()
        for by in ("largest", "alone")
    ]
    if orders[0] == orders[1]:
        return ""
    by_it = ranked["alone"].to_dict()
    sizes = [
        f"{_name(name, names)} ({amount('g', by_it[name])}"
        f"{'' if alone.at[name, 'stands_out'] else ', not found by it'})"
        for name in orders[1]
    ]
    return f"By the evaluator alone (FCD) the order for G is another: {listed(sizes)}."


def what_is_open(
    ranking: pd.DataFrame,
    detectable: pd.DataFrame,
    practical_size: float,
    names: Mapping[str, str],
) -> Iterator[str]:
    """Say which changes are small, were not found, or cannot be judged.

    Parameters
    ----------
    ranking : DataFrame
    detectable : DataFrame
        From `detectable`: what could have been found.
    practical_size : float
    names : mapping of str to str
    """
    judged, found = ranking["max_abs_t"].notna(), ranking["stands_out"].astype(bool)
    if (small := found & ~ranking["matters"].astype(bool)).any():
        yield (
            f"Sure, but not shown to be of practical size (at least {practical_size:g}): "
            f"{_named(ranking[small], names)}."
        )
    if (quiet := judged & ~found).any():
        yield from _not_found(ranking[quiet], detectable, names)
    if not judged.all():
        yield (
            "Not to be judged, as GANs retrained on unchanged data are all alike: "
            f"{_named(ranking[~judged], names)}."
        )


def _not_found(
    rows: pd.DataFrame, detectable: pd.DataFrame, names: Mapping[str, str]
) -> Iterator[str]:
    """Name them, with what the readouts of their rows could have found; those alike together."""
    limits = [_limits(row, detectable) for row in rows.to_dict("records")]
    for limit in dict.fromkeys(limits):
        said = _named(rows[[each == limit for each in limits]], names)
        if limit:
            yield f"Not found: {said}. Changes below {limit} would seldom have been seen."
        else:
            yield f"Not found, which does not say that they do nothing: {said}."


def _limits(row: Mapping[Any, Any], detectable: pd.DataFrame) -> str:
    """The smallest changes of G and of D that the readouts of a row could have found."""
    said = []
    for letter in NETWORKS:
        readout = row[f"{letter}_readout"]
        size = smallest_size(detectable, readout, row["variant"])
        if size is not None:
            said.append(_LIMITS[readout].format(size=size, share=finely(size)))
    return " and ".join(said)


def hardly_changed(
    ranking: pd.DataFrame, mean_changes: Mapping[str, float], names: Mapping[str, str]
) -> str:
    """Name what was not found where images were hardly changed; "" without any.

    Parameters
    ----------
    ranking : DataFrame
    mean_changes : mapping of str to float
        Of the pixels, in grey levels of 255, by the name of the variant.
    names : mapping of str to str
    """
    quiet = ranking[~ranking["stands_out"].astype(bool)]
    idle = [
        f"{_name(variant, names)} (by {mean_changes[variant]:.2g} of 255 on average)"
        for variant in quiet["variant"]
        if mean_changes.get(variant, TINY) < TINY
    ]
    if not idle:
        return ""
    return (
        f"Images were hardly changed at all: {listed(idle)}. Where there is next to nothing to "
        "take away, that nothing was found does not say that it has no influence."
    )


def _name(variant: str, names: Mapping[str, str]) -> str:
    return names.get(variant, variant)


def _named(rows: pd.DataFrame, names: Mapping[str, str]) -> str:
    return listed([_name(variant, names) for variant in rows["variant"]])
