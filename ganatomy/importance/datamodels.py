"""What each feature contributes when random subsets of the features are changed at once.

Datamodels (Ilyas et al. 2022, arXiv 2202.00622): what a training ends in, regressed on which
subset of the data, here of the features, it was trained without.
"""

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.datamodelling_score import datamodelling_score
from ganatomy.importance.differences import differences
from ganatomy.importance.ranking import require_seeds
from ganatomy.statistics import Array, half_width, mark, mean_and_error, two_sided_p

COLUMNS = [
    *("feature", "readout", "coefficient", "low", "high", "t", "p", "q", "stands_out"),
    *("r2", "held_out_r2", "lds", "lds_low", "lds_high", "seeds_agree", "lds_ceiling"),
]


def datamodels(repeats: pd.DataFrame, fdr: float | None, *, seed: int = 0) -> pd.DataFrame:
    """Regress each readout on which features were changed.

    For every variant named ``subset_*``, its difference from the nulls, averaged over seeds, is
    explained by a sum over its features and a constant (least squares). A coefficient is thus what
    changing the feature adds on average over what else is changed; the noise of the nulls, which
    all subsets of a seed share, is in the constant. Errors come from the residuals, with
    N - F - 1 degrees of freedom for N subsets and F features: they hold retraining noise as well as
    what is not a sum.

    Parameters
    ----------
    repeats : DataFrame
        As for `summarise`.
    fdr : float in (0, 1), or None
        Benjamini-Hochberg over the table; None: q is NaN and nothing stands out.
    seed : int
        Of the random deals behind the interval of the score.

    Returns
    -------
    DataFrame
        One row per feature and readout (`COLUMNS`), low and high at 95 %. r2 is the share of the
        variance between subsets that the sum explains, held_out_r2 that of subsets left out one by
        one (at most 1, below 0 where the mean of the others would do better). NaN where a readout
        does not vary or was not taken of every subset, and for held_out_r2 also where a feature
        is in (or out of) only one subset. lds, lds_low, lds_high, seeds_agree and lds_ceiling are
        the `datamodelling_score`: whether subsets that were left out are ranked rightly. Empty
        without subsets.

    Raises
    ------
    InputError
        Fewer subsets than features + 2, or features that the subsets cannot tell apart; else as
        `summarise`.
    """
    given = differences(repeats, subsets=True)
    require_seeds(given, fdr)
    if given.variants.empty:
        return pd.DataFrame(columns=COLUMNS)
    # a readout that some subsets cannot have is NaN below, and costs the others nothing
    whole = np.isfinite(given.values).any((0, 2))
    values = given.values[:, whole]
    outcome = mean_and_error(values)[0].T
    members = [set(text.split("+")) for text in given.variants["features"].to_numpy()[whole]]
    features = sorted(set().union(*members))
    design = np.array([[1.0, *(name in own for name in features)] for own in members])
    _check_design(design, features)
    coefficients, errors, r2, held_out_r2 = _least_squares(design, outcome)
    of_order = datamodelling_score(design, values, seed=seed)
    freedom = len(design) - design.shape[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.where(errors > 0, coefficients / errors, np.nan)
    half = half_width(errors, freedom)
    num_readouts = len(given.readouts)
    of_readout = {
        "r2": r2,
        "held_out_r2": held_out_r2,
        "lds": of_order.score,
        "lds_low": of_order.low,
        "lds_high": of_order.high,
        "seeds_agree": of_order.seeds_agree,
        "lds_ceiling": of_order.ceiling,
    }
    table = pd.DataFrame(
        {
            "feature": np.repeat(np.array(features, dtype=object), num_readouts),
            "readout": given.readouts * len(features),
            "coefficient": coefficients.ravel(),
            "low": (coefficients - half).ravel(),
            "high": (coefficients + half).ravel(),
            "t": t.ravel(),
            "p": two_sided_p(t, freedom).ravel(),
            **{
                name: np.tile(np.where(np.isnan(r2), np.nan, values), len(features))
                for name, values in of_readout.items()
            },
        }
    )
    return mark(table, fdr)[COLUMNS]


def _check_design(design: Array, features: list[str]) -> None:
    needed = len(features) + 2
    if len(design) < needed:
        raise InputError(
            f"{len(design)} subsets of {len(features)} features",
            "num_subsets",
            f"At least {needed} are needed, and twice as many are better.",
        )
    rank = np.linalg.matrix_rank(design)
    if rank < design.shape[1]:
        raise InputError(
            f"the {len(design)} subsets cannot tell the {len(features)} features apart: some are "
            "always changed together, or all subsets have the same size",
            "num_subsets",
            "Take more subsets.",
        )


def _least_squares(design: Array, outcome: Array) -> tuple[Array, Array, Array, Array]:
    """Coefficients and errors of shape (features, readouts), r2 and held-out r2 of (readouts,)."""
    inverse = np.linalg.pinv(design)  # (1 + F, N)
    coefficients = inverse @ outcome
    residuals = outcome - design @ coefficients
    centred = outcome - outcome.mean(0)
    num_subsets, num_terms = design.shape
    # what is left by rounding alone is nothing
    still = np.abs(centred).max(0) <= 1e-12 * np.abs(outcome).max(0)
    squares = np.where(still, np.nan, (residuals**2).sum(0))
    spread = (inverse**2).sum(1)[:, None]  # the diagonal of (X'X)^-1
    errors = np.sqrt(spread * squares / (num_subsets - num_terms))
    # leaving one out without fitting again: e / (1 - h), with h the leverage (Allen 1974, PRESS)
    leverage = np.einsum("ij,ji->i", design, inverse)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        left_out = np.where(leverage < 1 - 1e-9, residuals / (1 - leverage), np.nan)
        left_out_mean = centred * num_subsets / (num_subsets - 1)
        r2 = 1 - squares / (centred**2).sum(0)
        held_out_r2 = 1 - (left_out**2).sum(0) / (left_out_mean**2).sum(0)
    return coefficients[1:], errors[1:], r2, np.where(still, np.nan, held_out_r2)
