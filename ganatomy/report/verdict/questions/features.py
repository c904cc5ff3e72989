"""Which features matter: those that stand out from the noise of retraining by a practical size."""

from ganatomy.importance.result import ImportanceStudy
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import counted, listed

_MOST_NAMED = 5


def features(study: ImportanceStudy, gate: Gate, *, anchor: str = "importance") -> Clause:
    """Count the features that matter, and name the first of them."""
    ranking = study.ranking
    matters = ranking.get("matters", ranking["stands_out"]).astype(bool)
    names = list(ranking.loc[matters, "variant"])
    judged = int(ranking["max_abs_t"].notna().sum())
    check = Check.at_least(
        "features that stand out by a practical size",
        len(names) if judged else None,
        gate.features_found,
    )
    of_all = f"{len(names) or 'None'} of {counted(judged, 'feature')} that were changed"
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    named = ", ".join(names[:_MOST_NAMED]) + more if more else listed(names)
    found = f"{of_all} {'matters' if len(names) < 2 else 'matter'}{f': {named}' if names else ''}"
    return Clause.judged(
        "features",
        [check],
        {
            "yes": f"{found}.",
            "no": f"{found}; a smaller effect than these trainings can show may be there.",
            "unknown": "Which features matter is not known: none could be judged.",
        },
        anchor,
    )
