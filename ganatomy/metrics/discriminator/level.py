"""Whether the level of D's logit means anything."""

_LEVELLESS = ("wgan", "relativistic")  # they see differences of logits alone


def logits_have_level(loss: str) -> bool:
    """Say whether 0 is the boundary between real and fake for a D trained with the loss named.

    Under bce and hinge it is; under wgan and relativistic a constant added to every logit changes
    nothing. Of a loss that nobody told (``""``) it is not known, and so not said.
    """
    return bool(loss) and loss not in _LEVELLESS
