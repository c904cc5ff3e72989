"""How much a GAN changes when it is retrained without a feature, against retraining noise.

Drop-feature importance: a variant of the data lacks one feature, G and D are trained anew on it,
and what they became is read out. Nulls, trained on unchanged data, give the scale: an effect is
what lies outside their spread.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from scipy.special import stdtr, stdtrit  # scipy.stats takes a second to import
from torch import nn

from ganatomy.data.images import to_uint8
from ganatomy.explain.readouts import READOUTS
from ganatomy.gan.sampling import generate, score
from ganatomy.metrics.evaluator import extract
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.ranks import auc

# A null's distance from the other nulls shares its pairs with them, so such distances spread less
# than that of one more null would: by (K - 2) / (K - 1) for K nulls, which `summarise` puts right.
# With two nulls both have the same distance, and nothing can be judged.
_MEASURED_FROM_NULLS = ("d_shift",)


@dataclass(frozen=True)
class Member:
    """One retrained GAN: which variant, whether a null, which seed, and the pair itself."""

    variant: str
    is_null: bool
    seed: int
    generator: nn.Module
    discriminator: nn.Module


@dataclass(frozen=True)
class Probe:
    """What every member is measured on: the same images and latents for all.

    Attributes
    ----------
    test_images : Tensor of shape (n, c, s, s), uint8
        Unchanged, held-out real images.
    base_fakes : Tensor of shape (m, c, s, s), uint8
        Images of the base GAN, trained on the unchanged data.
    z : Tensor of shape (k, latent_dim + num_classes)
    evaluator, random_features : nn.Module
        Feature networks for the Frechet distances.
    """

    test_images: torch.Tensor
    base_fakes: torch.Tensor
    z: torch.Tensor
    evaluator: nn.Module
    random_features: nn.Module


@torch.no_grad()
def read_out(
    members: list[Member], probe: Probe, progress: Callable[[int, int], None]
) -> pd.DataFrame:
    """Measure every member.

    Parameters
    ----------
    members : list of Member
        At least two nulls for each seed.
    probe : Probe
    progress : callable
        Called with (done, total) members.

    Returns
    -------
    DataFrame
        Tidy, one row per member and readout: variant, is_null, seed, readout, value. These are the
        raw repeats; `summarise` turns them into effects.
    """
    real = {
        "g_fcd": extract(probe.evaluator, probe.test_images),
        "g_frd": extract(probe.random_features, probe.test_images),
    }
    rows: list[tuple[str, bool, int, str, float]] = []
    logits: dict[tuple[str, int], torch.Tensor] = {}
    for member in members:
        key = (member.variant, member.is_null, member.seed)
        fakes = to_uint8(generate(member.generator, probe.z))
        for readout, network in (("g_fcd", probe.evaluator), ("g_frd", probe.random_features)):
            distance = frechet_distance(extract(network, fakes), real[readout])
            rows.append((*key, readout, distance))
        on_real = score(member.discriminator, probe.test_images)
        on_fake = score(member.discriminator, probe.base_fakes)
        rows.append((*key, "d_separation", auc(on_real, on_fake)))
        logits[member.variant, member.seed] = torch.cat([on_real, on_fake])
        progress(len(logits), len(members))
    rows += _logit_shifts(members, logits)
    frame = pd.DataFrame(rows, columns=["variant", "is_null", "seed", "readout", "value"])
    return frame.sort_values(["readout", "variant", "seed"], ignore_index=True)


def _logit_shifts(
    members: list[Member], logits: dict[tuple[str, int], torch.Tensor]
) -> list[tuple[str, bool, int, str, float]]:
    """Mean distance of a member's standardised logits from those of the other nulls of its seed.

    Seeds are shared on purpose: the difference between two seeds is larger than that between two
    features.
    """
    rows = []
    # a D that says the same of every image has no spread: its standardised logits are all zero
    standard = {
        key: (value - value.mean()) / value.std().clamp(min=1e-12) for key, value in logits.items()
    }
    for member in members:
        nulls = [
            standard[other.variant, other.seed]
            for other in members
            if other.is_null and other.seed == member.seed and other.variant != member.variant
        ]
        own = standard[member.variant, member.seed]
        shifts = [float((own - null).square().mean().sqrt()) for null in nulls]
        value = sum(shifts) / len(shifts)
        rows.append((member.variant, member.is_null, member.seed, "d_shift", value))
    return rows


def summarise(repeats: pd.DataFrame, alpha: float) -> pd.DataFrame:
    """Effects with intervals, each against the nulls of the same readout.

    For variant v and seed s the difference is ``value(v, s) - mean over nulls k of value(k, s)``;
    its mean over seeds is the effect. The noise is the spread of nulls around their own seed's mean
    (pooled, S * (K - 1) degrees of freedom), which is what changing nothing does. An effect stands
    out when its t statistic is beyond the two-sided `alpha` quantile, divided by the number of
    variants times readouts (Bonferroni).

    Parameters
    ----------
    repeats : DataFrame
        From `read_out`: at least two nulls.
    alpha : float in (0, 1)
        Chance of any false "stands out" in the whole table.

    Returns
    -------
    DataFrame
        One row per changed variant and readout: variant, readout, network, effect, low, high (its
        1 - alpha interval), null_sd, error (of the effect), t, threshold, p, stands_out. Nulls are
        not listed. Where they do not vary at all (null_sd 0) nothing can be judged: t is 0 and
        nothing stands out.

    Raises
    ------
    ValueError
        Fewer than two nulls: there is no scale to judge effects by.
    """
    num_nulls = repeats.loc[repeats.is_null, "variant"].nunique()
    seeds = repeats["seed"].nunique()
    if num_nulls < 2:
        raise ValueError(f"{num_nulls} nulls: at least two are needed to know the noise")
    changed = repeats.loc[~repeats.is_null, "variant"].unique()
    comparisons = max(1, len(changed) * repeats["readout"].nunique())
    freedom = seeds * (num_nulls - 1)
    threshold = float(stdtrit(freedom, 1 - alpha / comparisons / 2))
    half = float(stdtrit(freedom, 1 - alpha / 2))
    rows = []
    for readout, frame in repeats.groupby("readout", sort=True):
        table = frame.pivot(index="seed", columns="variant", values="value")
        nulls = table[sorted(frame.loc[frame.is_null, "variant"].unique())]
        centre = nulls.mean(axis=1)
        residuals = nulls.sub(centre, axis=0).to_numpy()
        if readout in _MEASURED_FROM_NULLS and num_nulls > 2:
            residuals = residuals * (num_nulls - 1) / (num_nulls - 2)
        null_sd = float((residuals**2).sum() / freedom) ** 0.5
        error = null_sd * (1 / seeds + 1 / (seeds * num_nulls)) ** 0.5
        for variant in changed:
            effect = float((table[variant] - centre).mean())
            t = effect / error if error > 0 else 0.0
            rows.append(
                {
                    "variant": variant,
                    "readout": str(readout),
                    "network": READOUTS[str(readout)][0],
                    "effect": effect,
                    "low": effect - half * error,
                    "high": effect + half * error,
                    "null_sd": null_sd,
                    "error": error,
                    "t": t,
                    "threshold": threshold,
                    "p": float(2 * stdtr(freedom, -abs(t))),
                    "stands_out": abs(t) > threshold,
                }
            )
    return pd.DataFrame(rows)


def rank(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per variant, most influential first: by its largest |t| over all readouts.

    Returns
    -------
    DataFrame
        variant, rank (from 1), strongest_readout, max_abs_t, stands_out (on any readout).
    """
    strongest = summary.loc[summary["t"].abs().groupby(summary["variant"]).idxmax()]
    any_out = summary.groupby("variant")["stands_out"].any()
    ranking = pd.DataFrame(
        {
            "variant": strongest["variant"].to_numpy(),
            "strongest_readout": strongest["readout"].to_numpy(),
            "max_abs_t": strongest["t"].abs().to_numpy(),
        }
    )
    ranking["stands_out"] = ranking["variant"].map(any_out)
    ranking = ranking.sort_values(["max_abs_t", "variant"], ascending=[False, True])
    ranking.insert(1, "rank", range(1, len(ranking) + 1))
    return ranking.reset_index(drop=True)
