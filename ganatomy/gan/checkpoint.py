"""Networks on disk: weights as safetensors, what is needed to rebuild them as JSON."""

from pathlib import Path

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.gan.networks import Discriminator, Generator
from ganatomy.gan.training import Gan
from ganatomy.tensors import read_tensors, write_tensors


def save_gan(gan: Gan, folder: Path, shape: dict[str, int]) -> None:
    """Write generator, discriminator and generator_ema with their `shape` into `folder`.

    Parameters
    ----------
    shape : dict
        image_size, channels, latent_dim and width.
    """
    for name in ("generator", "discriminator", "generator_ema"):
        write_tensors(folder / f"{name}.safetensors", getattr(gan, name).state_dict())
    write_json(folder / "networks.json", shape)


def load_gan(folder: Path, device: torch.device) -> tuple[Gan, dict[str, int]]:
    """Read what `save_gan` wrote, in eval mode.

    Raises
    ------
    InputError
        A file is missing or damaged, or its weights do not fit the shape beside them.
    """
    shape = read_json(folder / "networks.json")
    try:
        size, channels, width = shape["image_size"], shape["channels"], shape["width"]
        gan = Gan(
            Generator(size, channels, shape["latent_dim"], width),
            Discriminator(size, channels, width),
            Generator(size, channels, shape["latent_dim"], width),
        )
    except (KeyError, TypeError) as error:
        raise InputError(
            f"not the shape of a GAN ({type(error).__name__}: {error})",
            str(folder / "networks.json"),
            "Remove the folder and run `dvc repro train`.",
        ) from None
    for name in ("generator", "discriminator", "generator_ema"):
        network: nn.Module = getattr(gan, name)
        path = folder / f"{name}.safetensors"
        try:
            network.load_state_dict(read_tensors(path))
        except RuntimeError as error:
            raise InputError(
                f"the weights do not fit networks.json ({str(error).splitlines()[0]})",
                str(path),
                "Remove the folder and run `dvc repro train`.",
            ) from None
        network.to(device).eval().requires_grad_(False)
    return gan, shape
