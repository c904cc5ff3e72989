"""What walks do to D's logit and to the distance from the data, beside random walks."""

from collections.abc import Sequence

import pandas as pd
import torch

from ganatomy.explain.directions.walks import STEPS, slopes
from ganatomy.statistics import Array, mark, paired_t

RESPONSE_COLUMNS = [
    *("direction", "judge", "at_rest", "slope", "low", "high", "p", "q", "of_random", "clear"),
    *("ends", "ends_low", "ends_high", "ends_of_random"),
    *("beside", "beside_low", "beside_high"),
]
CURVE_COLUMNS = ["direction", "judge", "step", "change", "low", "high"]
OF_RANDOM = 0
"""What stands for all random directions in a table of curves."""

_MIDDLE = STEPS.index(0.0)


def response_table(
    learned: Sequence[torch.Tensor],
    random: Sequence[torch.Tensor],
    judges: Sequence[str],
    *,
    fdr: float = 0.05,
) -> pd.DataFrame:
    """Measure what each direction does to what images are worth.

    Parameters
    ----------
    learned, random : sequence of Tensor of shape (steps, judges, n)
        Of each direction what the judges say along `walks.STEPS` of the same n latents.
    judges : sequence of str of `judges.JUDGES`
    fdr : float in (0, 1)

    Returns
    -------
    DataFrame
        One row for each direction (from 1) and judge, `RESPONSE_COLUMNS`. `at_rest`: the mean of
        latents that nobody moved; `slope`: what a step adds, its mean over latents, with its 95 %
        interval, two-sided p and Benjamini-Hochberg's q over the table; `of_random`: the largest
        size that it has for a random direction; `clear`: q is at most `fdr` and the size above
        `of_random`. `ends`: the mean of both ends less the middle, with its interval;
        `ends_of_random`: its mean over random directions; `beside`: the difference of the
        two, with its interval over latents, paired.
    """
    if not judges:
        return pd.DataFrame(columns=RESPONSE_COLUMNS)
    of_random = torch.stack([slopes(each).nanmean(1).abs() for each in random]).amax(0).numpy()
    by_chance = torch.stack([_ends(each) for each in random]).mean(0)
    tables = []
    for place, judged in enumerate(learned):
        tables.append(
            pd.DataFrame(
                {
                    "direction": place + 1,
                    "judge": list(judges),
                    "at_rest": judged[_MIDDLE].nanmean(1).numpy(),
                    **_figures("slope", "", paired_t(slopes(judged).numpy())),
                    "of_random": of_random,
                    **_figures("ends", "ends_", paired_t(_ends(judged).numpy())),
                    "ends_of_random": by_chance.nanmean(1).numpy(),
                    **_figures("beside", "beside_", paired_t((_ends(judged) - by_chance).numpy())),
                }
            )
        )
    table = mark(pd.concat(tables, ignore_index=True), fdr)
    is_large = table["slope"].abs() > table["of_random"]
    return table.assign(clear=table["stands_out"] & is_large)[RESPONSE_COLUMNS]


def curve_table(
    learned: Sequence[torch.Tensor], random: Sequence[torch.Tensor], judges: Sequence[str]
) -> pd.DataFrame:
    """Follow what images are worth from step to step, against the same latents unmoved.

    Parameters
    ----------
    learned, random, judges
        As of `response_table`.

    Returns
    -------
    DataFrame
        One row for each direction, judge and step, `CURVE_COLUMNS`: the mean change from where
        the walk is in the middle, with its 95 % interval over latents. Direction `OF_RANDOM`: the
        mean over random directions and both ways along each, as none of them has a sign.
    """
    if not judges:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    gained = {place + 1: _gained(each) for place, each in enumerate(learned)}
    both_ways = torch.stack([(_gained(each) + _gained(each).flip(0)) / 2 for each in random])
    gained[OF_RANDOM] = both_ways.mean(0)
    return pd.concat(
        [_curves(number, each, judges) for number, each in sorted(gained.items())],
        ignore_index=True,
    )


def _figures(name: str, prefix: str, found: Sequence[Array]) -> dict[str, Array]:
    mean, low, high, p = found
    return {name: mean, f"{prefix}low": low, f"{prefix}high": high, f"{prefix}p": p}


def _curves(number: int, gained: torch.Tensor, judges: Sequence[str]) -> pd.DataFrame:
    mean, low, high, _ = paired_t(gained.numpy())  # each of shape (steps, judges)
    places = [(step, judge) for step in range(len(STEPS)) for judge in range(len(judges))]
    rows = [
        (number, judges[judge], STEPS[step], mean[step, judge], low[step, judge], high[step, judge])
        for step, judge in places
    ]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _gained(judged: torch.Tensor) -> torch.Tensor:
    return judged - judged[_MIDDLE]


def _ends(judged: torch.Tensor) -> torch.Tensor:
    gained = _gained(judged)
    return (gained[0] + gained[-1]) / 2
