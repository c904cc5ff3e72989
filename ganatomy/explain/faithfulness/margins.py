"""What each test of a map measured, the threshold that it is held against, and what is left."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ganatomy.explain.faithfulness.verdict import (
    FEWEST_BETTER,
    JUDGED,
    LARGEST_CORRELATION,
    LARGEST_SENSITIVITY,
    LEAST_SEED_CORRELATION,
    RANDOMISATION,
    REMOVAL,
)

COLUMNS = ["method", "test", "figure", "value", "rule", "threshold", "margin"]
AT_LEAST, AT_MOST = "at least", "at most"


def margins(measures: pd.DataFrame) -> pd.DataFrame:
    """Tabulate the figures that `verdict.trust` judges, where they pass as where they fail.

    Parameters
    ----------
    measures : DataFrame
        As `verdict.trust` takes it.

    Returns
    -------
    DataFrame
        One row for each method and figure: method, test (of `verdict.QUESTIONS`), figure (in
        words), value, rule (`AT_LEAST` or `AT_MOST`), threshold, margin: how far the value is on
        the right side of the threshold, negative where it is not. NaN: not measured. Counts are of
        the removal measures whose interval lies above 0 (better), or below (worse). A correlation
        passes only below its threshold, so margin 0 fails there.

    Examples
    --------
    >>> row = {"method": "lime", "measure": "sensitivity", "against": "", "value": 0.2}
    >>> table = margins(pd.DataFrame([{**row, "low": np.nan, "high": np.nan}]))
    >>> kept = table[table["value"].notna()]
    >>> kept[["test", "value", "threshold", "margin"]].values.tolist()
    [['stable', 0.2, 0.5, 0.3]]
    """
    rows = []
    for method, own in measures.groupby("method", sort=False):
        table = own.set_index(["measure", "against"])[["value", "low", "high"]].astype(float)
        figures = {key: tuple(row) for key, row in zip(table.index, table.to_numpy())}
        for test, figure, value, rule, threshold in _of_method(figures):
            margin = value - threshold if rule == AT_LEAST else threshold - value
            rows.append((method, test, figure, value, rule, threshold, round(margin, 12)))
    return pd.DataFrame(rows, columns=COLUMNS)


_Figures = dict[tuple[str, str], tuple[float, ...]]
_Row = tuple[str, str, float, str, float]


def _of_method(figures: _Figures) -> Iterator[_Row]:
    for control, words in JUDGED.items():
        ends = np.array([figures.get((name, control), (np.nan,) * 3)[1:] for name in REMOVAL])
        missing = int(np.isnan(ends[:, 0]).sum())
        better, worse = float((ends[:, 0] > 0).sum()), float((ends[:, 1] < 0).sum())
        # what is certain although some measures are missing is told
        settled = not missing or better >= FEWEST_BETTER or better + missing < FEWEST_BETTER
        yield (
            *("faithful", f"ways of removing in which it is better than {words}"),
            *(better if settled else np.nan, AT_LEAST, float(FEWEST_BETTER)),
        )
        yield (
            *("faithful", f"ways of removing in which it is worse than {words}"),
            *(worse if worse or not missing else np.nan, AT_MOST, 0.0),
        )
    if (seeds := figures.get(("seed_stability", ""))) is not None:
        figure = "rank correlation between seeds"
        yield "stable", figure, seeds[0], AT_LEAST, LEAST_SEED_CORRELATION
    sensitivity = figures.get(("sensitivity", ""), (np.nan,))[0]
    yield "stable", "change under a little noise", sensitivity, AT_MOST, LARGEST_SENSITIVITY
    after = np.abs(figures.get((RANDOMISATION[0], ""), (np.nan,)))
    largest = float(np.nanmax(after)) if not np.isnan(after[0]) else np.nan
    figure = "correlation with the map of random weights, the farther end of its interval"
    yield "sane", figure, largest, AT_MOST, LARGEST_CORRELATION
