"""Heights and widths of images, said as one number where they are equal. No torch here."""

from collections.abc import Sequence

from ganatomy.data.choices import Shape, Size


def sides(size: Size | Sequence[int]) -> Shape:
    """Return height and width.

    Examples
    --------
    >>> sides(28), sides([40, 64])
    ((28, 28), (40, 64))
    """
    if isinstance(size, int):
        return size, size
    height, width = size
    return height, width


def plain_size(shape: Sequence[int]) -> int | list[int]:
    """Return a height and width as `sides` takes them, in plain values.

    Examples
    --------
    >>> plain_size((28, 28)), plain_size((40, 64))
    (28, [40, 64])
    """
    height, width = shape
    return height if height == width else [height, width]


def size_words(size: Size | Sequence[int]) -> str:
    """Write a size as people do: the width first.

    Examples
    --------
    >>> size_words([40, 64])
    '64 × 40 px'
    """
    height, width = sides(size)
    return f"{width} \N{MULTIPLICATION SIGN} {height} px"
