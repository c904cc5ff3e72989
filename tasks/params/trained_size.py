"""Which sizes of images a GAN can be trained on: what two sections say together."""

from typing import Any, get_args

from ganatomy.data.choices import ImageSize
from ganatomy.errors import InputError


def check_trained_size(document: dict[str, Any], where: str) -> None:
    """Refuse a size that the networks cannot make, before any image is read.

    Parameters
    ----------
    document : dict
        params.yaml, each section checked.
    where : str
    """
    gan, size = document["gan"], document["prepare"]["image_size"]
    if gan.get("source", "train") != "train":
        return
    are_own = all(":" in gan[name] for name in ("generator", "discriminator"))
    if isinstance(size, int) and (are_own or size in get_args(ImageSize)):
        return
    known = ", ".join(map(str, get_args(ImageSize)))
    raise InputError(
        f"prepare.image_size = {size}: no GAN of that size can be trained here",
        where,
        f"Use one of {known}. A generator and a discriminator of your own may have another side; "
        "a GAN that was trained elsewhere may make images of any size.",
    )
