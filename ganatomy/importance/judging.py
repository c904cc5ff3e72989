"""From what was read out of retrained GANs to all tables that judge single changes."""

import pandas as pd

from ganatomy.importance.detectable import detectable
from ganatomy.importance.power import power_of_seeds, power_of_share, split_half_stability
from ganatomy.importance.ranking import rank, summarise
from ganatomy.importance.sizes import PRACTICAL_SIZE


def judge(
    repeats: pd.DataFrame, fdr: float, *, practical_size: float = PRACTICAL_SIZE, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Judge and rank all changes, and tell how far that can be relied on.

    Parameters
    ----------
    repeats : DataFrame
        As for `summarise`.
    fdr : float in (0, 1)
    practical_size : float
        As for `rank`.
    seed : int
        Of the draws of seeds.

    Returns
    -------
    dict of str to DataFrame
        ``summary``, ``ranking``, ``power`` and ``detectable`` of an `ImportanceStudy`.
    """
    summary = summarise(repeats, fdr)
    power = [
        power_of_seeds(repeats, seed=seed),
        power_of_share(repeats),
        split_half_stability(repeats, seed=seed),
    ]
    return {
        "summary": summary,
        "ranking": rank(summary, practical_size),
        "power": pd.concat(power, ignore_index=True),
        "detectable": detectable(repeats, summary["p"].to_numpy(), fdr),
    }
