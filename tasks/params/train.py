"""Section `train`: the GAN."""

from typing import ClassVar

from pydantic import Field

from tasks.params.training import Decay, Epochs, LearningRate, Training, Width


class Train(Training):
    """The base GAN's budget, and how it is watched."""

    name: ClassVar[str] = "train"

    epochs: Epochs = 60
    width: Width = 32
    learning_rate: LearningRate = 0.0002
    ema_decay: Decay = 0.995
    log_every_steps: int = Field(20, ge=1)
    num_sample_grids: int = Field(5, ge=1, le=100)
