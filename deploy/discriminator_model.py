"""The registered discriminator: images in, logits out. MLflow runs this file to load the model."""

from pathlib import Path

import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext


class DiscriminatorModel(PythonModel):  # type: ignore[misc]
    """Images of shape (n, c, s, s), uint8, to logits of shape (n,); positive means real."""

    def load_context(self, context: PythonModelContext) -> None:
        import torch

        from ganatomy.gan.checkpoint import load_gan

        gan = load_gan(Path(context.artifacts["weights"]), torch.device("cpu"))
        self.discriminator = gan.discriminator
        self.shape = gan.architecture.image_shape

    def predict(  # type: ignore[no-untyped-def]
        self, context, model_input: np.ndarray, params=None
    ):
        import torch

        from ganatomy.errors import InputError
        from ganatomy.gan.sampling import score

        images = torch.from_numpy(np.asarray(model_input, dtype=np.uint8))
        if images.shape[1:] != self.shape:
            wanted = ", ".join(map(str, self.shape))
            raise InputError(
                f"images of shape {tuple(images.shape)}",
                "model_input",
                f"Give an array of shape (n, {wanted}).",
            )
        return score(self.discriminator, images).numpy()


mlflow.models.set_model(DiscriminatorModel())
