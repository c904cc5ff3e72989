"""What the sections `train` and `retrain` have in common: the budget of a training."""

from typing import Annotated

from pydantic import Field

from ganatomy.gan.settings import Method, TrainingSettings
from tasks.params.section import Section

# Every probe of a training is listed before it begins: so many epochs still fit into memory.
Epochs = Annotated[int, Field(ge=1, le=1_000_000)]
Width = Annotated[int, Field(ge=4, le=512)]
LearningRate = Annotated[float, Field(gt=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]

_BUDGET = TrainingSettings()


class TrainingSection(Section):
    """A section that trains GANs; each says its own budget."""

    epochs: Epochs
    batch_size: int = Field(_BUDGET.batch_size, ge=2, le=65_536)
    latent_dim: int = Field(_BUDGET.latent_dim, ge=1, le=4096)
    width: Width
    learning_rate: LearningRate
    ema_decay: Decay

    def settings(self, method: Method) -> TrainingSettings:
        """Build the library's record."""
        own = self.model_dump(include=set(TrainingSection.model_fields))
        return TrainingSettings(**own, method=method)
