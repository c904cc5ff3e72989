"""How much is drawn where directions are looked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DirectionsSettings:
    """Numbers of what is drawn.

    Attributes
    ----------
    num_directions : int
        Of each method are judged, and of the one that is chosen shown.
    num_random : int
        Random directions whose effects stand beside theirs.
    num_held_out : int
        Latents, the last ones, that directions are judged by and not found by.
    num_images : int
        The most images that the Jacobian may take.
    num_draws : int
        Other draws of latents from which directions are found once more; 0 for none.
    num_in_class : int
        Of the latents that are held out, those on which a direction is measured in each class.
    """

    num_directions: int = 5
    num_random: int = 8
    num_held_out: int = 32
    num_images: int = 1500
    num_draws: int = 3
    num_in_class: int = 16


DEFAULT_DIRECTIONS = DirectionsSettings()
