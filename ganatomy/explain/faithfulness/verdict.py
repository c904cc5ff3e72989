"""Can this explanation be trusted? One rule for each of three questions, the same for all methods.

Faithful: what the map ranks first matters to the network (deletion and insertion, arXiv 1806.07421;
ROAD, arXiv 2202.00449). Stable: asked again, it says the same. Sane: it changes when the network's
parameters are exchanged for random ones (arXiv 1810.03292).
"""

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.wording import apart, of_all, signed

PASS = "pass"
FAIL = "fail"
MISSING = "not measured"

REMOVAL = ("insertion_deletion", "road_noisy_linear", "road_blur", "road_hot_deck")
CONTROLS = ("random", "edge", "other")
STABILITY = ("seed_stability", "sensitivity")
RANDOMISATION = ("randomisation_signed", "randomisation_magnitude")

JUDGED = {"random": "a random map", "other": "its map of another image"}
"""The controls that a map has to be better than, in words."""

FEWEST_BETTER = 3  # of the removal measures
LEAST_SEED_CORRELATION = 0.7
LARGEST_SENSITIVITY = 0.5
LARGEST_CORRELATION = 0.3

QUESTIONS = ("faithful", "stable", "sane")
RULES = {
    "faithful": (
        "Against a random map, and against the same method's map of another image, the 95 % "
        f"interval of the paired difference is above 0 in at least {FEWEST_BETTER} of the "
        f"{len(REMOVAL)} removal measures (insertion minus deletion; ROAD that fills in from the "
        "pixels around, by a blur, from the most similar other image) and below 0 in none. Of a "
        "coarse map and of its controls whole cells are removed, as large as it can tell apart. "
        "The edge detector is shown, but not judged: true maps need not beat it."
    ),
    "stable": (
        f"The median rank correlation between seeds is at least {LEAST_SEED_CORRELATION:g} and "
        f"the median sensitivity (relative change of the map under small noise in the image, "
        "or in the latent for maps within G) at "
        f"most {LARGEST_SENSITIVITY:g}; a method that draws nothing is judged by its sensitivity."
    ),
    "sane": (
        f"With all parameters randomised, the rank correlation with the map of the trained network "
        f"lies within ±{LARGEST_CORRELATION:g}, and so does its interval where there is one. That "
        "of the magnitude is shown, but not judged: where an image equals what hides it, no "
        "network can react, and the zeros there always correlate."
    ),
    "trusted": f"All three; what was {MISSING} is no pass.",
}
"""For the report, word by word."""

MEASURES_COLUMNS = ["method", "measure", "against", "value", "low", "high"]


def trust(measures: pd.DataFrame) -> pd.DataFrame:
    """Judge each method by its figures.

    Parameters
    ----------
    measures : DataFrame
        One row per method, measure and control. Columns:

        - method
        - measure: one of `REMOVAL`, `STABILITY`, `RANDOMISATION`; others are ignored
        - against: of `REMOVAL` one of `CONTROLS`, else ""
        - value: of `REMOVAL` the mean over images of the paired difference (the method's score
          minus the control's, the score being higher where the map is better), in units of the
          target; of `STABILITY` the median over images; of `RANDOMISATION` the Spearman correlation
          after the last step of the cascade, mean over images
        - low, high: ends of the 95 % interval; NaN where there is none

        What does not apply to a method has no row (seeds, where nothing is drawn); what could not
        be measured is NaN.

    Returns
    -------
    DataFrame
        One row per method, in their order: method, faithful, stable, sane (`PASS`, `FAIL` or
        `MISSING`), trusted (bool), why (what was not passed, in words, "" if trusted), and a column
        for each value, named ``measure`` or ``measure_vs_control``.

    Raises
    ------
    InputError
        A row that is there twice, or an unknown control.
    """
    known = measures[measures["measure"].isin([*REMOVAL, *STABILITY, *RANDOMISATION])]
    _check(known)
    rows = []
    for method, own in known.groupby("method", sort=False):
        table = own.set_index(["measure", "against"])[["value", "low", "high"]].astype(float)
        measured = {key: tuple(row) for key, row in zip(table.index, table.to_numpy())}
        judged = {
            "faithful": _faithful(measured),
            "stable": _stable(measured),
            "sane": _sane(measured),
        }
        row: dict[str, str | bool | float] = {"method": str(method)}
        row |= {question: verdict for question, (verdict, _) in judged.items()}
        row["trusted"] = all(verdict == PASS for verdict, _ in judged.values())
        row["why"] = "; ".join(why for _, why in judged.values() if why)
        row |= {"_vs_".join(filter(None, key)): value for key, (value, _, _) in measured.items()}
        rows.append(row)
    first = ["method", *QUESTIONS, "trusted", "why"]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=first)


_Interval = tuple[float, float, float]  # value, low, high
_Figures = dict[tuple[str, str], _Interval]
_NONE: _Interval = (np.nan, np.nan, np.nan)


def _faithful(measured: _Figures) -> tuple[str, str]:
    reasons, missing = [], []
    for control, words in JUDGED.items():
        figures = {name: measured.get((name, control), _NONE) for name in REMOVAL}
        unknown = [name for name, (_, low, _) in figures.items() if np.isnan(low)]
        better = sum(low > 0 for _, low, _ in figures.values())
        if worse := [name for name, (_, _, high) in figures.items() if high < 0]:
            reasons.append(f"worse than {words} by {_words(worse)}")
        elif better + len(unknown) < FEWEST_BETTER:
            some = of_all(better, len(REMOVAL), "removal measure")
            reasons.append(f"better than {words} by {some}{' only' if better else ''}")
        if unknown:
            missing.append(f"{_words(unknown)} against {words}")
    return _verdict(reasons, missing)


def _stable(measured: _Figures) -> tuple[str, str]:
    seeds = measured.get(("seed_stability", ""), _NONE)[0]
    sensitivity = measured.get(("sensitivity", ""), _NONE)[0]
    reasons = []
    if seeds < LEAST_SEED_CORRELATION:
        reasons.append(f"rank correlation between seeds {apart(seeds, LEAST_SEED_CORRELATION)}")
    if sensitivity > LARGEST_SENSITIVITY:
        reasons.append(f"sensitivity {apart(sensitivity, LARGEST_SENSITIVITY)}")
    missing = ["sensitivity"] if np.isnan(sensitivity) else []
    if ("seed_stability", "") in measured and np.isnan(seeds):
        missing.append("seeds")
    return _verdict(reasons, missing)


def _sane(measured: _Figures) -> tuple[str, str]:
    value, low, high = measured.get((RANDOMISATION[0], ""), _NONE)
    if np.isnan(value):
        return _verdict([], ["randomisation"])
    if np.nanmax(np.abs([value, low, high])) < LARGEST_CORRELATION:
        return _verdict([], [])
    interval = "" if np.isnan(low) else f", interval {signed(low)} to {signed(high)}"
    still = "still correlates" if abs(value) >= LARGEST_CORRELATION else "may still correlate"
    return _verdict([f"after randomisation the map {still} ({signed(value)}{interval})"], [])


def _verdict(reasons: list[str], missing: list[str]) -> tuple[str, str]:
    """A known failure outweighs what is missing."""
    words = [*reasons, *(f"{each} {MISSING}" for each in missing)]
    return FAIL if reasons else MISSING if missing else PASS, "; ".join(words)


def _words(names: list[str]) -> str:
    words = {
        "insertion_deletion": "insertion minus deletion",
        "road_noisy_linear": "ROAD (noisy linear)",
        "road_blur": "ROAD (blur)",
        "road_hot_deck": "ROAD (other images)",
    }
    return ", ".join(words[name] for name in names)


def _check(measures: pd.DataFrame) -> None:
    keys = ["method", "measure", "against"]
    if (twice := measures.duplicated(keys)).any():
        row = measures[twice].iloc[0]
        raise InputError(
            f"{row['measure']} of {row['method']} against {row['against'] or 'nothing'} is there "
            "twice",
            "trust",
            "Give one row for each method, measure and control.",
        )
    of_removal = measures["measure"].isin(REMOVAL)
    odd = np.where(of_removal, ~measures["against"].isin(CONTROLS), measures["against"] != "")
    if odd.any():
        row = measures[odd].iloc[0]
        raise InputError(
            f"{row['measure']} of {row['method']} is against {row['against']!r}",
            "trust",
            f"Use {', '.join(CONTROLS)} for removal measures, and an empty string for others.",
        )
