"""Short trainings that drop the variants which cannot be told from nulls.

Successive halving (Jamieson & Talwalkar 2016, arXiv 1502.07943) over changed variants: every rung
trains those that are left, from scratch and for longer than the rung before, and drops the least
promising. What a short training says is noisy and biased, so it decides only what is trained in
full, and the effects are those of the full trainings alone. These need seeds that no rung has
used: a short training is the beginning of the full one of its seed, and a variant that was lucky
in it would be lucky again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.ranking import rank, summarise

# said again wherever a table may have no rows, which pandas takes for columns of objects
_VERDICT = {"variant": object, "score": float, "p": float, "kept": bool, "reason": object}
_HISTORY = {"rung": int, "share": float, "num_seeds": int} | _VERDICT


@dataclass(frozen=True)
class Rung:
    """One round of short trainings.

    Attributes
    ----------
    share : float in (0, 1]
        Of the steps of a full training.
    num_seeds : int
    """

    share: float
    num_seeds: int


@dataclass(frozen=True)
class Cost:
    """The cost of screening, in full-length trainings.

    Attributes
    ----------
    num_trained : tuple of int
        Changed variants trained in each rung and, last, in full.
    screening : float
        Cost of the rungs.
    final : float
        Cost of the trainings in full.
    unscreened : float
        Cost of training every variant in full.
    """

    num_trained: tuple[int, ...]
    screening: float
    final: float
    unscreened: float

    @property
    def cost(self) -> float:
        """Sum of rungs and full trainings."""
        return self.screening + self.final

    @property
    def factor(self) -> float:
        """The cost of training every variant in full, in units of this cost."""
        return self.unscreened / self.cost


@dataclass(frozen=True)
class Screening:
    """The variants that survived, and why.

    Attributes
    ----------
    survivors : tuple of str
        Variants to be trained in full, in the order in which they were given.
    num_trained : tuple of int
        Changed variants in each rung and, last, surviving: for `cost_of`.
    history : DataFrame
        One row per rung and variant trained in it: rung (from 1), share, num_seeds, and the columns
        of `survivors`.
    repeats : DataFrame
        What was read out, of all rungs; rung says of which.
    """

    survivors: tuple[str, ...]
    num_trained: tuple[int, ...]
    history: pd.DataFrame
    repeats: pd.DataFrame


def quotas(num_variants: int, num_rungs: int, keep: int) -> tuple[int, ...]:
    """Say how many variants each rung lets pass at most: the last one `keep`. Rounded up.

    Each drops the same share of what it is given.

    Examples
    --------
    >>> quotas(40, 2, 10)
    (20, 10)
    """
    if keep >= num_variants:
        return (num_variants,) * num_rungs
    ratio = keep / num_variants
    # rounded first, so that 6.000000000000001 is not taken for 7
    passed = (round(num_variants * ratio ** (k / num_rungs), 9) for k in range(1, num_rungs + 1))
    return tuple(-int(-count // 1) for count in passed)


def cost_at_most(
    num_variants: int, num_nulls: int, rungs: Sequence[Rung], *, final_seeds: int, keep: int
) -> Cost:
    """Work out what `screened_run` and the trainings in full after it cost at most.

    A training counts by its share of the steps of a full one; reading it out is not counted. Rungs
    may let fewer variants pass than they can: `cost_of` tells what it came to.

    Parameters
    ----------
    num_variants : int
        Changed variants to choose from.
    num_nulls : int
        Trained in every rung, and in full.
    rungs : sequence of Rung
    final_seeds : int
        Of the trainings in full.
    keep : int
        As in `screened_run`.

    Raises
    ------
    InputError
        Rungs that `screened_run` refuses.

    Examples
    --------
    >>> round(cost_at_most(40, 4, [Rung(0.15, 4)], final_seeds=4, keep=6).factor, 2)
    2.65
    """
    _check(rungs, keep, 0, num_nulls)
    num_trained = (num_variants, *quotas(num_variants, len(rungs), keep))
    return cost_of(num_trained, num_nulls, rungs, final_seeds=final_seeds)


def cost_of(
    num_trained: Sequence[int], num_nulls: int, rungs: Sequence[Rung], *, final_seeds: int
) -> Cost:
    """Work out the cost when so many changed variants are trained.

    Parameters
    ----------
    num_trained : sequence of int
        In each rung and, last, in full; 0 for a rung that was left out, nulls and all.
    num_nulls, rungs, final_seeds
        As in `cost_at_most`.
    """
    *in_rungs, in_full = num_trained
    screening = sum(
        rung.share * rung.num_seeds * (count + num_nulls)
        for rung, count in zip(rungs, in_rungs, strict=True)
        if count
    )
    return Cost(
        tuple(num_trained),
        float(screening),
        float(final_seeds * (in_full + num_nulls)),
        float(final_seeds * (max(num_trained) + num_nulls)),
    )


def survivors(
    summary: pd.DataFrame, rung: Rung, keep: int, *, alpha: float, keep_at_least: int = 0
) -> pd.DataFrame:
    """Choose the variants that go on: those that may differ from nulls, the first `keep` at most.

    Parameters
    ----------
    summary : DataFrame
        From `summarise`.
    rung : Rung
        That was read out, for the reasons in words.
    keep : int
        At most so many go on, by the largest |t| over all readouts: by what can be told from nulls.
    alpha : float in (0, 1]
        A variant goes on when p is below it on any readout. Best not small: with few seeds
        true influences are seldom significant, and what is dropped is lost. This p is of one test
        alone: of the variants without influence ``1 - (1 - alpha)**R`` pass, for R unrelated
        readouts, so it is `keep` that bounds the cost.
    keep_at_least : int
        The first so many go on in any case.

    Returns
    -------
    DataFrame
        One row per variant, the surest first: variant, score (largest |t|), p (smallest),
        kept, reason. Score and p are NaN where no readout can be judged.
    """
    table = rank(summary)[["variant", "max_abs_t"]].rename(columns={"max_abs_t": "score"})
    table = table.sort_values("variant").sort_values(
        "score", ascending=False, kind="stable", ignore_index=True
    )
    table["p"] = table["variant"].map(summary.groupby("variant")["p"].min())
    verdicts = [
        _verdict(place, p, rung, keep, alpha, keep_at_least) for place, p in enumerate(table["p"])
    ]
    return table.assign(
        kept=[kept for kept, _ in verdicts], reason=[reason for _, reason in verdicts]
    ).astype(_VERDICT)


def _verdict(
    place: int, p: float, rung: Rung, keep: int, alpha: float, keep_at_least: int
) -> tuple[bool, str]:
    seeds = "1 seed" if rung.num_seeds == 1 else f"{rung.num_seeds} seeds"
    after = f"after {100 * rung.share:.3g} % of the steps, {seeds}"
    if place < keep_at_least:
        return True, f"kept: among the first {keep_at_least}"
    if pd.isna(p):
        return False, f"dropped: no readout can be judged {after}"
    if p >= alpha:
        return False, f"dropped: cannot be told from nulls {after}"
    if place >= keep:
        return False, f"dropped: not among the first {keep}"
    return True, f"kept: p = {p:.2g} on its clearest readout {after}"


def screened_run(
    variants: Sequence[str],
    nulls: Sequence[str],
    rungs: Sequence[Rung],
    *,
    train_and_read: Callable[[tuple[str, ...], Rung], pd.DataFrame],
    keep: int,
    alpha: float = 0.2,
    keep_at_least: int = 3,
) -> Screening:
    """Train for longer and longer, on fewer and fewer variants.

    Rungs that could drop nothing, because `keep_at_least` variants or fewer are left, are left out.

    Parameters
    ----------
    variants, nulls : sequence of str
        Names of the changed variants, and of the nulls, which every rung trains. No random subsets:
        `summarise` leaves them out.
    rungs : sequence of Rung
        Of shares that do not fall.
    train_and_read : callable
        Trains the variants it is given, nulls among them, for one rung and reads them out. Returns
        the table that `summarise` takes; of several shares the largest counts. A variant that is
        not in it is dropped. The trainings in full should use none of its seeds.
    keep : int
        So many survive at most; the rungs close in on it as in `quotas`.
    alpha, keep_at_least
        As in `survivors`.

    Raises
    ------
    InputError
        No rung, one without seeds or of a share outside (0, 1], shares that fall, fewer than 2
        nulls, or `keep` below `keep_at_least` or 1.
    """
    _check(rungs, keep, keep_at_least, len(nulls))
    left = tuple(variants)
    num_trained = [0] * len(rungs)
    verdicts, repeats = [pd.DataFrame(columns=list(_HISTORY))], [pd.DataFrame()]
    for place, quota in enumerate(quotas(len(left), len(rungs), keep)):
        if len(left) <= keep_at_least:
            break
        rung, asked = rungs[place], (*left, *nulls)
        num_trained[place] = len(left)
        read = train_and_read(asked, rung)
        repeats.append(read.assign(rung=place + 1))
        # a short training was read at its own end, which is where `summarise` looks
        at_end = (read["share"] == read["share"].max()) & read["variant"].isin(asked)
        summary = summarise(read[at_end].assign(share=1.0), None)
        table = _with_missing(
            survivors(summary, rung, quota, alpha=alpha, keep_at_least=keep_at_least), left
        )
        verdicts.append(table.assign(rung=place + 1, share=rung.share, num_seeds=rung.num_seeds))
        kept = set(table.loc[table["kept"], "variant"])
        left = tuple(name for name in left if name in kept)
    return Screening(
        left,
        (*num_trained, len(left)),
        pd.concat(verdicts, ignore_index=True)[list(_HISTORY)].astype(_HISTORY),
        pd.concat(repeats, ignore_index=True),
    )


def _with_missing(table: pd.DataFrame, variants: tuple[str, ...]) -> pd.DataFrame:
    """A table of `survivors` with a row for those variants of which nothing was read out."""
    missing = [name for name in variants if name not in set(table["variant"])]
    rows = {"variant": missing, "score": np.nan, "p": np.nan, "kept": False}
    rows["reason"] = "dropped: nothing was read out"
    return pd.concat([table, pd.DataFrame(rows).astype(_VERDICT)], ignore_index=True)


def _check(rungs: Sequence[Rung], keep: int, keep_at_least: int, num_nulls: int) -> None:
    shares = [rung.share for rung in rungs]
    if not rungs:
        raise InputError("no rungs", "rungs", "Give at least one, or train everything in full.")
    if not all(0 < share <= 1 for share in shares) or shares != sorted(shares):
        raise InputError(
            f"rungs of the shares {', '.join(f'{share:g}' for share in shares)}",
            "rungs",
            "Give shares above 0, of at most 1, none smaller than the one before.",
        )
    if any(rung.num_seeds < 1 for rung in rungs):
        raise InputError("a rung without seeds", "rungs", "Give every rung at least one.")
    if num_nulls < 2:
        raise InputError(f"nulls: {num_nulls}", "num_nulls", "Give at least 2: they are the scale.")
    if keep < max(1, keep_at_least):
        raise InputError(
            f"{keep} variants may be kept, {keep_at_least} have to be",
            "keep",
            "Let at least one be kept, and no fewer than have to be.",
        )
