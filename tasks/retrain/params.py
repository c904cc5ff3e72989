"""Section `retrain`: G and D trained anew on every variant."""

from typing import ClassVar

from pydantic import Field, field_validator

from ganatomy.gan.settings import RETRAINING
from tasks.params.training import Decay, Epochs, LearningRate, TrainingSection, Width

THREADS_PER_SHARD = 1  # each shard is a process of its own


class Retrain(TrainingSection):
    """A smaller budget than the base GAN's, repeats, and shards.

    `shares` are the parts of the training after which GANs are read out besides its end: they tell
    how much of the ranking a shorter one would have found.
    """

    name: ClassVar[str] = "retrain"

    epochs: Epochs = RETRAINING.epochs
    width: Width = RETRAINING.width
    learning_rate: LearningRate = RETRAINING.learning_rate
    ema_decay: Decay = RETRAINING.ema_decay
    num_seeds: int = Field(4, ge=2, le=100)
    shares: list[float] = Field(default=[0.5], max_length=100)
    shards: list[int] = Field(default=[0, 1, 2, 3], min_length=1, max_length=256)

    @field_validator("shares")
    @classmethod
    def _before_the_end(cls, shares: list[float]) -> list[float]:
        if not all(0 < share < 1 for share in shares) or shares != sorted(set(shares)):
            raise ValueError("shares are between 0 and 1, rising, e.g. [0.25, 0.5]")
        return shares

    @field_validator("shards")
    @classmethod
    def _numbered_from_zero(cls, shards: list[int]) -> list[int]:
        if shards != list(range(len(shards))):
            raise ValueError("shards are numbered from zero without gaps, e.g. [0, 1]")
        return shards
