"""One explanation at a time, so that networks and generators of random numbers come back whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock

import torch

from ganatomy.rng import seeded

OnProgress = Callable[[int, int, str], None]
_LOCK = RLock()


def tell_nobody(done: int, total: int, of_what: str) -> None:
    """Take progress and show none."""


@contextmanager
def alone(seed: int) -> Iterator[None]:
    """Keep other threads' explanations out, and what a network draws at random reproducible.

    Two threads that explain one network would find each other's hooks in it, and give it back in
    the mode that the other had put it in. The process's generators are as before afterwards, and
    gradients can be had inside of `torch.inference_mode`.
    """
    with _LOCK, seeded(seed, "explain", "network"), torch.inference_mode(False):
        yield
