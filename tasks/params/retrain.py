"""Section `retrain`: G and D trained anew on every variant."""

from typing import ClassVar

from pydantic import Field, field_validator

from tasks.params.section import Section


class Retrain(Section):
    """Repeats, shards, and a smaller budget than the base GAN's."""

    name: ClassVar[str] = "retrain"

    num_seeds: int = Field(4, ge=1, le=100)
    shards: list[int] = Field(default=[0, 1], min_length=1)
    epochs: int = Field(6, ge=1)
    batch_size: int = Field(64, ge=2)
    latent_dim: int = Field(64, ge=1, le=4096)
    width: int = Field(16, ge=4, le=512)
    learning_rate: float = Field(0.0005, gt=0, le=1)
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    ema_decay: float = Field(0.99, ge=0, lt=1)

    @field_validator("shards")
    @classmethod
    def _numbered_from_zero(cls, shards: list[int]) -> list[int]:
        if shards != list(range(len(shards))):
            raise ValueError("shards are numbered from zero without gaps, e.g. [0, 1]")
        return shards
