"""Whether D's logit of an image depends on the images beside it."""

from dataclasses import dataclass

import torch
from torch import nn

from ganatomy.metrics.discriminator.logits import in_eval_mode, in_train_mode, whole_batches

_ROUNDS = 4  # batches that are asked with two kinds of companions


@dataclass(frozen=True)
class BatchDependence:
    """Moves of logits with what should not matter, in standard deviations of the logits.

    0 is to the last bit.

    Attributes
    ----------
    companions_eval, companions_train : float
        Largest difference of an image's logit among reals and among fakes, in eval and train mode.
    eval_train : float
        Largest difference of an image's logit in eval mode and in train mode, in batches of one
        kind.
    """

    companions_eval: float
    companions_train: float
    eval_train: float


def batch_dependence(
    network: nn.Module,
    reals: torch.Tensor,
    fakes: torch.Tensor,
    *,
    batch_size: int,
    sd: float,
    num_kinds: int = 2,
) -> BatchDependence:
    """Ask for the same images among reals and among fakes, in both modes.

    Parameters
    ----------
    network : nn.Module
    reals, fakes : Tensor of shape (n, c, h, w) and (m, c, h, w), float in [-1, 1]
        Half a batch at least. Where only one kind was given, that and any other images.
    batch_size : int
        As while it was trained.
    sd : float
        Of the logits: the unit.
    num_kinds : int
        How many of the two are images that a batch of training may consist of.
    """
    size = max(2, min(batch_size, len(reals), len(fakes)))
    half = size // 2
    asked = reals[: half * _ROUNDS].split(half)
    last = reals.flip(0)[:half]  # other ones, where there are enough
    among_reals, among_fakes = (
        [torch.cat([each, part[:half]]) for each in asked] for part in (last, fakes)
    )
    eval_mode = [
        torch.cat(
            [in_eval_mode(network, batch)[: len(each)] for batch, each in zip(batches, asked)]
        )
        for batches in (among_reals, among_fakes)
    ]
    train_mode = [
        torch.cat(
            [in_train_mode(network, batch)[: len(each)] for batch, each in zip(batches, asked)]
        )
        for batches in (among_reals, among_fakes)
    ]
    of_one_kind = [
        in_train_mode(network, *whole_batches(part, batch_size))
        - in_eval_mode(network, torch.cat(whole_batches(part, batch_size)))
        for part in (reals, fakes)[:num_kinds]
    ]
    return BatchDependence(
        in_sds(eval_mode[0] - eval_mode[1], sd),
        in_sds(train_mode[0] - train_mode[1], sd),
        in_sds(torch.cat(of_one_kind), sd),
    )


def in_sds(differences: torch.Tensor, sd: float) -> float:
    """Give the largest difference in standard deviations; infinite where logits have none."""
    largest = float(differences.abs().max())
    if largest == 0:
        return 0.0
    return largest / sd if sd > 0 else float("inf")
