"""Does D mean what it says: the findings about its health."""

from ganatomy.metrics.discriminator.findings import RULES
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.report.verdict.check import Check
from ganatomy.report.verdict.clause import Clause
from ganatomy.report.verdict.gate import Gate
from ganatomy.wording import apart, listed

_IN_SHORT = {
    "separation": "it is not seen to tell reals from fakes",
    "boundary": "the sign of its logit is not its verdict",
    "batch": "in training its logit of an image depended on the images beside it",
    "fixed": "the D that is explained is not the one that was trained",
    "feed": "it seems to have been given other images than these",
    "squashed": "it ends in a bounded function",
    "saturated": "its logits hardly move any more",
    "harmless": "harmless changes make a real image less real than a generated one",
    "unreal": "it takes images that are no data for more real than real ones",
}


def discriminator(health: DiscriminatorHealth, gate: Gate, *, anchor: str = "health") -> Clause:
    """Ask whether any finding bears on what D's answers mean."""
    broken = [finding.rule for finding in health.findings]
    separation = health.record["held_out"]
    checks = [
        Check.at_most(
            f"findings: {_IN_SHORT[rule]}",
            broken.count(rule),
            0,
            is_blocking=rule in gate.discriminator_blocking,
        )
        for rule in RULES
        if rule in health.asked
    ]
    auc = Check.at_least(
        "AUC of held-out reals against generated images, lower end of its interval",
        separation["low"],
        0.5,
        is_blocking=False,  # the first of the rules
    )
    wrong = [_IN_SHORT[rule] for rule in RULES if rule in broken]
    blocking = [_IN_SHORT[rule] for rule in gate.discriminator_blocking if rule in broken]
    told = f"AUC {apart(separation['auc'], 0.5)} of held-out reals against generated images"
    return Clause.judged(
        "discriminator",
        [*checks, auc],
        {
            "yes": f"D may be explained ({told}){f'; beware: {listed(wrong)}' if wrong else ''}.",
            "no": f"D is not in order ({told}): {listed(blocking)}.",
            "unknown": "Whether D means what it says is not known: no rule that decides was asked.",
        },
        anchor,
    )
