"""What stands beside a threshold says the same as the verdict, whatever was measured."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from ganatomy.explain.faithfulness.margins import AT_LEAST, margins
from ganatomy.explain.faithfulness.verdict import (
    CONTROLS,
    FAIL,
    LARGEST_CORRELATION,
    LEAST_SEED_CORRELATION,
    MEASURES_COLUMNS,
    MISSING,
    PASS,
    QUESTIONS,
    REMOVAL,
    trust,
)

NAN = float("nan")
_EDGES = st.sampled_from([NAN, -1.0, -0.3, 0.0, 0.3, 0.5, 0.7, 1.0])
_INTERVALS = st.tuples(_EDGES, _EDGES).map(
    lambda ends: (NAN, NAN) if NAN in ends or np.isnan(ends).any() else tuple(sorted(ends))
)


@st.composite
def _measures(draw: st.DrawFn) -> pd.DataFrame:
    rows = [
        ("a map", measure, control, NAN, *draw(_INTERVALS))
        for measure in REMOVAL
        for control in CONTROLS
    ]
    if draw(st.booleans()):
        rows.append(("a map", "seed_stability", "", draw(_EDGES), NAN, NAN))
    rows.append(("a map", "sensitivity", "", draw(_EDGES), NAN, NAN))
    rows.append(("a map", "randomisation_signed", "", draw(_EDGES), *draw(_INTERVALS)))
    return pd.DataFrame(rows, columns=MEASURES_COLUMNS)


@settings(max_examples=150, deadline=None)
@given(_measures())
def test_margins_and_verdict_agree(measures: pd.DataFrame) -> None:
    (verdict,) = trust(measures).to_dict("records")
    table = margins(measures)
    for question in QUESTIONS:
        own = table[table["test"] == question]
        # at its threshold a correlation fails, all else passes
        short = (own["margin"] < 0) | ((own["margin"] <= 0) & (question == "sane"))
        expected = FAIL if short.any() else MISSING if own["value"].isna().any() else PASS
        assert verdict[question] == expected, own.to_string()


def test_thresholds_are_those_of_the_rules() -> None:
    rows = [
        ("a", "seed_stability", "", 0.9, NAN, NAN),
        ("a", "sensitivity", "", 0.2, NAN, NAN),
        ("a", "randomisation_signed", "", -0.1, -0.25, 0.05),
    ]
    table = margins(pd.DataFrame(rows, columns=MEASURES_COLUMNS)).dropna(subset="value")
    seeds, noise, random = table.to_dict("records")
    assert (seeds["rule"], seeds["threshold"]) == (AT_LEAST, LEAST_SEED_CORRELATION)
    assert seeds["margin"] == 0.2
    assert noise["margin"] == 0.3
    assert (random["value"], random["threshold"]) == (0.25, LARGEST_CORRELATION)
