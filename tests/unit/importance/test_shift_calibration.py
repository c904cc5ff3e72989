"""The change of D's logits, from logits to verdict: false alarms as often as promised."""

import numpy as np
import pandas as pd
from scipy import stats

from ganatomy.importance.ranking import summarise

COLUMNS = ["variant", "features", "mode", "is_null", "seed", "share", "readout", "value"]
NUM_TABLES = 300


def test_shifts_of_members_like_any_null_raise_no_more_false_alarms() -> None:
    """d_shift is measured from the nulls themselves. A member that is one more null must not seem
    further from them than they are from each other."""
    draw = np.random.default_rng(0)
    alarms = []
    for _ in range(NUM_TABLES):
        rows = []
        for seed in range(3):
            level = draw.normal(size=40)
            names = ["v", "null_0", "null_1", "null_2"]
            logits = {name: level + 0.5 * draw.normal(size=40) for name in names}
            standard = {name: (x - x.mean()) / x.std(ddof=1) for name, x in logits.items()}
            for name in names:
                others = [other for other in names[1:] if other != name]
                apart = [np.sqrt(((standard[name] - standard[o]) ** 2).mean()) for o in others]
                features, mode = ("v", "remove") if name == "v" else ("", "null")
                head = (name, features, mode, name != "v", seed, 1.0, "d_shift")
                rows.append((*head, np.mean(apart)))
        summary = summarise(pd.DataFrame(rows, columns=COLUMNS), 0.05)
        alarms.append(bool(summary["stands_out"].any()))
    assert np.mean(alarms) <= stats.binom.ppf(0.9995, NUM_TABLES, 0.05) / NUM_TABLES
    assert any(alarms)
