"""Section `train`: the GAN."""

from typing import ClassVar

from pydantic import Field

from tasks.params.section import Section


class Train(Section):
    """Networks and optimisation."""

    name: ClassVar[str] = "train"

    epochs: int = Field(60, ge=1)
    batch_size: int = Field(64, ge=2)
    latent_dim: int = Field(64, ge=1, le=4096)
    width: int = Field(32, ge=4, le=512)
    learning_rate: float = Field(0.0002, gt=0, le=1)
    beta1: float = Field(0.5, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    ema_decay: float = Field(0.995, ge=0, lt=1)
    log_every_steps: int = Field(20, ge=1)
    num_sample_grids: int = Field(5, ge=1, le=100)
