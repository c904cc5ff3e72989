"""How much images differ from one another."""

import torch


def diversity(images: torch.Tensor, reference: torch.Tensor) -> float:
    """Divide the mean pairwise distance of images by that of reference images.

    Parameters
    ----------
    images, reference : Tensor of shape (n, c, h, w) and (m, c, h, w), uint8
        n, m > 1; compare only values of equal counts and the same reference.

    Returns
    -------
    float
        0 when all images are equal, about 1 when they differ as much as the reference does, in
        Euclidean distance between pixels; 1 when the reference images are all equal.

    Raises
    ------
    ValueError
        Fewer than two images on one side.
    """
    if len(images) < 2 or len(reference) < 2:
        raise ValueError(f"no pairs among {len(images)} images and {len(reference)} references")
    spread = _mean_distance(reference)
    return _mean_distance(images) / spread if spread > 0 else 1.0


def _mean_distance(images: torch.Tensor) -> float:
    # sums of products of uint8 are integers that float64 holds: no digit is lost to cancellation
    rows = images.flatten(1).double()
    products = rows @ rows.T
    norms = products.diagonal()
    squared = norms[:, None] + norms[None, :] - 2 * products
    count = len(images)
    return float(squared.sqrt().sum()) / (count * (count - 1))
