"""Which latent coordinates move which targets of a generator's output."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import torch

from ganatomy.explain.lime.latents import (
    LatentExplanations,
    joined,
    latent_importance,
    latent_lime,
)
from ganatomy.explain.lime.settings import LimeSampling
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target, class_logit
from ganatomy.files import write_bytes
from ganatomy.tables import csv_bytes, read_table

FILES = _EFFECTS, _FITS = "latents.csv", "latent_fits.csv"
MOST_NAMED = 3
_PLAINLY = {"d_logit_of_g": "D's logit of G's image"}
_SAMPLES_EACH = 4  # of each coordinate, at the least
_SEEN_CLASS = "class"


@dataclass(frozen=True, eq=False)
class LatentEffects:
    """Effects of latent coordinates on targets.

    Attributes
    ----------
    effects : DataFrame
        One row for each target and coordinate: target, and the columns of
        `latents.latent_importance`.
    fits : DataFrame
        One row for each target and latent: target, held_out_r2, num_samples, refusal.
    """

    effects: pd.DataFrame
    fits: pd.DataFrame

    @property
    def targets(self) -> list[str]:
        """The targets' names, in order."""
        return list(dict.fromkeys(self.effects["target"]))

    @property
    def num_latents(self) -> int:
        """Number of latents around which each target was explained."""
        return int(self.fits.groupby("target").size().max())

    def of(self, target: str) -> pd.DataFrame:
        """Give the effects on one target."""
        own: pd.DataFrame = self.effects[self.effects["target"] == target]
        return own.drop(columns="target")

    def held_out_r2(self, target: str) -> float:
        """Average over latents how well the surrogates foretell; NaN where all are refused."""
        own = self.fits.loc[self.fits["target"] == target, "held_out_r2"]
        return float(torch.from_numpy(own.to_numpy(dtype=float, copy=True)).nanmean())

    def first(self, target: str) -> tuple[list[str], bool]:
        """Name the coordinates with the largest effects, and say whether they stand out.

        The fewest (at most `MOST_NAMED`) whose intervals all lie above those of the others; where
        intervals overlap, the first ones, and False.
        """
        own = self.of(target)
        own = own[own["mean_abs"] > 0].sort_values("mean_abs", ascending=False, kind="stable")
        low, high = own["low"].to_numpy(dtype=float), own["high"].to_numpy(dtype=float)
        names = own["name"].tolist()
        for count in range(1, min(MOST_NAMED, len(own)) + 1):
            if count == len(own) or low[:count].min() > high[count:].max():
                return names[:count], True
        return names[:MOST_NAMED], False

    def save(self, folder: Path) -> None:
        """Write ``latents.csv`` and ``latent_fits.csv``."""
        write_bytes(folder / _EFFECTS, csv_bytes(self.effects))
        write_bytes(folder / _FITS, csv_bytes(self.fits))

    @staticmethod
    def load(folder: Path) -> "LatentEffects | None":
        """Read what `save` wrote; None where nothing was."""
        if not (folder / _EFFECTS).exists():
            return None
        fits = read_table(folder / _FITS, ("target", "refusal")).fillna({"refusal": ""})
        return LatentEffects(read_table(folder / _EFFECTS, ("target", "name")), fits)


def plain_target(name: str) -> str:
    """Name a target in words.

    Examples
    --------
    >>> plain_target("d_logit_of_g"), plain_target("class")
    ("D's logit of G's image", 'class')
    """
    return _PLAINLY.get(name, name)


def explain_latents(
    targets: Mapping[str, Target],
    subjects: Subjects,
    *,
    sampling: LimeSampling,
    radius: float,
    num_latents: int,
    seed: int,
    on_warning: Callable[[str], None] = lambda text: None,
) -> LatentEffects | None:
    """Measure which coordinates move each target, around the first latents.

    Parameters
    ----------
    targets : mapping of str to Target
        Of latents, by name. ``class`` is of each latent the logit of the class that is seen in its
        own image, wherever it is moved.
    subjects : Subjects
    sampling : LimeSampling
        Without its tolerance, which is in other units; at least 4 samples for each coordinate.
    radius : float
        How far each coordinate is moved.
    num_latents : int
    seed : int
    on_warning : callable

    Returns
    -------
    LatentEffects or None
        None without a target.
    """
    z = subjects.z[:num_latents].to(subjects.device)
    enough = max(sampling.num_samples, _SAMPLES_EACH * subjects.latent_dim)
    sampling = replace(sampling, num_samples=enough, tolerance=0.0)

    def explain(target: Target, latents: torch.Tensor) -> LatentExplanations:
        return latent_lime(
            target,
            latents,
            seed,
            radius=radius,
            num_classes=subjects.num_classes,
            sampling=sampling,
            on_warning=on_warning,
        )

    explained = {
        name: _of_seen_classes(explain, subjects, z) if name == _SEEN_CLASS else explain(target, z)
        for name, target in targets.items()
    }
    if not explained:
        return None
    effects = {name: latent_importance(each) for name, each in explained.items()}
    fits = {name: _fits(each) for name, each in explained.items()}
    return LatentEffects(_stacked(effects), _stacked(fits))


def _of_seen_classes(
    explain: Callable[[Target, torch.Tensor], LatentExplanations],
    subjects: Subjects,
    z: torch.Tensor,
) -> LatentExplanations:
    assert subjects.evaluator is not None  # or there would be no target of classes
    seen = subjects.fake_labels[: len(z)].to(z.device)
    parts = []
    for label in seen.unique().tolist():
        name = subjects.class_names[label]
        target = class_logit(subjects.evaluator, label, name, generator=subjects.generator)
        parts.append(explain(target, z[seen == label]))
    return joined(parts, _SEEN_CLASS)


def _fits(explained: LatentExplanations) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "held_out_r2": explained.held_out_r2.numpy(),
            "num_samples": explained.num_samples.numpy(),
            "refusal": explained.refusals,
        }
    )


def _stacked(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    whole = pd.concat(tables, names=["target"]).reset_index(level=0)
    return whole.reset_index(drop=True)
