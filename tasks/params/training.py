"""What the sections `train` and `retrain` have in common: networks and optimisation."""

from typing import Annotated

from pydantic import Field

from ganatomy.gan.settings import TrainingSettings
from tasks.params.section import Section

Epochs = Annotated[int, Field(ge=1)]
Width = Annotated[int, Field(ge=4, le=512)]
LearningRate = Annotated[float, Field(gt=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class Training(Section):
    """A section that trains GANs; each says its own budget."""

    epochs: Epochs
    batch_size: int = Field(64, ge=2)
    latent_dim: int = Field(64, ge=1, le=4096)
    width: Width
    learning_rate: LearningRate
    beta1: Decay = 0.5
    beta2: Decay = 0.999
    ema_decay: Decay

    def settings(self) -> TrainingSettings:
        """As the library takes them."""
        return TrainingSettings(**self.model_dump(include=set(Training.model_fields)))
