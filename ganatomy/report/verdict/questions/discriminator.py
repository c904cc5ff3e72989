"""Does D mean what it says: the findings about its health."""

from ganatomy.metrics.discriminator.changes import HARMLESS
from ganatomy.metrics.discriminator.findings import RULES
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.unreal import UNREAL
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
    checks += [
        Check.at_most(f"findings: {_IN_SHORT[rule]}", None, 0)
        for rule in health.unasked
        if rule in gate.discriminator_blocking
    ]
    auc = Check.at_least(
        f"AUC of {health.reals} reals against generated images, lower end of its interval",
        separation and separation["low"],
        0.5,
        is_blocking=False,  # the first of the rules
    )
    wrong = [_said(rule, health) for rule in RULES if rule in broken]
    blocking = [_said(rule, health) for rule in gate.discriminator_blocking if rule in broken]
    beware = f"; beware: {'; '.join(wrong)}" if wrong else ""
    told = "reals cannot be compared with generated images"
    if separation:
        auc_in_words = apart(separation["auc"], 0.5)
        told = f"AUC {auc_in_words} of {health.reals} reals against generated images"
    return Clause.judged(
        "discriminator",
        [*checks, auc],
        {
            "yes": f"D may be explained ({told}){beware}.",
            "no": f"D is not in order ({told}): {'; '.join(blocking)}.",
            "unknown": f"Whether D means what it says is not known: {_why_open(health)}{beware}.",
        },
        anchor,
    )


def _why_open(health: DiscriminatorHealth) -> str:
    return health.left_out[0] if health.left_out else "no rule that decides was asked"


def _said(rule: str, health: DiscriminatorHealth) -> str:
    """Name what broke a rule about images, and not only the rule."""
    if rule == "harmless" and not health.harmless.empty:
        failed = health.harmless.loc[health.harmless["high"] < 0.5, "change"]
        named = listed([HARMLESS[change][0] for change in failed])
        return f"it ranks real images {named}, below generated ones"
    if rule == "unreal" and not health.unreal.empty:
        above = health.unreal.loc[health.unreal["low"] > 0.5, "kind"]
        return f"it ranks {listed([UNREAL[kind] for kind in above])} above real images"
    return _IN_SHORT[rule]
