"""Retrained variants against the nulls of their own seed, and how much nulls differ by themselves.

Variants and nulls of one seed share their initial weights, latents and minibatch positions, so the
difference from the nulls' mean leaves out what is due to the seed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.readouts import asked_variant
from ganatomy.statistics import Array

# Variants that change a random subset of the features: `datamodels` answers for them.
SUBSET_PREFIX = "subset_"

# A null's distance from the other nulls shares its pairs with them, so such distances spread less
# than that of one more null would: by (K - 2) / (K - 1) for K nulls. With two nulls both have the
# same distance, and nothing can be judged.
_MEASURED_FROM_NULLS = ("d_shift",)

# Nulls closer together than this, relative to their size, differ by rounding alone.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Differences:
    """All differences from the nulls, as arrays.

    Attributes
    ----------
    variants : DataFrame of v rows
        variant, features, mode.
    readouts : list of r str
    seeds : list of s int
    values : array of shape (r, v, s)
        Value minus the mean of the same seed's nulls. NaN where there is no such GAN.
    null_means : array of shape (r, s)
        Mean of the seed's nulls; NaN where there is none.
    null_squares : array of shape (r, s)
        Sum of squared deviations of the nulls from their own mean.
    null_freedom : array of shape (r, s)
        Degrees of freedom of these sums: 0 where there is no spread to measure.
    num_nulls : array of shape (r, s)
    null_deviations : array of shape (r, k, s)
        Of each null from the mean of its seed's, as far as one more null would lie. NaN where there
        is no such GAN.
    """

    variants: pd.DataFrame
    readouts: list[str]
    seeds: list[int]
    values: Array
    null_means: Array
    null_squares: Array
    null_freedom: Array
    num_nulls: Array
    null_deviations: Array

    def take(self, seeds: list[int] | Array) -> "Differences":
        """Take those of some seeds only, given by their places in `seeds`."""
        return Differences(
            self.variants,
            self.readouts,
            [self.seeds[int(at)] for at in seeds],
            self.values[:, :, seeds],
            self.null_means[:, seeds],
            self.null_squares[:, seeds],
            self.null_freedom[:, seeds],
            self.num_nulls[:, seeds],
            self.null_deviations[:, :, seeds],
        )


@dataclass(frozen=True)
class Effects:
    """Effects in units of retraining noise; arrays of shape (r, v), noise of shape (r,).

    Attributes
    ----------
    effect : mean difference over seeds.
    error : its standard error if the variant were one more null.
    t : effect / error, NaN where nulls do not vary.
    null_sd : standard deviation of one null around the mean of its seed.
    freedom : degrees of freedom of null_sd.
    """

    effect: Array
    error: Array
    t: Array
    null_sd: Array
    freedom: Array


def differences(repeats: pd.DataFrame, *, share: float = 1.0, subsets: bool = False) -> Differences:
    """Subtract each seed's nulls.

    Parameters
    ----------
    repeats : DataFrame
        variant, features, mode, is_null, seed, share, readout, value: one row per retrained GAN,
        share and readout. Rows without a finite value are left out; a GAN may be missing.
    share : float in (0, 1]
        Which share of the training's steps to look at.
    subsets : bool
        The random subsets of features, or all other variants.

    Raises
    ------
    InputError
        Fewer than two nulls: there is no noise to judge by.
    """
    read = repeats[(repeats["share"] == share) & np.isfinite(repeats["value"])]
    if subsets:
        read = without_questions(read)
    is_null = read["is_null"].astype(bool)
    null_names = sorted(read.loc[is_null, "variant"].unique())
    if len(null_names) < 2:
        raise InputError(
            f"{len(null_names)} nulls, but their spread is the noise that effects are judged by",
            "num_nulls",
            "Have at least 2; 4 or more are better.",
        )
    chosen = ~is_null & (read["variant"].str.startswith(SUBSET_PREFIX) == subsets)
    about = read.loc[chosen, ["variant", "features", "mode"]].drop_duplicates("variant")
    readouts = sorted(read["readout"].unique())
    seeds = sorted(read["seed"].unique())
    wide = read.pivot(index=["readout", "variant"], columns="seed", values="value")

    def cube(names: list[str]) -> Array:
        rows = pd.MultiIndex.from_product([readouts, names])
        table: Array = wide.reindex(index=rows, columns=seeds).to_numpy(dtype=float)
        return table.reshape(len(readouts), len(names), len(seeds))

    nulls = cube(null_names)
    centre, deviations, freedom = _null_spread(nulls, readouts)
    return Differences(
        about.reset_index(drop=True),
        [str(readout) for readout in readouts],
        [int(seed) for seed in seeds],
        cube(about["variant"].tolist()) - centre[:, None],
        centre,
        np.where(freedom > 0, np.nansum(deviations**2, 1), 0),
        freedom,
        np.isfinite(nulls).sum(1).astype(float),
        deviations,
    )


def without_questions(repeats: pd.DataFrame) -> pd.DataFrame:
    """Leave out readouts that ask about one variant: those of several variants do not add up."""
    return repeats[repeats["readout"].map(asked_variant) == ""]


def _null_spread(nulls: Array, readouts: list[str]) -> tuple[Array, Array, Array]:
    """Mean (r, s), deviations (r, k, s) and their degrees of freedom (r, s) of nulls (r, k, s)."""
    there = np.isfinite(nulls)
    count = there.sum(1).astype(float)
    centre = np.where(there, nulls, 0).sum(1) / np.where(count > 0, count, np.nan)
    deviations = np.where(there, nulls - centre[:, None], 0)
    size = np.where(there, np.abs(nulls), 0).max(1)
    alike = np.abs(deviations).max(1) <= _ROUNDING * size
    freedom = np.maximum(count - 1, 0)
    shared = np.isin(readouts, _MEASURED_FROM_NULLS)[:, None]
    freedom = np.where(shared & (count < 3), 0, freedom)
    inflate = np.where(shared & (count > 2), (count - 1) / np.maximum(count - 2, 1), 1)
    deviations = deviations * np.where(alike, 0, inflate)[:, None]
    return centre, np.where(there, deviations, np.nan), freedom


def effects_of(given: Differences) -> Effects:
    """Compare the effects with what a variant that is one more null would show.

    The noise is the nulls' spread around their own seed's mean, pooled over seeds. Seeds that end
    far from the data are also noisier (by 10 to 1 in one run on MNIST), so the pooled spread has
    fewer degrees of freedom than it has terms: those of Satterthwaite 1946, between K - 1 and
    S * (K - 1) for K nulls and S seeds.
    """
    there = np.isfinite(given.values)
    count = there.sum(2)
    with np.errstate(invalid="ignore", divide="ignore"):
        effect = np.where(there, given.values, 0).sum(2) / count
        total = given.null_squares.sum(1)
        null_sd = np.where(total > 0, np.sqrt(total / given.null_freedom.sum(1)), 0)
        fourth = (given.null_squares**2 / np.maximum(given.null_freedom, 1)).sum(1)
        freedom = np.where(total > 0, total**2 / fourth, np.nan)
        variance = np.where(there, 1 + 1 / given.num_nulls[:, None], 0).sum(2) / count**2
        error = null_sd[:, None] * np.sqrt(variance)
        t = np.where(error > 0, effect / error, np.nan)
    return Effects(effect, error, t, null_sd, freedom)
