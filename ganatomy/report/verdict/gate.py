"""The thresholds of the verdict; docs/decisions/0047 has the reason for each."""

from dataclasses import dataclass
from typing import Literal

Question = Literal[
    "works", "classes", "copies", "training", "discriminator", "features", "maps", "champion"
]
TrainingGuard = Literal["non_finite", "collapse", "saturation", "standstill", "no_gain"]
HealthRule = Literal[
    "separation",
    "boundary",
    "batch",
    "fixed",
    "feed",
    "squashed",
    "saturated",
    "harmless",
    "unreal",
]


@dataclass(frozen=True)
class Gate:
    """The thresholds that a GAN must reach for a yes.

    Attributes
    ----------
    needed : tuple of str
        The questions that decide: all answered with yes is a yes. The others are answered beside.
    precision_share, coverage_share : float
        Least share of what real images reach in their place, at the lower end of the interval.
    evaluator_skill : float
        How far from guessing (0) to always right (1) the lower end of the evaluator's held-out
        accuracy lies at least.
    classes_missing : int
        That may be missing.
    training_blocking : tuple of str
        Rules of the training's guards that must have held; others are notes.
    published_share : float
        Least share of the training that the published step has behind it.
    diversity : float
        Least diversity of the images at the last probe, in that of real images.
    discriminator_blocking : tuple of str
        Rules of D's health that must hold; others are notes.
    features_found : int
        Least number of features that stand out by a practical size.
    maps_trusted : int
        Least number of kinds of map that may be relied on.
    """

    needed: tuple[Question, ...] = ("works", "classes", "copies", "training", "discriminator")
    precision_share: float = 0.7
    coverage_share: float = 0.7
    evaluator_skill: float = 0.2
    classes_missing: int = 0
    training_blocking: tuple[TrainingGuard, ...] = (
        *("non_finite", "collapse", "saturation", "standstill", "no_gain"),
    )
    published_share: float = 0.1
    diversity: float = 0.5
    discriminator_blocking: tuple[HealthRule, ...] = (
        *("separation", "fixed", "feed", "squashed", "saturated"),
    )
    features_found: int = 1
    maps_trusted: int = 1
