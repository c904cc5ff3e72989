"""Names and sizes of a GAN on disk, without its weights. No torch here."""

from pathlib import Path
from typing import Any

from ganatomy.errors import REMAKE, InputError
from ganatomy.files import read_json
from ganatomy.gan.adopt.port import Network, Port
from ganatomy.gan.adopt.reading import read_port
from ganatomy.gan.architecture import Architecture
from ganatomy.gan_files import ADOPTED, NETWORKS_FILE


def architecture_in(folder: Path) -> Architecture:
    """Read what identifies the networks in a folder, trained here or adopted.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    if (folder / ADOPTED).is_file():
        return architecture_of_port(*read_adopted(folder))
    path = folder / NETWORKS_FILE
    values = read_json(path)
    try:
        return Architecture.from_json(values)
    except TypeError as error:
        raise InputError(f"not an architecture ({error})", str(path), REMAKE) from None


def read_adopted(folder: Path) -> tuple[Port, tuple[int, int, int]]:
    """Read the port of an adopted GAN, with paths into its folder, and the shape of its images.

    Raises
    ------
    InputError
        The file is missing or damaged.
    """
    path = folder / ADOPTED
    about: Any = read_json(path)
    try:
        channels, height, width = (int(each) for each in about["image_shape"])
        port = read_port(about["port"], str(path), folder)
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(f"not an adopted GAN ({error})", str(path), REMAKE) from None
    return port, (channels, height, width)


def packages_in(folder: Path) -> list[str]:
    """List the installed packages that an adopted GAN needs: names, for a list of requirements."""
    if not (folder / ADOPTED).is_file():
        return []
    origin = read_json(folder / ADOPTED).get("origin", {})
    named = [each["package"] for each in origin.values() if each.get("package")]
    return sorted({name.rpartition(" ")[0] for name in named})


def architecture_of_port(port: Port, image_shape: tuple[int, int, int]) -> Architecture:
    """Give names and sizes of an adopted GAN, of which nobody knows the width of its layers."""
    channels, height, width = image_shape
    latent = port.latent
    return Architecture(
        image_size=width,
        channels=channels,
        latent_dim=latent.dim if latent else 0,
        width=0,
        generator=_name(port.generator),
        discriminator=_name(port.discriminator),
        num_classes=latent.num_classes if latent else 0,
        height=0 if height == width else height,
    )


def _name(network: Network | None) -> str:
    if network is None:
        return ""
    return network.build or (network.program.name if network.program else "")
