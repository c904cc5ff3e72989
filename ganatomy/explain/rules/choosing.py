"""Which rule is shown for a decision: learned, chosen and judged on images of three kinds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pandas as pd
import torch

from ganatomy.errors import InputError
from ganatomy.explain.rules.as_they_come import NATURAL_COLUMNS, judge_as_they_come
from ganatomy.explain.rules.judging import Judgement, judge, stability
from ganatomy.explain.rules.learners.known import installed
from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.rule import Rule
from ganatomy.explain.rules.splitting import Splits, split
from ganatomy.explain.rules.table import ConceptTable
from ganatomy.rng import derive_seed, generator
from ganatomy.wording import percent

MIN_IMAGES = 40  # of either decision
MAX_LENGTH = 6
NUM_DRAWS = 4
NO_CONCEPT = "no concept explains it"
"""What is said where no rule is worth showing; of rules over concepts."""
COLUMNS = (
    *("learner", "length", "text", "fidelity", "low", "high"),
    *("baseline", "baseline_low", "baseline_high", "gain", "gain_low", "gain_high"),
    *("coverage", "precision", "recall", "stability", "same_concepts", "chosen_by", "is_shown"),
    *NATURAL_COLUMNS,
)


@dataclass(frozen=True, eq=False)
class Choice:
    """The rule that is shown for a decision, or why none is.

    Attributes
    ----------
    rule : Rule or None
    reason : str
        Why no rule is shown; "" where one is.
    candidates : DataFrame
        As of ``Answer.candidates``, by learner and length; with ``gain``, ``gain_low``,
        ``gain_high`` (fidelity minus baseline, paired) and ``same_concepts`` (see
        ``judging.stability``). Both figures of stability are of the chosen rule only, else NaN.
    splits : Splits
        Places in the table that was given.
    counts : dict of str to int
        As of ``Answer.counts``.
    """

    rule: Rule | None
    reason: str
    candidates: pd.DataFrame
    splits: Splits
    counts: dict[str, int]


def answer_for(
    table: ConceptTable,
    decisions: torch.Tensor,
    *,
    learners: Mapping[str, Learner] | None = None,
    max_length: int = MAX_LENGTH,
    seed: int = 0,
    num_draws: int = NUM_DRAWS,
    least: int = MIN_IMAGES,
    unexplained: str = NO_CONCEPT,
) -> Choice:
    """Learn rules for a decision, choose one, and judge it once.

    As many images of either decision are drawn and split in three. All learners learn from the
    first half. By the images of ``choice`` the shown rule is chosen: of those whose fidelity is
    within the 95 % interval of the best one's, and that beat the baseline, the shortest (where none
    does, the best); of equals that of higher fidelity, then of the earlier learner.

    On the held-out images it is judged: a rule that does not beat the baseline
    (``Judgement.beats_baseline``) is not shown. As one rule is judged, however many were tried, a
    decision that nothing explains is given one by chance at most 25 times in 1,000. Each is also
    judged on images as they come (see `as_they_come`), on which nothing depends.

    Parameters
    ----------
    table : ConceptTable
    decisions : Tensor of shape (n,), bool
        What the network decides of each image.
    learners : mapping of str to Learner, optional
        By default those of ``known.LEARNERS`` that are installed.
    max_length : int
        Conditions of a rule, at most.
    seed : int
    num_draws : int
        Resampled draws of the images to learn from, for the stability of the chosen rule; 0: none.
    least : int
        Images of which the decision must have been made, and of which not.
    unexplained : str
        How the reason begins where no rule is worth showing.

    Raises
    ------
    InputError
        Decisions that are not as many as images, or not booleans.
    """
    if decisions.shape != (len(table),) or decisions.dtype != torch.bool:
        raise InputError(
            f"decisions {tuple(decisions.shape)} of {decisions.dtype}, {len(table)} images",
            "decisions",
            "Give True or False for each image.",
        )
    learners = installed() if learners is None else learners
    splits = split(decisions, seed=seed)
    counts = _counts(splits, decisions)
    if reason := _too_few(decisions, least):
        return Choice(None, reason, _frame([]), splits, counts)
    train, made = table.take(splits.train), decisions[splits.train]
    learned = [
        (name, rule)
        for name, learn in learners.items()
        for rule in learn(train, made, max_length=max_length, seed=seed)
    ]
    if not learned:
        return Choice(None, f"{unexplained}: no rule was found", _frame([]), splits, counts)
    by_choice, held_out = (
        [judge(rule, table.take(places), decisions[places]) for _, rule in learned]
        for places in (splits.choice, splits.held_out)
    )
    chosen = _chosen([rule for _, rule in learned], by_choice)
    name, rule = learned[chosen]
    is_shown = held_out[chosen].beats_baseline
    rows = [
        {
            "learner": learner,
            "length": each.length,
            "text": str(each),
            **asdict(found),
            "stability": float("nan"),
            "same_concepts": float("nan"),
            "chosen_by": choice.fidelity,
            "is_shown": is_shown and place == chosen,
            **asdict(judge_as_they_come(each, table, decisions, splits)),
        }
        for place, ((learner, each), found, choice) in enumerate(zip(learned, held_out, by_choice))
    ]
    if num_draws:
        others = _of_other_draws(learners[name], rule, train, made, num_draws, seed)
        agreed, shared = stability(rule, others, table.take(splits.held_out))
        rows[chosen] |= {"stability": agreed, "same_concepts": shared}
    reason = "" if is_shown else f"{unexplained}: {_not_beaten(held_out[chosen], counts)}"
    return Choice(rule if is_shown else None, reason, _frame(rows), splits, counts)


def _chosen(rules: list[Rule], judged: list[Judgement]) -> int:
    """Place of the rule to show, by fidelity on images it was not learned from."""
    best = max(judged, key=lambda each: each.fidelity)
    places = range(len(judged))
    near = [at for at in places if judged[at].fidelity >= best.low and judged[at].beats_baseline]
    near = near or [at for at in places if judged[at].fidelity == best.fidelity]
    return min(near, key=lambda at: (rules[at].length, -judged[at].fidelity, at))


def _of_other_draws(
    learn: Learner,
    rule: Rule,
    table: ConceptTable,
    decisions: torch.Tensor,
    num_draws: int,
    seed: int,
) -> list[Rule]:
    """Rules of (at most) this length that a learner finds in resampled images."""
    found = []
    for draw in range(num_draws):
        draws = generator(seed, "rules", "draw", draw)
        places = torch.randint(len(table), (len(table),), generator=draws)
        rules = learn(
            table.take(places),
            decisions[places],
            max_length=rule.length,
            seed=derive_seed(seed, "rules", "learner", draw),
        )
        found.append(rules[-1] if rules else Rule(()))
    return found


def _counts(splits: Splits, decisions: torch.Tensor) -> dict[str, int]:
    return {
        "train": len(splits.train),
        "choice": len(splits.choice),
        "held_out": len(splits.held_out),
        "made": int(decisions[splits.held_out].sum()),
    }


def _too_few(decisions: torch.Tensor, least: int) -> str:
    made = int(decisions.sum())
    not_made = len(decisions) - made
    if min(made, not_made) >= least:
        return ""
    return (
        f"too few images: it decides so of {made:,} and not so of {not_made:,}; "
        f"a rule needs {least} of each"
    )


def _not_beaten(found: Judgement, counts: dict[str, int]) -> str:
    return (
        f"of {counts['held_out']:,} held-out images the chosen rule agrees with the "
        f"network on {percent(found.fidelity)} ({percent(found.low)} to {percent(found.high)}), "
        f"saying the same of all on {percent(found.baseline)}"
    )


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"length": int, "is_shown": bool}) if rows else frame
