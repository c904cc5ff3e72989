"""Which changed features had an influence, and which had the most.

Drop-feature importance: an effect is the difference from retraining on unchanged data, and it
stands out when unchanged data seldom differ so much from each other.
"""

from typing import Any

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.differences import Differences, differences, effects_of
from ganatomy.importance.permutation import permutation_p
from ganatomy.importance.readouts import READOUTS, asked_variant, plain_name
from ganatomy.importance.sizes import PRACTICAL_SIZE, levels_of, sizes_of
from ganatomy.statistics import half_width, mark, mean_and_error, two_sided_p

NETWORKS = {"g": "generator", "d": "discriminator"}

RANKING_RULE = (
    "Features are ordered by how much leaving them out changes G or D, those first that stand out. "
    "For G it is how much further its images lie from held-out ones (Fréchet distance), as a share "
    "of the distance that GANs retrained on unchanged data have, by the evaluator, by random "
    "features or by local statistics; for D how far its logits or its preference for the feature "
    "move, in its logits' own spread. Of several readouts the one with the largest change counts "
    "that stands out, as each may be blind to some features: it is named beside every size. "
    "How sure a change is (|t|, q) decides what stands out, and nothing else."
)

SUMMARY_COLUMNS = [
    *("variant", "features", "mode", "readout", "network", "effect", "low", "high", "level"),
    *("size", "size_low", "size_high", "null_sd", "standardised", "error", "freedom", "t", "p_t"),
    *("p_permuted", "p", "q", "judged", "stands_out"),
]

_OF_NETWORK = ("readout", "size", "low", "high", "abs_t", "q", "p_permuted", "stands_out")
RANKING_COLUMNS = [
    *("variant", "features", "mode", "rank", "size", "strongest_readout", "matters"),
    *(f"{letter}_{name}" for letter in NETWORKS for name in (*_OF_NETWORK, "matters")),
    *("found_by_g", "found_by_d", "max_abs_t", "q", "stands_out"),
]


def require_seeds(given: Differences, fdr: float | None) -> None:
    """Refuse to call anything significant on one seed."""
    if fdr is not None and len(given.seeds) < 2:
        raise InputError(
            f"{len(given.seeds)} seed: what is due to the feature and what to this one seed "
            "cannot be told apart",
            "num_seeds",
            "Have at least 2; 4 or more are better.",
        )


def summarise(repeats: pd.DataFrame, fdr: float | None) -> pd.DataFrame:
    """Judge effects, with intervals and tests, against the nulls of the same readout.

    For variant v and seed s the difference is ``value(v, s) - mean over nulls k of value(k, s)``;
    its mean over seeds is the effect. Only what was read at the end of training counts (share 1),
    and random subsets are left to `datamodels`.

    `t` and `p_t` test that the variant is one more null: error and degrees of freedom come from the
    nulls (`effects_of`). `p_permuted` tests the same whatever the distribution of the noise
    (`permutation_p`; NaN with too few nulls or seeds). `p` is the larger of both: long tails make
    p_t too small among the smallest, where it decides.

    `low` and `high` hold the effect in 95 % of cases whatever the noise of the variant itself (a
    variant far from the nulls is often several times noisier than they): they come from its own
    differences over seeds, which contain the noise of the nulls' mean. The interval is thus wider,
    and may contain 0 where the test is sure of a change. A variant that is left with one seed has
    no noise of its own: its interval is that of the nulls' noise.

    `size` is the effect on the scale that features are ranked by (`sizes_of`), with its interval;
    NaN for the other readouts. `level` is the mean of the nulls.

    Parameters
    ----------
    repeats : DataFrame
        variant, features, mode, is_null, seed, share, readout, value. At least two nulls.
    fdr : float in (0, 1), or None
        Share of false ones among all that stand out (Benjamini-Hochberg over the whole table).
        None: nothing is called significant, q is NaN and one seed is enough.

    Returns
    -------
    DataFrame
        One row per changed variant and readout: `SUMMARY_COLUMNS`. A readout that asks about one
        variant (`about_variant`) is judged for that one alone, under its plain name. Where the
        nulls do not vary (null_sd 0) nothing can be judged: `judged` is False, standardised, t,
        freedom, p and q are NaN, and nothing stands out.

    Raises
    ------
    InputError
        Fewer than two nulls, or fewer than two seeds with `fdr` given.
    """
    given = differences(repeats)
    require_seeds(given, fdr)
    effects = effects_of(given)
    shape = effects.effect.shape
    null_freedom = np.broadcast_to(effects.freedom[:, None], shape)
    null_sd = np.broadcast_to(effects.null_sd[:, None], shape)
    _, own_error, own_freedom = mean_and_error(given.values)
    alone = np.isnan(own_error)
    half = half_width(
        np.where(alone, effects.error, own_error), np.where(alone, null_freedom, own_freedom)
    )
    judged = np.isfinite(effects.t)
    num_readouts, num_variants = shape
    summary = given.variants.loc[np.tile(np.arange(num_variants), num_readouts)]
    summary = summary.reset_index(drop=True)
    summary["readout"] = np.repeat(given.readouts, num_variants).astype(object)
    asked = summary["readout"].map(asked_variant)
    summary["readout"] = summary["readout"].map(plain_name)
    summary["network"] = summary["readout"].map(lambda name: READOUTS[name].network)
    with np.errstate(invalid="ignore", divide="ignore"):
        standardised = np.where(judged, effects.effect / null_sd, np.nan)
    p_t = two_sided_p(effects.t, null_freedom)
    p_permuted = np.where(judged, permutation_p(given), np.nan)
    low, high = effects.effect - half, effects.effect + half
    columns = {
        "effect": effects.effect,
        "low": low,
        "high": high,
        "level": np.broadcast_to(levels_of(given)[:, None], shape),
        "size": sizes_of(given, effects.effect),
        "size_low": sizes_of(given, low),
        "size_high": sizes_of(given, high),
        "null_sd": null_sd,
        "standardised": standardised,
        "error": effects.error,
        "freedom": np.where(judged, null_freedom, np.nan),
        "t": effects.t,
        "p_t": p_t,
        "p_permuted": p_permuted,
        "p": np.fmax(p_t, p_permuted),
    }
    for name, values in columns.items():
        summary[name] = values.ravel()
    summary["judged"] = judged.ravel()
    own = summary[(asked == "") | (asked == summary["variant"])]
    return mark(own.reset_index(drop=True), fdr)[SUMMARY_COLUMNS]


def rank(summary: pd.DataFrame, practical_size: float = PRACTICAL_SIZE) -> pd.DataFrame:
    """Rank the variants, most influential first: `RANKING_RULE`.

    Parameters
    ----------
    summary : DataFrame
        From `summarise`.
    practical_size : float
        A change of less matters to nobody, however sure it is.

    Returns
    -------
    DataFrame
        variant, features, mode, rank (from 1); size (the larger of both networks, without sign),
        strongest_readout (it is this one's) and matters (to G or to D); for each network, with the
        prefix g or d: readout, size (with its sign), low and high (its 95 % interval), abs_t, q,
        p_permuted, stands_out and matters (stands out, and is of practical size), all of the
        readout that the size is of; found_by_g, found_by_d (any readout of that network stands
        out); max_abs_t, the smallest q and stands_out over all readouts. A network without a
        readout that can be judged has NaN and no readout ("").
    """
    rows = []
    for _, own in summary.groupby("variant", sort=True):
        first = own.iloc[0]
        row = {"variant": first["variant"], "features": first["features"], "mode": first["mode"]}
        for letter, network in NETWORKS.items():
            part = own[own["network"] == network]
            found = _strongest(part, practical_size)
            row |= {f"{letter}_{name}": value for name, value in found.items()}
            row[f"found_by_{letter}"] = bool(part["stands_out"].any())
        leading = max(NETWORKS, key=lambda letter: _place(row, letter))
        row["strongest_readout"] = row[f"{leading}_readout"]
        row["size"] = abs(row[f"{leading}_size"])
        row["matters"] = row["g_matters"] or row["d_matters"]
        row["max_abs_t"], row["q"] = own["t"].abs().max(), own["q"].min()
        row["stands_out"] = bool(own["stands_out"].any())
        row["_place"] = _place(row, leading)
        rows.append(row)
    rows.sort(key=lambda row: row["_place"], reverse=True)  # stable: equals stay in order of name
    ranking = pd.DataFrame(rows, columns=[name for name in RANKING_COLUMNS if name != "rank"])
    return ranking.assign(rank=np.arange(1, len(ranking) + 1))[RANKING_COLUMNS]


def _place(row: dict[str, Any], letter: str) -> tuple[bool, float]:
    """Order of a network's finding: whether it stands out, and its size."""
    size = abs(row[f"{letter}_size"])
    return row[f"{letter}_stands_out"], size if np.isfinite(size) else -1.0


def _strongest(rows: pd.DataFrame, practical_size: float) -> dict[str, Any]:
    """The readout of the largest size, first among those that stand out; with all of it."""
    sized = rows[np.isfinite(rows["size"]) & np.isfinite(rows["t"])]
    if sized.empty:
        nothing = dict.fromkeys(("size", "low", "high", "abs_t", "q", "p_permuted"), float("nan"))
        return {"readout": "", **nothing, "stands_out": False, "matters": False}
    order = np.lexsort((-sized["size"].abs(), ~sized["stands_out"].astype(bool)))
    row = sized.iloc[int(order[0])]
    stands_out, size = bool(row["stands_out"]), float(row["size"])
    return {
        "readout": str(row["readout"]),
        "size": size,
        "low": float(row["size_low"]),
        "high": float(row["size_high"]),
        "abs_t": abs(float(row["t"])),
        "q": float(row["q"]),
        "p_permuted": float(row["p_permuted"]),
        "stands_out": stands_out,
        "matters": stands_out and abs(size) >= practical_size,
    }
