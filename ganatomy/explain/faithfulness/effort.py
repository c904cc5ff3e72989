"""How much the tests of explanations do. No torch here: whoever reads settings uses it too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """The number of steps, perturbations and seeds of each test.

    Attributes
    ----------
    num_steps : int
        Of deletion and insertion.
    num_perturbations : int
        Noisy copies of an image, of the sensitivity.
    num_seeds : int
        Draws of LIME, and random networks.

    Examples
    --------
    >>> Effort(num_seeds=5).num_steps
    14
    """

    num_steps: int = 14
    num_perturbations: int = 10
    num_seeds: int = 3


DEFAULT_EFFORT = Effort()
