"""The rule for duplicates written down pair by pair, in NumPy and doubles, without any haste."""

import numpy as np
from numpy.typing import NDArray

_Image = NDArray[np.float64]


def pairs_by_the_rule(images: NDArray[np.uint8], others: NDArray[np.uint8]) -> set[tuple[int, int]]:
    """Return (place in images, place in others) of each nearly equal pair; equal ones are none.

    Parameters
    ----------
    images, others : ndarray of shape (n, c, h, w)
        No two of one of them are equal; they may be the same array.
    """
    values, other_values = images.astype(np.float64), others.astype(np.float64)
    hashes, other_hashes = (np.stack([_hash(each) for each in x]) for x in (values, other_values))
    found = set()
    for i, image in enumerate(values):
        apart = ((other_hashes - hashes[i]) ** 2).sum(1)
        differs = np.array([not np.array_equal(image, other) for other in other_values])
        nearest = [j for j in np.argsort(apart, kind="stable") if differs[j]][:8]
        for j in nearest:
            left = _left_over(image, other_values[j])
            is_likely = apart[j] <= image[0].size * _may_differ(image)
            if not is_likely or left > min(_may_differ(image), _may_differ(other_values[j])):
                continue
            if len(nearest) == 1 or left <= 0.15 * _left_over(image, other_values[nearest[-1]]):
                found.add((i, int(j)))
    return found


def _hash(image: _Image) -> _Image:
    """Magnitudes of frequencies up to six, of brightness; each of those that come twice once."""
    height, width = image.shape[-2:]
    spectrum = np.abs(np.fft.fft2(image.mean(0))) / np.sqrt(height * width)
    return np.array([spectrum[y % height, x] for y in range(-6, 7) for x in range(7)])


def _may_differ(image: _Image) -> float:
    variance = float(np.mean([channel.var() for channel in image]))
    return min(0.03 * variance + 20, 0.4 * variance) + 0.25


def _left_over(first: _Image, second: _Image) -> float:
    """What differs after the best move: a whole one, and then a part of a pixel in each direction.

    The part is what least squares find from the gradient of both, cut off at 0.6.
    """
    height, width = first.shape[-2:]
    inner = second[:, 1:-1, 1:-1]
    windows = [first[:, y : height - 2 + y, x : width - 2 + x] for y in range(3) for x in range(3)]
    moved = min(windows, key=lambda window: float(((window - inner) ** 2).mean()))
    mean, apart = (moved + inner) / 2, (moved - inner)[:, 1:-1, 1:-1].ravel()
    down, across = np.gradient(mean, axis=(1, 2))
    gradients = np.stack([part[:, 1:-1, 1:-1].ravel() for part in (across, down)], 1)
    whole = float((apart**2).mean())
    if np.linalg.det(gradients.T @ gradients) <= 1e-6 * np.prod((gradients**2).sum(0)):
        return whole
    part = np.clip(np.linalg.lstsq(gradients, apart, rcond=None)[0], -0.6, 0.6)
    return min(whole, float(((apart - gradients @ part) ** 2).mean()))
