"""The registered discriminator: images in, logits out. MLflow runs this file to load the model."""

import warnings
from pathlib import Path

import mlflow
from mlflow.pyfunc import PythonModel, PythonModelContext

# MLflow asks for type hints on `predict` but has none for arrays
warnings.filterwarnings("ignore", message=".*type hints to the .predict. method.*")


class DiscriminatorModel(PythonModel):  # type: ignore[misc]
    """Images of shape (n, c, s, s), uint8, to logits of shape (n,); positive means real."""

    def load_context(self, context: PythonModelContext) -> None:
        import torch

        from ganatomy.gan.checkpoint import load_gan

        gan, _ = load_gan(Path(context.artifacts["weights"]), torch.device("cpu"))
        self.discriminator = gan.discriminator

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        import numpy as np
        import torch

        from ganatomy.gan.sampling import score

        images = torch.from_numpy(np.asarray(model_input, dtype=np.uint8))
        return score(self.discriminator, images).numpy()


mlflow.models.set_model(DiscriminatorModel())
