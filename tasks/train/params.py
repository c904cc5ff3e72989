"""Section `train`: the GAN."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ganatomy.gan.settings import Published, TrainingSettings
from tasks.params.training import Decay, Epochs, LearningRate, TrainingSection, Width

if TYPE_CHECKING:
    from ganatomy.gan.session import Monitoring

_BUDGET = TrainingSettings()


class Train(TrainingSection):
    """The base GAN's budget, and how it is watched."""

    name: ClassVar[str] = "train"

    epochs: Epochs = _BUDGET.epochs
    width: Width = _BUDGET.width
    learning_rate: LearningRate = _BUDGET.learning_rate
    ema_decay: Decay = _BUDGET.ema_decay
    devices: int = Field(1, ge=1, le=64)
    log_every_steps: int = Field(20, ge=1, le=1_000_000)
    probe_kimg: float = Field(20.0, gt=0, le=1e6)
    probe_fakes: int = Field(500, ge=10, le=100_000)
    num_remembered: int = Field(8, ge=2, le=100)  # GANs of the training's course, for explanations
    keep_last: int = Field(2, ge=1, le=100)
    publish: Published = "best"

    def monitoring(self) -> "Monitoring":
        """Build the library's record."""
        from ganatomy.gan.session import Monitoring  # torch, which no section needs

        return Monitoring(self.log_every_steps, self.probe_kimg, self.publish)
