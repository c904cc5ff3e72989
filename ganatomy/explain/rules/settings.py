"""Numbers of the study of rules."""

from dataclasses import dataclass

from ganatomy.explain.rules.choosing import MAX_LENGTH, MIN_IMAGES, NUM_DRAWS


@dataclass(frozen=True)
class RulesSettings:
    """Numbers of what is learned, asked for and shown.

    Attributes
    ----------
    max_length : int
        Conditions of a rule, at most.
    num_draws : int
        Draws of the images to learn from, between which a rule's stability is measured.
    least_images : int
        A decision that was made of fewer images, or not made of fewer, is not asked about.
    num_examples : int
        Images that are kept of which the rule holds, and of which it does not.
    num_changed : int
        Images, at most, that are changed to see whether a condition causes.
    """

    max_length: int = MAX_LENGTH
    num_draws: int = NUM_DRAWS
    least_images: int = MIN_IMAGES
    num_examples: int = 8
    num_changed: int = 200


DEFAULT_RULES = RulesSettings()
