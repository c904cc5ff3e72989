"""What every GAN is retrained with, from artifacts."""

from ganatomy.data.dataset import Dataset
from ganatomy.device import resolve_device
from ganatomy.files import read_json
from ganatomy.gan.ensemble import Packing
from ganatomy.gan.training import architecture_for, num_steps
from ganatomy.importance.retraining import Budget
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.retrain.params import Retrain
from tasks.shared.artifact_paths import PACKING, PREPARED


def load_budget() -> Budget:
    """Load networks, settings, packing and number of steps of the retrained GANs."""
    settings = Retrain.load().settings(GanSection.load().method())
    train = Dataset.load(PREPARED, "train", mapped=True)
    return Budget(
        architecture_for(train.images, settings, len(train.class_names)),
        settings,
        num_steps(len(train), settings),
        Packing(**read_json(PACKING / "packing.json")),
        resolve_device(Base.load().device),
    )
