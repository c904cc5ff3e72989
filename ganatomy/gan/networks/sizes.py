"""Which image sizes there are, and by how many doublings each is reached."""

from typing import get_args

from ganatomy.data.choices import ImageSize
from ganatomy.errors import InputError

IMAGE_SIZES: tuple[int, ...] = get_args(ImageSize)
_DOUBLINGS = {28: (7, 2), 32: (4, 3), 64: (4, 4), 128: (4, 5)}


def doublings(image_size: int) -> tuple[int, int]:
    """Return the smallest feature map's side, and the number of doublings to `image_size`.

    Raises
    ------
    InputError
        A size that is not in `IMAGE_SIZES`.
    """
    if image_size not in _DOUBLINGS:
        raise InputError(
            f"image size {image_size} is not supported",
            "image_size",
            f"Use one of: {', '.join(map(str, IMAGE_SIZES))}.",
        )
    return _DOUBLINGS[image_size]
