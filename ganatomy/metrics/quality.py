"""Is it any good, and is it its own: one call that judges a set of fakes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.metrics.copies import Suspects, most_suspicious
from ganatomy.metrics.coverage import Coverage, cover
from ganatomy.metrics.evaluator import Evaluator, extract, predict
from ganatomy.metrics.fidelity import (
    INCEPTION_NAMES,
    NAMES,
    Measurement,
    measure_fidelity,
    not_measured,
)
from ganatomy.metrics.generalisation import Generalisation, generalisation_gap
from ganatomy.metrics.independence import Independence, by_pixels, check_independence
from ganatomy.metrics.memorisation import Memorisation, judge_memorisation
from ganatomy.metrics.nearness import three_samples

_NEIGHBOURS = 5
_NUM_PARTS = 6  # the calls of `tick` in `judge`
_STEPS_PER_PART = 100


class Three(NamedTuple):
    """Something of training images, of held-out images and of fakes."""

    train: torch.Tensor
    held_out: torch.Tensor
    fakes: torch.Tensor


@dataclass(frozen=True)
class Quality:
    """The result of `judge`.

    Attributes
    ----------
    fidelity : list of Measurement
        In the evaluator's features, then in Inception's where these are given.
    memorisation : Memorisation
        In the spaces ``features`` and ``pixels``; in the latter alone where the evaluator guesses.
    suspects : Suspects
        The fakes that are likeliest to be copies, whatever the verdict.
    generalisation : Generalisation or None
        None where there are no logits.
    coverage : Coverage or None
        None where the data has no classes, or the evaluator guesses.
    fake_histogram, real_histogram : Tensor of shape (k,), int64
        Classes of all fakes and of all held-out images, as the evaluator sees them.
    """

    fidelity: list[Measurement]
    memorisation: Memorisation
    suspects: Suspects
    generalisation: Generalisation | None
    coverage: Coverage | None
    fake_histogram: torch.Tensor
    real_histogram: torch.Tensor


def judge(
    images: Three,
    logits: Three | None,
    network: nn.Module,
    *,
    class_names: tuple[str, ...],
    seed: int,
    num_replicates: int,
    num_suspects: int,
    is_measured: bool = True,
    inception: Three | None = None,
    pixels: Three | None = None,
    names: tuple[str, ...] = NAMES,
    progress: Callable[[int, int], None] | None = None,
) -> Quality:
    """Compare fakes with held-out images and with the training images.

    Held-out images that are also among the training images are left out of all of it but the
    classes, as long as enough are left: see `Independence`.

    Parameters
    ----------
    images : Three of Tensor of shape (n, c, s, s), uint8
        Distances use the same count of each: the smallest of the three. Training images stand in
        for fakes to give the floor.
    logits : Three of Tensor of shape (n,), or None
        D's, of the same images; without them nothing is said of D.
    network : Evaluator or RandomFeatures
        The latter has no classes.
    class_names : tuple of str
        Of the evaluator's classes; empty where these are no classes of the data.
    seed : int
    num_replicates : int
        Of the bootstrap behind the intervals of the distances.
    num_suspects : int
    is_measured : bool
        False: the evaluator guesses, and nothing is measured in its features; see `EvaluatorSkill`.
    inception : Three of Tensor of shape (n, 2048), optional
        Inception features of some of these images.
    pixels : Three of Tensor of shape (n, c, h, w), uint8, optional
        The same images made smaller, for distances between pixels.
    names : tuple of str
        Of the distances in the network's features, as `fidelity.NAMES`.
    progress : callable, optional
        Called with (done, total) steps.

    Raises
    ------
    InputError
        Too few images of a kind, or training images that are all the same.
    """
    count = min(len(part) for part in images)
    if count <= _NEIGHBOURS:
        raise InputError(
            f"{count} images to compare, at least {_NEIGHBOURS + 1} are needed of fakes, training "
            "and held-out images each",
            "images",
            "Give more images, or raise `num_fakes` or `test_fraction`.",
        )
    total = _STEPS_PER_PART * (_NUM_PARTS + (inception is not None))
    done = 0

    def tick(part: int = 1, parts: int = 1) -> None:
        nonlocal done
        if progress:
            progress(done + _STEPS_PER_PART * part // parts, total)
        done += _STEPS_PER_PART if part == parts else 0

    class_names = class_names if is_measured else ()
    features = Three(*(extract(network, part) for part in images))
    made, real = (
        _histogram(network, part, len(class_names)) for part in (images.fakes, images.held_out)
    )
    tick()
    samples = {"features": three_samples(*features)} if is_measured else {}
    tick()
    samples["pixels"] = three_samples(*(part.flatten(1) for part in pixels or images))
    tick()
    independence = check_independence(samples, by_pixels(images.train, images.held_out))

    def independent(three: Three) -> Three:
        return three._replace(held_out=independence.of(three.held_out))

    fidelity = []
    if inception is not None:
        # of held-out images there are as many as are compared, the first ones
        seen = Independence(independence.in_training[: len(inception.held_out)])
        inception = inception._replace(held_out=seen.of(inception.held_out))
        fidelity = _distances(inception, seed, num_replicates, tick, INCEPTION_NAMES)
    with _one_thread():
        if is_measured:
            own = _distances(independent(features), seed, num_replicates, tick, names)
        else:
            own = not_measured(count)
            tick()
        fidelity = [*own, *fidelity]
        memorisation = judge_memorisation(samples, seed, independence=independence)
        tick()
        generalisation = None
        if logits is not None:
            generalisation = generalisation_gap(*independent(logits), seed=seed)
        coverage = cover(made, real, class_names, seed=seed) if class_names else None
        tick()
    copies = {name: evidence.copies for name, evidence in memorisation.spaces.items()}
    suspects = most_suspicious(copies, num_suspects)
    return Quality(fidelity, memorisation, suspects, generalisation, coverage, made, real)


def _histogram(network: nn.Module, images: torch.Tensor, num_classes: int) -> torch.Tensor:
    if num_classes == 0:
        return torch.empty(0, dtype=torch.int64)
    assert isinstance(network, Evaluator)  # or there would be no classes
    return predict(network, images).argmax(1).bincount(minlength=num_classes)


def _distances(
    features: Three,
    seed: int,
    num_replicates: int,
    tick: Callable[[int, int], None],
    names: tuple[str, ...],
) -> list[Measurement]:
    return measure_fidelity(
        features.fakes,
        features.held_out,
        features.train,
        seed=seed,
        num_replicates=num_replicates,
        k=_NEIGHBOURS,
        progress=tick,
        names=names,
    )


@contextmanager
def _one_thread() -> Iterator[None]:
    """Resampling is thousands of small products, and threads that wait for each other at every one
    of them: on two busy cores two threads took 35 to 85 s for what one does in 0.7 s."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
