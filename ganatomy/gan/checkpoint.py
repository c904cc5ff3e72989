"""A GAN on disk: weights as safetensors, what is needed to rebuild them as JSON."""

from pathlib import Path

import torch
from torch import nn

from ganatomy.errors import REMAKE, InputError
from ganatomy.files import read_json, write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import NETWORKS, Gan, empty_gan
from ganatomy.tensors import read_tensors, write_tensors


def save_gan(gan: Gan, folder: str | Path) -> None:
    """Write generator, discriminator and generator_ema with their architecture into `folder`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ganatomy.gan.model import build_gan
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save_gan(gan, folder)
    ...     sorted(path.stem for path in Path(folder).iterdir())
    ['discriminator', 'generator', 'generator_ema', 'networks']
    """
    folder = Path(folder)
    for name in NETWORKS:
        write_tensors(folder / f"{name}.safetensors", getattr(gan, name).state_dict())
    write_json(folder / "networks.json", gan.architecture.to_json())


def load_gan(folder: str | Path, device: torch.device | str = "cpu") -> Gan:
    """Read what `save_gan` wrote, in eval mode.

    Raises
    ------
    InputError
        A file is missing or damaged, or its weights do not fit the architecture beside them.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ganatomy.gan.model import build_gan
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save_gan(gan, folder)
    ...     load_gan(folder).architecture == gan.architecture
    True
    """
    folder = Path(folder)
    path = folder / "networks.json"
    values = read_json(path)
    try:
        architecture = Architecture.from_json(values)
    except TypeError as error:
        raise InputError(f"not an architecture ({error})", str(path), REMAKE) from None
    gan = empty_gan(architecture)
    for name in NETWORKS:
        network: nn.Module = getattr(gan, name)
        path = folder / f"{name}.safetensors"
        try:
            network.load_state_dict(read_tensors(path))
        except RuntimeError as error:
            raise InputError(
                f"the weights do not fit networks.json ({str(error).splitlines()[0]})",
                str(path),
                REMAKE,
            ) from None
        network.to(device).eval().requires_grad_(False)
    return gan
