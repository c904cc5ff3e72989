"""The smallest effect that an experiment could have found: what its silence is worth.

The minimal detectable effect of a test of known noise (Bloom 1995): its error times the
noncentrality at which it would reject with the power that is asked for.
"""

import numpy as np
import pandas as pd
from scipy.special import nctdtrinc, stdtrit  # scipy.stats takes a second to import

from ganatomy.importance.differences import differences, effects_of
from ganatomy.importance.permutation import FEWEST, num_arrangements
from ganatomy.importance.readouts import READOUTS, asked_variant, plain_name
from ganatomy.importance.sizes import levels_of
from ganatomy.statistics import Array
from ganatomy.wording import counted, finely

POWER = 0.8

COLUMNS = [
    *("readout", "variant", "effect", "level", "relative", "null_sd", "freedom", "alpha"),
    *("power", "together"),
]


def level_in_use(p: Array, fdr: float) -> float:
    """Return the p at or below which one more row would have stood out of a table.

    Benjamini-Hochberg: of m rows of which k stand out, one more does at ``fdr * (k + 1) / m``.

    Parameters
    ----------
    p : array of shape (n,)
        Of the whole table; NaN is not judged.
    fdr : float in (0, 1)

    Examples
    --------
    >>> level_in_use(np.array([0.001, 0.3, 0.6, 0.9]), 0.04)  # one of four stands out
    0.02
    """
    tested = np.sort(p[np.isfinite(p)])
    if not len(tested):
        return fdr
    places = np.arange(1, len(tested) + 1)
    found = int(places[tested <= fdr * places / len(tested)].max(initial=0))
    return float(fdr * min(found + 1, len(tested)) / len(tested))


def smallest_effect(error: Array, freedom: Array, alpha: float, power: float = POWER) -> Array:
    """Return the effect that a two-sided t test of this error and freedom finds with this power.

    Parameters
    ----------
    error, freedom : array of any one shape
        Of the effect if there were none; NaN where nothing can be judged.
    alpha : float in (0, 1)
        The p at or below which it is found.
    power : float in (0.5, 1)

    Examples
    --------
    >>> float(smallest_effect(np.array(1.0), np.array(1e6), 0.05).round(2))  # 1.96 + 0.84
    2.8
    """
    threshold = stdtrit(freedom, 1 - alpha / 2)
    return np.asarray(error * nctdtrinc(freedom, 1 - power, threshold), dtype=float)


def detectable(
    repeats: pd.DataFrame, p: Array, fdr: float, *, power: float = POWER
) -> pd.DataFrame:
    """Tell for each readout the smallest effect that these nulls and seeds could have found.

    A variant further from the nulls is often noisier than they; such noise is not counted, as the
    test does not count it.

    Parameters
    ----------
    repeats : DataFrame
        As for `summarise`.
    p : array
        Of the whole summary, which says how small a p had to be.
    fdr : float in (0, 1)
    power : float in (0.5, 1)
        How often such an effect would be found.

    Returns
    -------
    DataFrame
        readout, variant (of a readout that asks about one; else ""), effect, level (mean of the
        nulls), relative (effect over level; NaN where the level is not above 0 or the readout asks
        about one variant), null_sd, freedom, alpha, power (of Student's t), together (as many rows
        have to be found at once, since no p of the permutation test is small enough for fewer). NaN
        where nulls do not vary.
    """
    given = differences(repeats)
    found = effects_of(given)
    ways = num_arrangements(given.num_nulls.max(0, initial=0).astype(int).tolist())
    level_of_table, least = level_in_use(p, fdr), 1 / ways if ways >= FEWEST else 0.0
    alpha = max(level_of_table, least)  # no p of the permutation test is smaller
    num_rows = int(np.isfinite(p).sum())
    together = 1 if level_of_table >= least else int(np.ceil(least * num_rows / fdr - 1e-9))
    # the error of a variant of which no seed is missing
    seeds = np.where(given.num_nulls > 0, 1 + 1 / np.maximum(given.num_nulls, 1), 0)
    counted = (given.num_nulls > 0).sum(1)
    error = found.null_sd * np.sqrt(seeds.sum(1)) / counted
    effect = np.where(error > 0, smallest_effect(error, found.freedom, alpha, power), np.nan)
    level = levels_of(given)
    variants = [asked_variant(name) for name in given.readouts]
    scaled = (level > 0) & np.array([not variant for variant in variants], dtype=bool)
    table = pd.DataFrame(
        {
            "readout": [plain_name(name) for name in given.readouts],
            "variant": variants,
            "effect": effect,
            "level": level,
            "relative": np.divide(effect, level, out=np.full(len(level), np.nan), where=scaled),
            "null_sd": found.null_sd,
            "freedom": found.freedom,
            "alpha": alpha,
            "power": power,
            "together": together,
        }
    )
    return table[COLUMNS]


def smallest_size(table: pd.DataFrame, readout: str, variant: str) -> float | None:
    """Give the size (`sizes_of`) below which a change would have been missed by one readout.

    Parameters
    ----------
    table : DataFrame
        From `detectable`.
    readout : str
        One that features are ranked by.
    variant : str
        Asked about where the readout asks about single ones.

    Returns
    -------
    float or None
        A share of the distance to held-out images, or spreads of D's logits; None where the readout
        cannot be judged, or has no size.
    """
    own = table[(table["readout"] == readout) & table["variant"].isin(["", variant])]
    shares = readout in READOUTS and READOUTS[readout].size_in == "levels"
    known = own["relative" if shares else "effect"].dropna()
    return float(known.iloc[0]) if len(known) else None


def in_words(table: pd.DataFrame, num_seeds: int, num_nulls: int) -> str:
    """Say what could have been found in G and in D, one readout each.

    For a readout that asks about single variants the largest of them is told: any larger change
    would have been found whatever the variant.
    """
    judged = table[table["effect"].notna()]
    parts = []
    for readout in ("g_fcd", "d_contrast"):
        own = judged[judged["readout"] == readout]
        if own.empty:
            continue
        worst = own.iloc[int(own["effect"].to_numpy().argmax())]
        words = f"{worst['effect']:.2g} of {readout}"
        if np.isfinite(worst["relative"]):
            words += f" ({_beside_its_mean(worst['relative'])})"
        parts.append(words)
    if not parts:
        return ""
    share = f"{10 * float(table['power'].iloc[0]):.0f} of 10"
    together = int(table["together"].iloc[0])
    said = (
        f"With {counted(num_seeds, 'seed')}, and {counted(num_nulls, 'GAN')} of each retrained on "
        f"unchanged data, the smallest change that Student's t would "
        f"have found in {share} cases is {' and '.join(parts)}; smaller ones may be there unseen. "
        "The permutation test beside it finds fewer, the more so where seeds differ in noise."
    )
    if together > 1:
        said += (
            f" A change that shows in fewer than {together} rows of the table cannot stand out, "
            "however large."
        )
    return said


def _beside_its_mean(share: float) -> str:
    return f"{share:.2g} times its mean" if share >= 1.05 else f"{finely(share)} of its mean"
