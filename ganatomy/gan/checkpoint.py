"""A GAN on disk: weights as safetensors, what is needed to rebuild them as JSON."""

from pathlib import Path

import torch
from torch import nn

from ganatomy.errors import REMAKE, InputError
from ganatomy.files import write_json
from ganatomy.gan.adopt.folder import load_adopted
from ganatomy.gan.described import architecture_in
from ganatomy.gan.model import NETWORKS, Gan, empty_gan
from ganatomy.gan_files import ADOPTED, NETWORKS_FILE
from ganatomy.tensors import read_tensors, write_tensors


def save_gan(gan: Gan, folder: str | Path) -> None:
    """Write generator, discriminator and generator_ema with their architecture into `folder`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ganatomy.gan.architecture import Architecture
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
    write_json(folder / NETWORKS_FILE, gan.architecture.to_json())


def load_gan(folder: str | Path, device: torch.device | str = "cpu") -> Gan:
    """Read what `save_gan` or `save_adopted` wrote, in eval mode.

    Of an adopted GAN a network that was not given is an `Absent`, and its generator is its own
    moving average.

    Raises
    ------
    InputError
        A file is missing or damaged, its weights do not fit the architecture beside them, or the
        classes of an adopted GAN cannot be imported.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from ganatomy.gan.architecture import Architecture
    >>> from ganatomy.gan.model import build_gan
    >>> gan = build_gan(Architecture(image_size=28, channels=1, latent_dim=8, width=4), seed=0)
    >>> with TemporaryDirectory() as folder:
    ...     save_gan(gan, folder)
    ...     load_gan(folder).architecture == gan.architecture
    True
    """
    folder = Path(folder)
    if (folder / ADOPTED).is_file():
        return load_adopted(folder, device)
    gan = empty_gan(architecture_in(folder))
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
