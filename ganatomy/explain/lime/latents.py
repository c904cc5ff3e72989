"""LIME over the latent of a generator: which coordinates move a target of its output.

The samples and the surrogate are those of LIME (Ribeiro et al. 2016, arXiv 1602.04938). There is
nothing to hide in a latent, so each coordinate is moved a step up or down instead, all at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.memory_layout import channels_last
from ganatomy.explain.lime.sampling import Surrogates, keys_of, surrogates
from ganatomy.explain.lime.settings import DEFAULT_SAMPLING, LimeSampling
from ganatomy.explain.networks.batching import in_batches
from ganatomy.explain.networks.hooks import undisturbed
from ganatomy.explain.networks.targets import Target
from ganatomy.statistics import half_width, mean_and_error

RADIUS = 0.5  # standard deviations of a coordinate of the prior
_BATCH_SIZE = 1024
_ROUNDING = 1e-6  # of a value: what float32 makes of a constant
_NOISE = (2 / np.pi) ** 0.5  # mean magnitude of a standard normal number


@dataclass(frozen=True)
class LatentExplanations:
    """Linear surrogates of a target around n latents, over k coordinates or directions.

    Attributes
    ----------
    target : str
        The target's name.
    radius : float
        How far each coordinate was moved.
    coefficients, standard_errors, low, high : Tensor of shape (n, k), float64
        Change of the target when a coordinate grows by 1 (a standard deviation of a standard
        normal prior), or z moves by a direction; its error over draws of the samples and its 95 %
        interval. NaN where the explanation is refused.
    r2, held_out_r2 : Tensor of shape (n,), float64
        Of the surrogate on the samples of the fit, and on those that were left out.
    target_values : Tensor of shape (n,), float64
        The target of the latent itself.
    num_samples : Tensor of shape (n,), int64
        Evaluations spent, that of the latent itself not counted.
    refusals : list of str
        Why there is no explanation; empty where there is one.
    """

    target: str
    radius: float
    coefficients: torch.Tensor
    standard_errors: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor
    r2: torch.Tensor
    held_out_r2: torch.Tensor
    target_values: torch.Tensor
    num_samples: torch.Tensor
    refusals: list[str]


def latent_lime(
    target: Target,
    z: torch.Tensor,
    seed: int,
    *,
    radius: float = RADIUS,
    directions: torch.Tensor | None = None,
    num_classes: int = 0,
    sampling: LimeSampling = DEFAULT_SAMPLING,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    on_warning: Callable[[str], None] = lambda text: None,
) -> LatentExplanations:
    """Explain what moves a target of a generator's output, latent by latent.

    In every sample each coordinate is moved by +radius or -radius, whichever its mask says; all
    samples count alike, for all are equally far away. What is even around the latent (squares,
    products of two coordinates) cancels within pairs of opposite samples: but for terms of third
    order a coefficient is the gradient, so a small radius explains the point and a larger one its
    surroundings.

    Parameters
    ----------
    target : Target
        Of latents.
    z : Tensor of shape (n, latent_dim + num_classes)
        On the device of the target's network.
    seed : int
        The samples of a latent depend on it and on the latent's own bytes, not on its companions.
    radius : float, above 0
        In units of a coordinate, or of a direction's length.
    directions : Tensor of shape (k, latent_dim), optional
        What to move along, instead of each coordinate by itself.
    num_classes : int
        The last entries of z are a one-hot class; they are never moved.
    sampling : LimeSampling
        Its tolerance is in units of a coefficient: the target's for each unit of z. There is one
        engine, and no kernel: all samples are equally far away.
    on_progress, on_warning
        See `lime.sampling.surrogates`.

    Returns
    -------
    LatentExplanations
        On the CPU. Refused where the target is constant or not finite around a latent.

    Raises
    ------
    InputError
        A radius that is not above 0, directions or a number of classes that do not fit z, and
        those of `lime.sampling.surrogates`.

    Examples
    --------
    >>> import torch
    >>> from ganatomy.explain.networks.targets import d_logit_of_g
    >>> generator = torch.nn.Linear(4, 8, bias=False)
    >>> discriminator = torch.nn.Sequential(torch.nn.Linear(8, 1), torch.nn.Flatten(0))
    >>> fits = latent_lime(d_logit_of_g(generator, discriminator), torch.randn(3, 4), seed=0)
    >>> fits.coefficients.shape, float(fits.r2.min()) > 0.99
    (torch.Size([3, 4]), True)
    """
    moves = _moves(z, radius, directions, num_classes)
    keys = keys_of(seed, "latent_lime", z)

    def values_of(item: torch.Tensor, masks: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return target.values(z[item] + (2 * masks.to(z) - 1) @ moves)

    with (
        undisturbed(target.model),
        channels_last(target.model, lambda: target.values(z[:1])),
        torch.inference_mode(),
    ):
        at_z = torch.cat(
            in_batches(
                lambda start, stop: target.values(z[start:stop]).double().cpu(),
                len(z),
                sampling.batch_size or _BATCH_SIZE,
                on_warning=on_warning,
            )
        )
        fits = surrogates(
            values_of,
            len(moves),
            keys,
            sampling=replace(
                sampling, kernel_width=None, tolerance=sampling.tolerance * 2 * radius
            ),
            device=z.device,
            on_progress=on_progress,
            on_warning=on_warning,
        )
    refusals = _refusals(fits, at_z)
    told = torch.tensor([not why for why in refusals])[:, None]

    def per_unit(values: torch.Tensor) -> torch.Tensor:
        return torch.where(told, values / (2 * radius), torch.nan)

    fitted = fits.fitted
    return LatentExplanations(
        target.name,
        radius,
        per_unit(fitted.coefficients),
        per_unit(fitted.standard_errors),
        per_unit(fitted.low),
        per_unit(fitted.high),
        fitted.r2,
        fitted.held_out_r2,
        at_z,
        fits.num_samples,
        refusals,
    )


def joined(parts: Sequence[LatentExplanations], target: str) -> LatentExplanations:
    """Join explanations of several targets, each of latents of its own, as those of one."""

    def together(name: str) -> torch.Tensor:
        return torch.cat([getattr(part, name) for part in parts])

    return LatentExplanations(
        target,
        parts[0].radius,
        together("coefficients"),
        together("standard_errors"),
        together("low"),
        together("high"),
        together("r2"),
        together("held_out_r2"),
        together("target_values"),
        together("num_samples"),
        [reason for part in parts for reason in part.refusals],
    )


def latent_importance(
    explanations: LatentExplanations, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Measure how much each coordinate moves the target over all latents not refused.

    Parameters
    ----------
    explanations : LatentExplanations
        Of latents drawn from the prior.
    names : sequence of str, optional
        Of the coordinates or directions; z0, z1, ... when not given.

    Returns
    -------
    DataFrame
        One row per coordinate: name, mean (of the coefficients: what is left when signs may
        cancel), mean_abs with its 95 % interval low to high over latents (Student's t; NaN for
        one latent), and noise: the mean_abs that the samples' noise alone would give a coordinate
        without any effect.
    """
    coefficients = explanations.coefficients.numpy()
    kept = coefficients[np.isfinite(coefficients).all(1)].T
    mean, _, _ = mean_and_error(kept)
    mean_abs, error, freedom = mean_and_error(np.abs(kept))
    half = half_width(error, np.maximum(freedom, 1))
    noise, _, _ = mean_and_error(_NOISE * explanations.standard_errors.numpy().T)
    return pd.DataFrame(
        {
            "name": list(names or [f"z{number}" for number in range(len(kept))]),
            "mean": mean,
            "mean_abs": mean_abs,
            "low": np.maximum(mean_abs - half, 0),
            "high": mean_abs + half,
            "noise": noise,
        }
    )


def _moves(
    z: torch.Tensor, radius: float, directions: torch.Tensor | None, num_classes: int
) -> torch.Tensor:
    """Return what is added to z for each feature, of shape (k, latent_dim + num_classes)."""
    if z.ndim != 2 or not len(z):
        raise InputError(
            f"a tensor of shape {tuple(z.shape)}",
            "z",
            "Give latents of shape (n, latent_dim), n > 0.",
        )
    latent_dim = z.shape[1] - num_classes
    if not radius > 0:
        raise InputError(f"a radius of {radius:g}", "radius", "Use one above 0.")
    if latent_dim < 1 or num_classes < 0:
        raise InputError(
            f"{num_classes} classes in latents of {z.shape[1]} entries",
            "num_classes",
            "Give the number of classes that the generator was built for.",
        )
    if directions is None:
        directions = torch.eye(latent_dim)
    if directions.ndim != 2 or directions.shape[1] != latent_dim:
        raise InputError(
            f"directions of shape {tuple(directions.shape)} for {latent_dim} coordinates",
            "directions",
            f"Give a matrix of {latent_dim} columns: class entries are not moved.",
        )
    unmoved = torch.zeros(len(directions), num_classes)
    return torch.cat([radius * directions.to(z), unmoved.to(z)], 1)


def _refusals(fits: Surrogates, at_z: torch.Tensor) -> list[str]:
    refusals = []
    for spread, value in zip(fits.spread.tolist(), at_z.tolist()):
        if not np.isfinite([spread, value]).all():
            refusals.append("the target is not finite around this latent")
        elif spread <= _ROUNDING * abs(value):
            refusals.append("the target is constant around this latent")
        else:
            refusals.append("")
    return refusals
