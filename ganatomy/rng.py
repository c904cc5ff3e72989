"""Random generators that depend on what they are for, never on what ran before.

Every draw in GANatomy comes from a generator seeded by (seed, purpose, step): adding a draw in
one place moves no number in another, and two trainings with the same seed share their initial
weights, latents and minibatch order (common random numbers).
"""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Hash a seed and a purpose into a new seed in [0, 2**63).

    Parameters
    ----------
    seed : int
        The run's seed.
    *purpose : str or int
        What the numbers are for, e.g. ``"latent", step``.
    """
    text = "\x1f".join([str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *purpose: str | int) -> torch.Generator:
    """Make a fresh CPU generator for one purpose.

    CPU always: the same numbers are then drawn whatever the device, and moved to it afterwards.
    """
    return torch.Generator().manual_seed(derive_seed(seed, *purpose))


@contextmanager
def seeded(seed: int, *purpose: str | int) -> Iterator[None]:
    """Seed the global generators by (seed, purpose) within the block.

    For code that is not ours and draws from them: torch's on every device, numpy's, Python's. They
    are as they were afterwards, on an error too.
    """
    derived = derive_seed(seed, *purpose)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()
    of_numpy, of_python = np.random.get_state(), random.getstate()
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derived)
        np.random.seed(derived % 2**32)
        random.seed(derived)
        try:
            yield
        finally:
            np.random.set_state(of_numpy)
            random.setstate(of_python)
