"""Whether two features changed at once do more, or less, than the sum of what each does alone."""

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from ganatomy.importance.differences import differences, effects_of, without_questions
from ganatomy.importance.ranking import require_seeds
from ganatomy.statistics import LEVEL, mark, mean_and_error, two_sided_p

COLUMNS = ["features", "mode", "readout", "effect", "low", "high", "t", "p", "q", "stands_out"]


def interactions(repeats: pd.DataFrame, fdr: float | None) -> pd.DataFrame:
    """Subtract from the effect of a combination the effects of its parts.

    For every variant that changes several features, all of which are also changed alone in the same
    mode: per seed, ``d(a+b) - d(a) - d(b)`` with d the difference from the seed's nulls; its mean
    over seeds is the interaction.

    Error and degrees of freedom (S - 1 for S seeds) come from the spread of these over seeds. If
    all variants had the noise s of a null, the variance would be
    ``s**2 * (1 + m + (m - 1)**2 / K) / S`` for m features and K nulls (the nulls' mean is
    subtracted once and added m times); but features whose interaction is worth asking for have
    effects of their own, and the noise of such variants is several times that of nulls: a test by
    the nulls' noise would find interactions wherever there are strong features.

    Parameters
    ----------
    repeats : DataFrame
        As for `summarise`.
    fdr : float in (0, 1), or None
        Benjamini-Hochberg over the table; None: q is NaN and nothing stands out.

    Returns
    -------
    DataFrame
        One row per combination and readout (`COLUMNS`), low and high at 95 %. What cannot be judged
        (one seed, or nulls that do not vary) has NaN. Empty without combinations.

    Raises
    ------
    InputError
        As `summarise`.
    """
    given = differences(without_questions(repeats))
    require_seeds(given, fdr)
    varies = effects_of(given).null_sd > 0
    names = list(zip(given.variants["features"], given.variants["mode"]))
    place = {name: at for at, name in enumerate(names)}
    tables = []
    for features, mode in names:
        parts = [(part, mode) for part in features.split("+")]
        if len(parts) < 2 or not all(part in place for part in parts):
            continue
        alone = given.values[:, [place[part] for part in parts]].sum(1)
        effect, error, freedom = mean_and_error(given.values[:, place[features, mode]] - alone)
        judged = varies & (error > 0)
        half = error * stdtrit(np.where(freedom > 0, freedom, np.nan), (1 + LEVEL) / 2)
        t = np.full(len(effect), np.nan)
        t[judged] = effect[judged] / error[judged]
        columns = {"readout": given.readouts, "effect": effect, "t": t}
        columns |= {"low": effect - half, "high": effect + half, "p": two_sided_p(t, freedom)}
        tables.append(pd.DataFrame({"features": features, "mode": mode, **columns}))
    if not tables:
        return pd.DataFrame(columns=COLUMNS)
    return mark(pd.concat(tables, ignore_index=True), fdr)[COLUMNS]
