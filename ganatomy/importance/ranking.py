"""Which changed features had an influence, and which had the most.

Drop-feature importance: an effect is the difference from retraining on unchanged data, and it
stands out when unchanged data seldom differ so much from each other.
"""

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.differences import Differences, differences, effects_of
from ganatomy.importance.permutation import permutation_p
from ganatomy.importance.readouts import READOUTS, asked_variant, plain_name
from ganatomy.statistics import half_width, mark, mean_and_error, two_sided_p

RANKING_RULE = (
    "Features are ordered by their largest |t| over all readouts that can be judged, of G or of D; "
    "t is the effect divided by the standard error that it would have if nothing had been changed."
)

SUMMARY_COLUMNS = [
    *("variant", "features", "mode", "readout", "network", "effect", "low", "high", "null_sd"),
    *("standardised", "error", "freedom", "t", "p_t", "p_permuted", "p", "q"),
    *("judged", "stands_out"),
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
    columns = {
        "effect": effects.effect,
        "low": effects.effect - half,
        "high": effects.effect + half,
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


def rank(summary: pd.DataFrame) -> pd.DataFrame:
    """Rank the variants, most influential first: `RANKING_RULE`.

    Returns
    -------
    DataFrame
        variant, features, mode, rank (from 1), max_abs_t, strongest_readout, the strongest of each
        network (g_readout, g_abs_t, d_readout, d_abs_t), found_by_g, found_by_d (a readout of that
        network stands out), q (the smallest), stands_out (any). A variant that no readout can judge
        has NaN, no readout ("") and comes last; equals are ordered by name.
    """
    rows = []
    for _, own in summary.groupby("variant", sort=True):
        first = own.iloc[0]
        row = {"variant": first["variant"], "features": first["features"], "mode": first["mode"]}
        row["strongest_readout"], row["max_abs_t"] = _strongest(own)
        for letter, network in (("g", "generator"), ("d", "discriminator")):
            part = own[own["network"] == network]
            row[f"{letter}_readout"], row[f"{letter}_abs_t"] = _strongest(part)
            row[f"found_by_{letter}"] = bool(part["stands_out"].any())
        row["q"] = own["q"].min()
        row["stands_out"] = bool(own["stands_out"].any())
        rows.append(row)
    columns = [
        *("variant", "features", "mode", "rank", "max_abs_t", "strongest_readout", "g_readout"),
        *("g_abs_t", "d_readout", "d_abs_t", "found_by_g", "found_by_d", "q", "stands_out"),
    ]
    ranking = pd.DataFrame(rows, columns=[name for name in columns if name != "rank"])
    ranking = ranking.sort_values("max_abs_t", ascending=False, kind="stable", ignore_index=True)
    return ranking.assign(rank=np.arange(1, len(ranking) + 1))[columns]


def _strongest(rows: pd.DataFrame) -> tuple[str, float]:
    """Readout of the largest |t|, and that |t|."""
    sizes = rows["t"].abs().dropna()
    if sizes.empty:
        return "", float("nan")
    at = int(sizes.to_numpy().argmax())
    return str(rows.loc[sizes.index, "readout"].iloc[at]), float(sizes.iloc[at])
