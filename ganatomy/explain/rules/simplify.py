"""The same rule, shorter: it never holds where it did not, and nowhere stops to hold."""

from itertools import combinations

from ganatomy.explain.rules.boxes import Box, as_rule, box_of, joined
from ganatomy.explain.rules.minimal import shortest_cover
from ganatomy.explain.rules.rule import Rule


def simplified(rule: Rule) -> Rule:
    """Write a rule with fewer conditions, true of exactly the same images.

    Conditions on one concept are merged (above 1 and above 2 is above 2), clauses that contradict
    themselves or are part of another are dropped, clauses that meet are joined, and up to
    `minimal.MAX_BOXES` boxes the rule that results is the shortest that there is with these
    thresholds.

    Parameters
    ----------
    rule : Rule
        Of finite concepts: all that a `ConceptTable` holds.

    Returns
    -------
    Rule
        Never longer. Conditions of a clause stand in the order of the concepts' names, the
        shortest clause first; without clauses where the rule can never hold, with an empty one
        alone where it always does.

    Examples
    --------
    >>> from ganatomy.explain.rules.rule import Condition
    >>> thick, holes = Condition("thickness", True, 2.0), Condition("holes", True, 0.0)
    >>> print(simplified(Rule(((thick, holes), (thick, ~holes)))))
    thickness > 2
    >>> print(simplified(Rule(((thick,), (~thick, holes)))))
    holes > 0 or thickness > 2
    >>> print(simplified(Rule(((thick,), (~thick,)))))
    always
    """
    boxes = _all_joined([box for box in map(box_of, rule.clauses) if box is not None])
    return as_rule(shortest_cover(boxes) or boxes)


def _all_joined(boxes: list[Box]) -> list[Box]:
    """Join boxes two by two until none can be."""
    for one, other in combinations(range(len(boxes)), 2):
        box = joined(boxes[one], boxes[other])
        if box is not None:
            rest = [each for index, each in enumerate(boxes) if index not in (one, other)]
            return _all_joined([box, *rest])
    return boxes
