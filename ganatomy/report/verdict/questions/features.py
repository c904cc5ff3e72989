"""Which features matter: those that stand out from the noise of retraining by a practical size."""

from collections.abc import Mapping

from ganatomy.importance.result import ImportanceStudy
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import counted, listed

_MOST_NAMED = 5
_TO = "in GANs retrained for it (the published one was not tested)"


def features(
    study: ImportanceStudy,
    gate: Gate,
    *,
    names: Mapping[str, str] | None = None,
    anchor: str = "importance",
) -> Clause:
    """Count the features that matter, and name the first of them.

    Parameters
    ----------
    study : ImportanceStudy
    gate : Gate
    names : mapping of str to str, optional
        What to call variants, where not by their names.
    anchor : str
    """
    ranking, called = study.ranking, names or {}
    matters = ranking["matters"].astype(bool)
    said = [called.get(name, name) for name in ranking.loc[matters, "variant"]]
    judged = int(ranking["max_abs_t"].notna().sum())
    check = Check.at_least(
        "features that stand out by a practical size",
        len(said) if judged else None,
        gate.features_found,
    )
    of_all = f"{len(said) or 'None'} of {counted(judged, 'feature')} that were changed"
    more = f" and {len(said) - _MOST_NAMED} more" if len(said) > _MOST_NAMED else ""
    named = ", ".join(said[:_MOST_NAMED]) + more if more else listed(said)
    verb = "matters" if len(said) < 2 else "matter"
    found = f"{of_all} {verb} {_TO}{f': {named}' if said else ''}"
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
