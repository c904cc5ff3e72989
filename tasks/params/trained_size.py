"""Which sizes of images a GAN can be trained on: what two sections say together."""

from typing import Any, get_args

from ganatomy.data.choices import ImageSize
from ganatomy.errors import InputError

*_FIRST, _LAST = get_args(ImageSize)
_KNOWN = f"{', '.join(map(str, _FIRST))} or {_LAST}"


def check_trained_size(document: dict[str, Any], where: str) -> None:
    """Refuse a size that the networks cannot make, before any image is read.

    Parameters
    ----------
    document : dict
        params.yaml, each section checked.
    where : str
    """
    gan, size = document["gan"], document["prepare"]["image_size"]
    if gan.get("source", "train") != "train" or _can_be_trained(size, gan):
        return
    raise InputError(
        f"prepare.image_size = {size}: no GAN of that size can be trained here",
        where,
        f"Use one of {_KNOWN}. A generator and a discriminator of your own may have another side; "
        "a GAN that was trained elsewhere may make images of any size.",
    )


def check_retrained_size(size: int | list[int], gan: dict[str, Any]) -> None:
    """Refuse to retrain GANs of ours beside an adopted one whose images they cannot make.

    Parameters
    ----------
    size : int or list of int
        ``prepare.image_size``.
    gan : dict
        Section ``gan``.
    """
    if _can_be_trained(size, gan):
        return
    raise InputError(
        f"with prepare.image_size = {size} no GANs of ours can be retrained, and the file of the "
        "adopted one has no `train`",
        "importance.enabled",
        "Add `train: module:function` to that file, or set importance.enabled=false; "
        f"GANs of ours make images of {_KNOWN} pixels.",
    )


def _can_be_trained(size: int | list[int], gan: dict[str, Any]) -> bool:
    are_own = all(":" in gan[name] for name in ("generator", "discriminator"))
    return isinstance(size, int) and (are_own or size in get_args(ImageSize))
