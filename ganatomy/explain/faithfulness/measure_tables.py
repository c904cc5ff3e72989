"""What was measured, image by image, as the tables that verdict and pictures take."""

import numpy as np
import pandas as pd
import torch

from ganatomy.explain.faithfulness.paired import paired
from ganatomy.explain.faithfulness.removal import Curves
from ganatomy.explain.faithfulness.verdict import MEASURES_COLUMNS, RANDOMISATION

MAP = "map"
CURVE_COLUMNS = ["method", "line", "kind", "share", "mean", "low", "high"]


def measures_table(
    removal: dict[str, dict[str, torch.Tensor]],
    controls: dict[tuple[str, str], str],
    cascade: pd.DataFrame,
    *,
    stability: dict[str, dict[str, torch.Tensor]],
) -> pd.DataFrame:
    """Tabulate what `trust` judges, from the figures of the measures.

    Parameters
    ----------
    removal : dict of str to dict of str to Tensor of shape (n,)
        By measure (`REMOVAL`) and map: scores of methods and of controls, higher is better.
    controls : dict of (method, control) to str
        Under which name the scores of a method's control are, as `with_controls` gives it.
    cascade : DataFrame
        Of `randomisation`; its last step counts.
    stability : dict of str to dict of str to Tensor of shape (n,)
        By measure (`STABILITY`) and method; leave out a method to which it does not apply.

    Returns
    -------
    DataFrame
        With `MEASURES_COLUMNS`.
    """
    rows: list[tuple[str, str, str, float, float, float]] = []
    for measure, scores in removal.items():
        for (method, control), name in controls.items():
            difference = paired(scores[method], scores[name])
            rows.append(
                (method, measure, control, difference.mean, difference.low, difference.high)
            )
    for measure, by_method in stability.items():
        for method, values in by_method.items():
            middle = float(np.nanmedian(values)) if values.isfinite().any() else np.nan
            rows.append((method, measure, "", middle, np.nan, np.nan))
    last = cascade[cascade["step"] == cascade["step"].max()]
    for measure, names in zip(
        RANDOMISATION,
        (("correlation", "low", "high"), ("absolute", "absolute_low", "absolute_high")),
    ):
        for row in last.to_dict("records"):
            value, low, high = (float(row[name]) for name in names)
            rows.append((str(row["method"]), measure, "", value, low, high))
    return pd.DataFrame(rows, columns=MEASURES_COLUMNS)


def curve_table(curves: dict[str, Curves], controls: dict[tuple[str, str], str]) -> pd.DataFrame:
    """Average the deletion and insertion curves of each method and of its controls.

    Parameters
    ----------
    curves : dict of str to Curves
        Of methods and of controls.
    controls : dict of (method, control) to str
        As for `measures_table`.

    Returns
    -------
    DataFrame
        With `CURVE_COLUMNS`: line is `MAP` or the control, kind "deletion" or "insertion"; mean
        over images, with the ends of its 95 % t interval, point by point.
    """
    parts = []
    for method in dict.fromkeys(method for method, _ in controls):
        lines = {MAP: method}
        lines |= {control: name for (of, control), name in controls.items() if of == method}
        for line, name in lines.items():
            for kind in ("deletion", "insertion"):
                values: torch.Tensor = getattr(curves[name], kind)
                points = [paired(column, torch.zeros_like(column)) for column in values.T]
                part = pd.DataFrame(points)[["mean", "low", "high"]]
                about = {"method": method, "line": line, "kind": kind}
                parts.append(part.assign(**about, share=curves[name].shares.numpy()))
    return pd.concat(parts, ignore_index=True)[CURVE_COLUMNS]
