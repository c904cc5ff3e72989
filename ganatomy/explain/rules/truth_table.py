"""The truth table of a logic network over the few booleans it attends to, read as clauses."""

from dataclasses import dataclass

import numpy as np

MAX_MINTERMS = 32
"""Rows from which clauses are read, those with most decisions right first."""
WIDTH = 8
"""Unfinished rules that are gone on from, of each length."""

Terms = tuple[int, ...]
"""Literals of a clause: 2 i says that boolean i is true, 2 i + 1 that it is false."""
Formula = tuple[Terms, ...]
"""Clauses, of which one at least holds."""


@dataclass(frozen=True, eq=False)
class TruthTable:
    """Combinations of booleans that there are among images.

    Attributes
    ----------
    literals : array of shape (rows, 2 * booleans), bool
        Of each boolean: whether it is true; whether it is false.
    counts : array of shape (rows, 2)
        Images that are so, of which the decision was not, and was, made.
    says : array of shape (rows,), bool
        Whether the network makes the decision.
    """

    literals: np.ndarray
    counts: np.ndarray
    says: np.ndarray

    @classmethod
    def of(cls, booleans: np.ndarray, made: np.ndarray, logits: np.ndarray) -> "TruthTable":
        """Count the rows.

        Parameters
        ----------
        booleans : array of shape (n, k), bool
        made : array of shape (n,), bool
            The decision that is explained.
        logits : array of shape (n,)
            Of the network; the rest of what it saw is averaged over a row's images.
        """
        rows, row = np.unique(booleans, axis=0, return_inverse=True)
        row = row.reshape(-1)
        counts = np.stack([np.bincount(row[made == each], minlength=len(rows)) for each in (0, 1)])
        literals = np.stack([rows, ~rows], 2).reshape(len(rows), -1)
        return cls(literals, counts.T, np.bincount(row, logits, len(rows)) > 0)

    @property
    def gains(self) -> np.ndarray:
        """Decisions that are right if a row is made, minus those if it is not: shape (rows,)."""
        return np.asarray(self.counts[:, 1] - self.counts[:, 0])

    def holds(self, terms: Terms) -> np.ndarray:
        """Say of each row whether all literals do."""
        return np.asarray(self.literals[:, list(terms)].all(1))


def clauses_of(table: TruthTable) -> list[Terms]:
    """Read clauses from the rows of which the network makes the decision.

    Each row is a conjunction of all the booleans. The literal without which most decisions are
    right is left out, again and again; all that come about on the way are kept.
    """
    made = np.flatnonzero(table.says)
    first = made[np.argsort(-table.gains[made], kind="stable")][:MAX_MINTERMS]
    found: dict[Terms, None] = {}
    for row in first:
        terms: Terms = tuple(np.flatnonzero(table.literals[row]).tolist())
        while terms and terms not in found:
            found[terms] = None
            shorter = [terms[:place] + terms[place + 1 :] for place in range(len(terms))]
            terms = max(shorter, key=lambda each: int(table.gains[table.holds(each)].sum()))
    return list(found)


def formulas_of(table: TruthTable, clauses: list[Terms], *, max_length: int) -> list[Formula]:
    """Join clauses by or, so that most decisions are right: some formulas of each length.

    A beam search: clauses are added to the best formulas of each length.

    Returns
    -------
    list of tuple
        Best first, the shorter before the longer of equally good ones.
    """
    if not clauses:
        return []
    held = np.array([table.holds(terms) for terms in clauses])
    lengths = np.array([len(terms) for terms in clauses])
    best: dict[frozenset[int], tuple[int, int]] = {}  # which clauses: their gain and length
    fresh: list[frozenset[int]] = [frozenset()]
    while fresh:
        grown: dict[frozenset[int], tuple[int, int]] = {}
        for chosen in fresh:
            already = held[sorted(chosen)].any(0)
            length = lengths[sorted(chosen)].sum()
            gains = (held | already) @ table.gains
            for index in np.flatnonzero(
                (length + lengths <= max_length) & held[:, ~already].any(1)
            ):
                grown[chosen | {int(index)}] = (int(gains[index]), int(length + lengths[index]))
        kept = _best_of_each_length({**best, **grown})
        fresh = [each for each in kept if each not in best]
        best = kept
    order = sorted(best, key=lambda each: (-best[each][0], best[each][1], sorted(each)))
    return [tuple(clauses[index] for index in sorted(each)) for each in order]


def _best_of_each_length(
    found: dict[frozenset[int], tuple[int, int]],
) -> dict[frozenset[int], tuple[int, int]]:
    """Keep `WIDTH` of each length, of those that gain most."""
    order = sorted(found, key=lambda each: (-found[each][0], sorted(each)))
    kept: dict[frozenset[int], tuple[int, int]] = {}
    room = dict.fromkeys((length for _, length in found.values()), WIDTH)
    for each in order:
        if room[found[each][1]]:
            kept[each] = found[each]
            room[found[each][1]] -= 1
    return kept
