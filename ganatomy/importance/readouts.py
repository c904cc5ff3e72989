"""What is read out of a GAN: which network it is about, and what it means. No torch here."""

from typing import Literal, NamedTuple


class Readout(NamedTuple):
    """One number that is read out of a GAN.

    Attributes
    ----------
    network : str in {"generator", "discriminator"}
    meaning : str
        A clause for the report.
    title : str
        For pictures: short, with at most one line break.
    size_in : str in {"", "levels", "spreads"}
        What its effects are measured in where features are compared by size: the mean of GANs that
        were retrained on unchanged data, or the spread of D's logits, in which it is given already.
        "": features are not ranked by it.
    """

    network: str
    meaning: str
    title: str
    size_in: Literal["", "levels", "spreads"] = ""


READOUTS = {
    "g_fcd": Readout(
        "generator",
        "Fréchet distance to held-out images, evaluator features",
        "G: Fréchet distance,\nevaluator features",
        "levels",
    ),
    "g_frd": Readout(
        "generator",
        "Fréchet distance to held-out images, random features",
        "G: Fréchet distance,\nrandom features",
        "levels",
    ),
    "g_fld": Readout(
        "generator",
        "Fréchet distance to held-out images in brightness, contrast and sharpness of each part of "
        "the image",
        "G: Fréchet distance,\nlocal statistics",
        "levels",
    ),
    "g_kcd": Readout(
        "generator",
        "kernel distance to held-out images, evaluator features",
        "G: kernel distance,\nevaluator features",
    ),
    "g_krd": Readout(
        "generator",
        "kernel distance to held-out images, random features",
        "G: kernel distance,\nrandom features",
    ),
    "g_precision": Readout(
        "generator",
        "share of G's images that lie where held-out images are, evaluator features",
        "G: precision",
    ),
    "g_recall": Readout(
        "generator",
        "share of held-out images that lie where G's images are, evaluator features",
        "G: recall",
    ),
    "g_coverage": Readout(
        "generator",
        "share of held-out images that have one of G's close by, evaluator features",
        "G: coverage",
    ),
    "g_class_shift": Readout(
        "generator",
        "share of G's images that would have to change class to match the held-out images' classes",
        "G: shift of\nclass shares",
    ),
    "d_separation": Readout(
        "discriminator",
        "how well D tells held-out reals from base fakes (AUC)",
        "D: real/fake\nseparation",
    ),
    "d_contrast": Readout(
        "discriminator",
        "how much more D takes held-out images for real with the feature than without it, in the "
        "spread of its logits",
        "D: preference for\nthe feature",
        "spreads",
    ),
    "d_shift": Readout(
        "discriminator",
        "root mean square change of D's logits, in their own spread",
        "D: change of\nits logits",
        "spreads",
    ),
}
"""Of a retrained GAN."""


def about_variant(readout: str, variant: str) -> str:
    """Name a readout that asks about one variant: its GANs and the nulls have it, no others do.

    Examples
    --------
    >>> about_variant("d_contrast", "cell_1_1")
    'd_contrast:cell_1_1'
    """
    return f"{readout}:{variant}"


def plain_name(readout: str) -> str:
    """Return the name in `READOUTS` of a readout, whatever variant it asks about.

    Examples
    --------
    >>> plain_name("d_contrast:cell_1_1"), plain_name("g_fcd")
    ('d_contrast', 'g_fcd')
    """
    return readout.partition(":")[0]


def asked_variant(readout: str) -> str:
    """Return the variant that a readout asks about; "" for one that is the same for all.

    Examples
    --------
    >>> asked_variant("d_contrast:cell_1_1"), asked_variant("g_fcd")
    ('cell_1_1', '')
    """
    return readout.partition(":")[2]


RELIANCE_READOUTS = {
    "d_logit_change": Readout(
        "discriminator",
        "mean change of the base D's logit of an image, in the spread of its logits of reals",
        "D: change of\nan image's logit",
    ),
    "d_auc_drop": Readout(
        "discriminator",
        "how much worse the base D tells the changed reals from base fakes (drop of the AUC)",
        "D: drop of real/fake\nseparation",
    ),
}
"""Of the base GAN, which is not retrained."""
