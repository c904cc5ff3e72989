"""The registered generator: latents in, images out. MLflow runs this file to load the model."""

from pathlib import Path

import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext


class GeneratorModel(PythonModel):  # type: ignore[misc]
    """Latents (n, latent_dim + num_classes), float, to images (n, c, s, s), uint8."""

    def load_context(self, context: PythonModelContext) -> None:
        import torch

        from ganatomy.gan.checkpoint import load_gan

        gan = load_gan(Path(context.artifacts["weights"]), torch.device("cpu"))
        self.generator = gan.generator_ema
        self.latent_dim = gan.architecture.latent_dim + gan.architecture.num_classes

    def predict(  # type: ignore[no-untyped-def]
        self, context, model_input: np.ndarray, params=None
    ):
        import torch

        from ganatomy.data.images import to_uint8
        from ganatomy.errors import InputError
        from ganatomy.gan.sampling import generate

        z = torch.from_numpy(np.asarray(model_input, dtype=np.float32))
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise InputError(
                f"latents of shape {tuple(z.shape)}",
                "model_input",
                f"Give an array of shape (n, {self.latent_dim}).",
            )
        return to_uint8(generate(self.generator, z)).numpy()


mlflow.models.set_model(GeneratorModel())
