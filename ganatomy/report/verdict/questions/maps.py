"""Which maps may be relied on: the kinds that passed every test."""

from collections.abc import Sequence

from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import of_all


def maps(trusted: Sequence[str], total: int, gate: Gate, *, anchor: str = "trust") -> Clause:
    """Count the kinds of map that passed, and name them.

    Parameters
    ----------
    trusted : sequence of str
        Those that passed every test.
    total : int
        How many kinds were tested.
    gate : Gate
    anchor : str
    """
    check = Check.at_least(
        "kinds of map that pass every test", len(trusted) if total else None, gate.maps_trusted
    )
    found = of_all(len(trusted), total, "kind of map", "kinds of map")
    found = f"{found[:1].upper()}{found[1:]} may be relied on"
    named = f"{found}: {'; '.join(trusted)}" if trusted else found
    return Clause.judged(
        "maps",
        [check],
        {
            "yes": f"{named}.",
            "no": f"{named}.",
            "unknown": "Which maps may be relied on is not known: none was tested.",
        },
        anchor,
    )
