"""Learners by name, in the order in which equals are preferred."""

from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.learners.tree import learn_tree

LEARNERS: dict[str, Learner] = {
    "tree": learn_tree,
}
