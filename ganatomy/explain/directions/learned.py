"""Learned directions as targets: how much of what each changes an image of G has."""

import torch
from torch import nn

from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.networks.measures import Measure
from ganatomy.explain.networks.targets import Target


def learned_targets(study: DirectionsStudy, generator: nn.Module) -> dict[str, Target]:
    """Make a target of each direction that stands out and changes images alike.

    The target is the projection of G's image onto the mean change that a step along the
    direction makes: it rises by the change's length where a step adds just that.

    Parameters
    ----------
    study : DirectionsStudy
    generator : nn.Module
        The one of the study.

    Returns
    -------
    dict of str to Target
        By ``learned:<direction>``, the direction counted from 1; empty where none stands out.

    Examples
    --------
    >>> from ganatomy.explain.directions.study import find_directions
    >>> generator = nn.Sequential(nn.Linear(8, 64), nn.Unflatten(1, (1, 8, 8)))
    >>> generator[0].weight.data[:, 1:] = 0.0  # one entry of the latents moves the image
    >>> list(learned_targets(find_directions(generator, torch.randn(64, 8)), generator))
    ['learned:1']
    """
    return {
        name: _target(name, measure, generator) for name, measure in learned_measures(study).items()
    }


def learned_measures(study: DirectionsStudy) -> dict[str, Measure]:
    """Give what each target of `learned_targets` reads from images: (n, c, h, w) to (n,).

    Examples
    --------
    >>> from ganatomy.explain.directions.study import find_directions
    >>> generator = nn.Sequential(nn.Linear(8, 64), nn.Unflatten(1, (1, 8, 8)))
    >>> generator[0].weight.data[:, 1:] = 0.0
    >>> (measure,) = learned_measures(find_directions(generator, torch.randn(64, 8))).values()
    >>> measure(torch.zeros(3, 1, 8, 8))
    tensor([0., 0., 0.])
    """
    return {
        f"learned:{number}": _measure(study.mean_changes[number - 1])
        for number in range(1, len(study.directions) + 1)
        if study.is_target(number)
    }


def _measure(change: torch.Tensor) -> Measure:
    change = change / change.norm()
    return lambda images: torch.einsum("nchw,chw->n", images, change.to(images))


def _target(name: str, measure: Measure, generator: nn.Module) -> Target:
    number = name.partition(":")[2]
    return Target(f"learned({number})", generator, lambda z: measure(generator(z)))
