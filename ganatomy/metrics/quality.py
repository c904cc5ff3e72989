"""Is it any good: one call that judges a set of fakes."""

from dataclasses import dataclass

import torch

from ganatomy.metrics.evaluator import Evaluator, extract, predict
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.neighbours import nearest


@dataclass(frozen=True)
class Quality:
    """What `judge` found.

    Attributes
    ----------
    num_compared : int
        Images in each set that the distances compare.
    fcd : float
        Frechet distance of fakes to real test images, in evaluator features.
    fcd_floor : float
        The same for as many real train images: what a perfect generator would reach.
    class_histogram : Tensor of shape (k,), int64
        Classes of the fakes, as the evaluator sees them.
    real_histogram : Tensor of shape (k,), int64
        Classes of the real test images, as the evaluator sees them.
    neighbour_index : Tensor of shape (n,), int64
        Nearest train image of each fake, in evaluator features.
    neighbour_distance : Tensor of shape (n,), float64
    """

    num_compared: int
    fcd: float
    fcd_floor: float
    class_histogram: torch.Tensor
    real_histogram: torch.Tensor
    neighbour_index: torch.Tensor
    neighbour_distance: torch.Tensor


def judge(
    fakes: torch.Tensor, train_images: torch.Tensor, test_images: torch.Tensor, network: Evaluator
) -> Quality:
    """Compare fakes with reals.

    Parameters
    ----------
    fakes, train_images, test_images : Tensor of shape (n, c, s, s), uint8
        The distances use the same count of each: the smallest of the three.
    network : Evaluator
    """
    count = min(len(fakes), len(train_images), len(test_images))
    of_fakes = extract(network, fakes)
    of_train = extract(network, train_images)
    of_test = extract(network, test_images[:count])
    distance, index = nearest(of_fakes, of_train)
    num_classes = network.head.out_features
    return Quality(
        count,
        frechet_distance(of_fakes[:count], of_test),
        frechet_distance(of_train[:count], of_test),
        torch.bincount(predict(network, fakes).argmax(1), minlength=num_classes),
        torch.bincount(predict(network, test_images[:count]).argmax(1), minlength=num_classes),
        index,
        distance,
    )
