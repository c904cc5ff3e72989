"""How large effects are, on a scale that all features share: what they are ranked by.

The noise of retraining is no part of it: divided by noise, an effect on the least noisy readout is
the largest, and it grows with the number of seeds.
"""

import numpy as np

from ganatomy.importance.differences import Differences
from ganatomy.importance.readouts import READOUTS, plain_name
from ganatomy.statistics import Array
from ganatomy.wording import finely

PRACTICAL_SIZE = 0.1
"""Below this a change would change no decision, however sure it is."""

MEASURES = {
    "g_fcd": "by the evaluator",
    "g_frd": "by random features",
    "g_fld": "by local statistics",
    "d_contrast": "in its preference",
    "d_shift": "in its logits",
}
"""By what a change of a network was measured: sizes by two of them are not of one measure."""


def levels_of(given: Differences) -> Array:
    """Average each readout over GANs retrained on unchanged data, seed by seed; shape (r,)."""
    there = np.isfinite(given.null_means)
    with np.errstate(invalid="ignore"):
        means: Array = np.where(there, given.null_means, 0).sum(1) / there.sum(1)
    return means


def sizes_of(given: Differences, effect: Array) -> Array:
    """Give effects in what their readout's are measured in (`Readout.size_in`).

    Parameters
    ----------
    given : Differences
        Of r readouts and v variants.
    effect : array of shape (r, v)

    Returns
    -------
    array of shape (r, v)
        With the effect's sign. NaN for readouts that features are not ranked by, and where the
        level is not above 0, so that no share of it can be taken.
    """
    level = levels_of(given)
    known = [READOUTS.get(plain_name(name)) for name in given.readouts]
    measured_in = np.array([readout.size_in if readout else "" for readout in known], dtype=object)
    shares = np.where((measured_in == "levels") & (level > 0), level, np.nan)
    unit = np.where(measured_in == "spreads", 1.0, shares)
    return effect / unit[:, None]


def in_words(readout: str, size: float) -> str:
    """Say what a size is a change of.

    Examples
    --------
    >>> in_words("g_fcd", 2.5)
    "G's images lie 3.5 times as far from held-out ones by the evaluator"
    >>> in_words("g_frd", -0.25)
    "G's images lie 25 % closer to held-out ones by random features"
    >>> in_words("d_contrast", -1.5)
    "D's preference for the feature falls by 1.5 spreads of its logits"
    """
    amount = f"{abs(size):.2g}"
    if READOUTS[readout].size_in == "levels":
        if size >= 1:
            far = f"{1 + size:.3g} times as far from"
            return f"G's images lie {far} held-out ones {MEASURES[readout]}"
        side = "further from" if size > 0 else "closer to"
        return f"G's images lie {finely(size)} {side} held-out ones {MEASURES[readout]}"
    if readout == "d_contrast":
        way = "rises" if size > 0 else "falls"
        return f"D's preference for the feature {way} by {amount} spreads of its logits"
    more = "more" if size > 0 else "less"
    return f"D's logits move by {amount} spreads {more} than retraining alone moves them"


def amount(letter: str, size: float) -> str:
    """Write the size of a change of G or D as it stands in a table or at a bar.

    Examples
    --------
    >>> amount("g", 14.53), amount("g", 0.207), amount("g", -0.3), amount("d", -11.7)
    ('15.5 times as far', '+21 %', '−30 %', '−12 spreads')
    """
    if letter == "g" and size >= 1:
        return f"{1 + size:.3g} times as far"
    return f"{_signed(letter, size)}{' %' if letter == 'g' else ' spreads'}"


def span(letter: str, size: float, low: float, high: float) -> str:
    """Write the interval of a size, in the unit in which `amount` writes the size.

    Examples
    --------
    >>> span("g", 14.53, 13.0, 16.0), span("g", 0.4, -0.02, 0.82), span("d", -12.0, -14.0, -9.5)
    ('14 to 17 times', '−2 to +82 %', '−14 to −9.5')
    """
    if letter == "g" and size >= 1:
        return f"{1 + low:.3g} to {1 + high:.3g} times"
    unit = " %" if letter == "g" else ""
    return f"{_signed(letter, low)} to {_signed(letter, high)}{unit}"


def _signed(letter: str, size: float) -> str:
    """With its sign; of G in percent."""
    sign = "−" if size < 0 else "+" if size else ""
    if letter == "g":
        return sign + finely(size).removesuffix(" %")
    return f"{sign}{abs(size):.2g}"
