"""Learners by name, in the order in which equals are preferred."""

from importlib.util import find_spec

from ganatomy.explain.rules.learners.figs import learn_figs
from ganatomy.explain.rules.learners.learner import Learner
from ganatomy.explain.rules.learners.logic_network import learn_logic
from ganatomy.explain.rules.learners.rulefit import learn_rulefit
from ganatomy.explain.rules.learners.tree import learn_tree

LEARNERS: dict[str, Learner] = {
    "logic network": learn_logic,
    "tree": learn_tree,
    "FIGS": learn_figs,
    "RuleFit": learn_rulefit,
}
_PACKAGES = {"FIGS": "imodels", "RuleFit": "imodels"}  # of the extra `rules`


def missing() -> dict[str, str]:
    """Give the learners whose package is not installed, by name, and what to do about it."""
    return {
        name: f"the package {package} is not installed; run `pip install 'ganatomy[rules]'`"
        for name, package in _PACKAGES.items()
        if find_spec(package) is None
    }


def installed() -> dict[str, Learner]:
    """Give the learners that can be used here, in the order of `LEARNERS`."""
    left_out = missing()
    return {name: learn for name, learn in LEARNERS.items() if name not in left_out}
