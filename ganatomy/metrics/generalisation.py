"""Does D know its training images by heart: its logits on images it was and was not shown."""

from dataclasses import dataclass

import torch

from ganatomy.errors import InputError
from ganatomy.metrics.auc import auc, auc_interval


@dataclass(frozen=True)
class Generalisation:
    """The result of `generalisation_gap`.

    Attributes
    ----------
    train_mean, held_out_mean, fake_mean : float
        Mean logits.
    gap : float
        `train_mean` - `held_out_mean`, in logit units.
    gap_sd : float
        The same in pooled standard deviations of the reals' logits (Cohen's d); 0 when all real
        logits are equal.
    auc : float in [0, 1]
        Probability that a training image gets a higher logit than a held-out one; 0.5 is without
        over-fitting, 1 is knowing every training image.
    auc_interval : (float, float)
        Bootstrap, over training and held-out images.
    over_fits : bool
        The interval lies above 0.5. Thousands of images make a small over-fit certain: read `auc`
        for how large it is.
    train_accuracy, held_out_accuracy, fake_accuracy : float in [0, 1]
        Share of reals with a logit above 0, and of fakes below 0: D's decisions under the losses
        bce and hinge; under wgan and relativistic the level of the logits means nothing.
    auc_train_fake, auc_held_out_fake : float in [0, 1]
        How well D tells reals from fakes at any level of the logits.
    """

    train_mean: float
    held_out_mean: float
    fake_mean: float
    gap: float
    gap_sd: float
    auc: float
    auc_interval: tuple[float, float]
    over_fits: bool
    train_accuracy: float
    held_out_accuracy: float
    fake_accuracy: float
    auc_train_fake: float
    auc_held_out_fake: float


def generalisation_gap(
    train_logits: torch.Tensor,
    held_out_logits: torch.Tensor,
    fake_logits: torch.Tensor,
    *,
    seed: int,
    level: float = 0.95,
    num_replicates: int = 500,
) -> Generalisation:
    """Compare D's logits on training images, on held-out real images and on fakes.

    Parameters
    ----------
    train_logits, held_out_logits, fake_logits : Tensor of shape (t,), (n,) and (m,)
        Of D in eval mode.
    seed : int
        Of the bootstrap.
    level : float in (0, 1)
        Of the bootstrap interval.
    num_replicates : int

    Raises
    ------
    InputError
        Fewer than two logits in a set, another shape, or logits that are not finite.
    """
    sets = {"train": train_logits, "held-out": held_out_logits, "fake": fake_logits}
    for name, logits in sets.items():
        if logits.ndim != 1 or len(logits) < 2 or not bool(logits.isfinite().all()):
            raise InputError(
                f"logits of shape {tuple(logits.shape)}, all finite or not",
                f"{name} logits",
                "Give at least two finite logits, one for each image.",
            )
    train, held_out, fake = (logits.double().cpu() for logits in sets.values())
    freedom = len(train) + len(held_out) - 2
    squares = (len(train) - 1) * train.var() + (len(held_out) - 1) * held_out.var()
    pooled_sd = float((squares / freedom).sqrt())
    gap = float(train.mean() - held_out.mean())
    interval = auc_interval(train, held_out, seed, level=level, num_replicates=num_replicates)
    return Generalisation(
        train_mean=float(train.mean()),
        held_out_mean=float(held_out.mean()),
        fake_mean=float(fake.mean()),
        gap=gap,
        gap_sd=gap / pooled_sd if pooled_sd > 0 else 0.0,
        auc=auc(train, held_out),
        auc_interval=interval,
        over_fits=interval[0] > 0.5,
        train_accuracy=float((train > 0).double().mean()),
        held_out_accuracy=float((held_out > 0).double().mean()),
        fake_accuracy=float((fake < 0).double().mean()),
        auc_train_fake=auc(train, fake),
        auc_held_out_fake=auc(held_out, fake),
    )
