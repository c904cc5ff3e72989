"""Are its images its own: what `evaluate` found of copies."""

from ganatomy.metrics.memorisation import TIMES_EXPECTED
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import percent


def copies(study: EvaluationStudy, gate: Gate, *, anchor: str = "memorises") -> Clause:
    """Ask whether copies of training images were found, and could have been."""
    record = study.memorisation
    spaces = record["spaces"]
    found = [name for name, evidence in spaces.items() if evidence["has_copies"]]
    checks = [
        Check.at_most(
            "spaces in which copies are found", None if record["cannot_tell"] else len(found), 0
        ),
        *(
            Check.at_most(
                f"share of images as near to a training image as copies are ({name})",
                evidence["copies"]["value"],
                TIMES_EXPECTED * evidence["copies"]["expected"],
                is_blocking=False,  # the rule also asks whether chance would do it
            )
            for name, evidence in spaces.items()
        ),
    ]
    seen = min(evidence["detectable"] for evidence in spaces.values())
    worst = max(found, key=lambda name: spaces[name]["copies"]["value"], default="")
    share = spaces[worst]["copies"] if worst else {"value": 0.0, "expected": 0.0}
    whose = "the given images" if study.of_given_images else "training images"
    left = record["num_held_out"] - record["num_in_training"]
    return Clause.judged(
        "copies",
        checks,
        {
            "yes": f"No sign of copies of {whose}; an observed share from {percent(seen)} "
            "on would have been called copies.",
            "no": f"It repeats {whose}: {percent(share['value'])} of its images are as "
            f"near to one as copies are, where {percent(share['expected'])} would be by chance.",
            "unknown": f"Whether it repeats {whose} cannot be told: of "
            f"{record['num_held_out']:,} held-out images {left:,} are not in training, too few to "
            "tell by.",
        },
        anchor,
    )
