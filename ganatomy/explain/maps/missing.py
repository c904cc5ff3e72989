"""Parts of a GAN that were not given, and what cannot be asked without them."""

from collections.abc import Mapping

from ganatomy.explain.networks.subjects import Subjects

NETWORK_OF = {"d_real": "D", "d_fake": "D", "g_fake": "G", "difference": "D"}
"""The cases, and whose layers have their maps."""

PARTS = ("generator", "discriminator", "real", "fake")
_NEEDS = {
    "d_real": {"discriminator", "real"},
    "d_fake": {"discriminator", "fake"},
    "g_fake": {"discriminator", "generator"},
    "difference": {"discriminator", "real", "fake"},
}


def missing(subjects: Subjects) -> dict[str, str]:
    """Say of each part that was not given what there is not without it.

    Returns
    -------
    dict of str to str
        By those of `PARTS`, in their order; real and generated images are
        missed only where a discriminator would look at them.
    """
    told = {}
    if not subjects.has_generator:
        told["generator"] = (
            "no generator was given, so nothing is said of how images are made: neither maps of "
            "its layers nor its units"
        )
    if not subjects.has_discriminator:
        told["discriminator"] = (
            "no discriminator was given, so nothing is said of what makes an image look real to "
            "one, and G is asked for what can be measured on its images"
        )
    if subjects.has_discriminator and not len(subjects.real):
        told["real"] = "no real images were given, so D's maps are of generated images alone"
    if subjects.has_discriminator and not len(subjects.fake):
        told["fake"] = "no generated images were given, so D's maps are of real images alone"
    return told


def askable(left_out: Mapping[str, str]) -> list[str]:
    """List the cases that need none of the missing parts, in their order.

    Examples
    --------
    >>> askable({}), askable({"real": "none was given"})
    (['d_real', 'd_fake', 'g_fake', 'difference'], ['d_fake', 'g_fake'])
    """
    return [case for case in NETWORK_OF if not _NEEDS[case] & set(left_out)]
