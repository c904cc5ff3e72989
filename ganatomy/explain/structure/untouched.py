"""Networks that were only looked at: nothing of them, and of the random numbers, is moved."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from ganatomy.explain.networks.hooks import kept, undisturbed
from ganatomy.rng import seeded

_OF_MODULES = frozenset(vars(nn.Module()))  # torch's own: what of them may move, `kept` knows


@contextmanager
def untouched(network: nn.Module) -> Iterator[None]:
    """Freeze a network in eval mode, and give it back with all that it had.

    Beside what `hooks.kept` and `hooks.undisturbed` give back: attributes of one's own, as a cache
    that a pass leaves to the next, with the entries of lists and dicts; and the state of global
    random generators, which are seeded, so that noise in a network is the same in every block.

    Examples
    --------
    >>> network = nn.Linear(2, 1)
    >>> with untouched(network):
    ...     network.cache = "of this pass"
    >>> hasattr(network, "cache")
    False
    """
    before = [(vars(module), _copied(vars(module))) for module in network.modules()]
    try:
        with kept(network), undisturbed(network), seeded(0, "structure"):
            yield
    finally:
        for own, was in before:
            _put_back(own, was)


def _copied(own: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each attribute, and what it holds where it is a list or a dict."""
    return {
        name: (value, value.copy() if isinstance(value, (list, dict)) else None)
        for name, value in own.items()
        if name not in _OF_MODULES
    }


def _put_back(own: dict[str, Any], was: dict[str, tuple[Any, Any]]) -> None:
    for name in [name for name in own if name not in _OF_MODULES and name not in was]:
        del own[name]
    for name, (value, held) in was.items():
        own[name] = value
        if isinstance(value, list):
            value[:] = held
        elif isinstance(value, dict):
            value.clear()
            value.update(held)
