"""Which images a discriminator is examined with, and what is not asked for want of others."""

from collections.abc import Collection, Iterable

HELD_OUT, GIVEN = "held-out", "given"  # what real images are called in sentences


def left_out(kinds: Collection[str]) -> list[str]:
    """Say what is not asked of a discriminator, and for want of which images.

    Parameters
    ----------
    kinds : collection of str
        What there is of ``train``, ``held_out`` and ``fakes``.

    Examples
    --------
    >>> [reason.partition(",")[0] for reason in left_out(["held_out"])]
    ['no generated images were given', 'which images it was trained on was not said']
    """
    told = []
    if "held_out" not in kinds:
        told.append(
            "no real images were given, so that it is not known whether it tells them from "
            "generated ones, or ranks what is no data above them"
        )
    elif "fakes" not in kinds:
        told.append(
            "no generated images were given, so that it is not known whether it tells real ones "
            "from them, where its boundary lies, and whether it was fed otherwise"
        )
    if "train" not in kinds and "held_out" in kinds:
        told.append(
            "which images it was trained on was not said, so that it may have seen the given real "
            "ones while it was trained"
        )
    return told


def unasked(kinds: Collection[str]) -> tuple[str, ...]:
    """Name the rules that cannot be put for want of images."""
    without_reals = () if "held_out" in kinds else ("unreal",)
    if {"held_out", "fakes"} <= set(kinds):
        return ()
    return ("separation", "boundary", "fixed", "feed", "harmless", *without_reals)


def called(texts: Iterable[str], reals: str) -> list[str]:
    """Call real images in texts about held-out ones what they are.

    Examples
    --------
    >>> called(["it tells held-out reals from fakes"], GIVEN)
    ['it tells given reals from fakes']
    """
    return [text.replace(HELD_OUT, reals) for text in texts]
