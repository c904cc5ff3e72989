"""Section `retrain`: G and D trained anew on every variant."""

from typing import ClassVar

from pydantic import Field, field_validator

from tasks.params.training import Decay, Epochs, LearningRate, Training, Width


class Retrain(Training):
    """A smaller budget than the base GAN's, repeats, and shards."""

    name: ClassVar[str] = "retrain"

    epochs: Epochs = 6
    width: Width = 16
    learning_rate: LearningRate = 0.002
    ema_decay: Decay = 0.99
    num_seeds: int = Field(4, ge=1, le=100)
    shards: list[int] = Field(default=[0, 1], min_length=1)

    @field_validator("shards")
    @classmethod
    def _numbered_from_zero(cls, shards: list[int]) -> list[int]:
        if shards != list(range(len(shards))):
            raise ValueError("shards are numbered from zero without gaps, e.g. [0, 1]")
        return shards
