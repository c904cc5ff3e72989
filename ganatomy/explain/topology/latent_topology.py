"""What the study of latent space found: saved, loaded, in figures and in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import validated
from ganatomy.statistics import share_interval
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, finely, listed, of_all, percent

PATHS = [
    *("path", "held", "length", "straight", "detour", "largest_step", "median_step"),
    *("num_classes", "num_changes", "num_tears"),
]
STEPS = ["path", "t", "step", "label"]
TEARS = ["path", "t", "low", "high", "size", "of_distance", "beside", "before", "after"]
SPECTRUM = ["latent", "participation", "num_used", "condition", "stretch"]
POINTS = ["x", "y", "kind", "label"]

_TABLES = {
    "paths": PATHS, "steps": STEPS, "tears": TEARS, "spectrum": SPECTRUM, "points": POINTS,
}  # fmt: skip
_TEXT = ("held", "label", "before", "after", "kind")
_TENSORS = ("beside", "strips", "spectra")
_PLAIN = ("space", "way", "num_steps", "resolution", "latent_dim", "trustworthiness", "left_out")
_TRUSTED_FROM = 0.9
_MOST_NAMED = 3


@dataclass(frozen=True, eq=False)
class LatentTopology:
    """The change of images from latent to latent: tears, stretching, and where modes lie.

    Attributes
    ----------
    space : str
        What distances are taken in: ``evaluator features`` or ``pixels``.
    way : str
        ``spherical`` or ``straight``: interpolations between two latents.
    num_steps : int
        Steps of an interpolation.
    resolution : float
        Share of an interpolation to which tears are located; what rises within some of these is
        not told from a tear.
    latent_dim : int
    paths : DataFrame
        One row for each interpolation, `PATHS`: ``held``: the class of a conditional G;
        ``length``: the sum of its steps; ``straight``: the distance of its ends; ``detour``: the
        ratio of both; ``num_classes``, ``num_changes``: of what the evaluator sees, 0 without it.
    steps : DataFrame
        `STEPS`: how far each step goes, at its middle ``t``, and what the evaluator sees there.
    tears : DataFrame
        `TEARS`: where a step does not shrink with its interval; ``of_distance``: its size as a
        share of the mean distance of two ends; ``beside``: how far the steps beside it go;
        ``before``, ``after``: what the evaluator sees on either side.
    spectrum : DataFrame
        One row for each latent, `SPECTRUM`, of the Jacobian of the pixels: ``participation``:
        (sum of s^2)^2 / sum of s^4 over its singular values s, the dimensions that the image moves
        in; ``num_used``: values of 1 % of the largest and more; ``condition``: the largest by the
        smallest; ``stretch``: the largest.
    points : DataFrame
        `POINTS`: real and generated images on a map in two dimensions.
    trustworthiness : float
        Of that map; NaN without one.
    beside : Tensor of shape (k, 2, c, h, w), uint8
        Images on either side of the largest tears, in the order of `tears`.
    strips : Tensor of shape (p, m, c, h, w), uint8
        Images along the first interpolations.
    spectra : Tensor of shape (latents, k), float32
        Singular values, the largest first.
    left_out : dict of str to str
        What could not be asked, and why.
    """

    space: str
    way: str
    num_steps: int
    resolution: float
    latent_dim: int
    paths: pd.DataFrame
    steps: pd.DataFrame
    tears: pd.DataFrame
    spectrum: pd.DataFrame
    points: pd.DataFrame
    trustworthiness: float
    beside: torch.Tensor
    strips: torch.Tensor
    spectra: torch.Tensor
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def num_torn(self) -> int:
        """The number of interpolations that have a tear."""
        return int((self.paths["num_tears"] > 0).sum())

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        found: dict[str, float] = {}
        if len(self.paths):
            found["torn_paths"] = self.num_torn / len(self.paths)
            if self.paths["detour"].notna().any():
                found["path_detour"] = float(self.paths["detour"].mean())
            found["path_class_changes"] = float(self.paths["num_changes"].mean())
        if len(self.spectrum):
            found["jacobian_participation"] = float(self.spectrum["participation"].mean())
        if len(self.points):
            found["mode_map_trustworthiness"] = self.trustworthiness
        return found

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        return " ".join(self.sentences())

    def sentences(self) -> list[str]:
        """Say the same, a sentence each."""
        found = [*self._torn(), *self._along(), *self._stretched(), *self._modes()]
        return found or ["Nothing of latent space could be asked."]

    def _torn(self) -> Iterator[str]:
        total = len(self.paths)
        if not total:
            return
        if not self._moves:
            yield f"On {of_all(total, total, 'way')} between latents the image stays as it is."
            return
        low, high = share_interval(self.num_torn, total)
        if not self.num_torn:
            yield (
                f"No tear was found on {counted(total, 'way')} between latents: every step shrinks "
                f"with its interval, so at most {percent(high)} of ways have one that can be seen."
            )
            return
        largest = self.tears.sort_values("size", ascending=False).head(_MOST_NAMED)
        told = [
            f"on way {row['path']} at t = {row['t']:.4f}, {finely(row['of_distance'])} of the "
            f"distance between two images{_sides(row['before'], row['after'])}"
            for row in largest.to_dict("records")
        ]
        yield (
            f"G tears on {of_all(self.num_torn, total, 'way')} between latents ({percent(low)} to "
            f"{percent(high)}): images jump, and the jump does not shrink with its interval. "
            f"{'The largest lie' if len(told) > 1 else 'It lies'} {listed(told)}."
        )

    @property
    def _moves(self) -> bool:
        return bool((self.paths["largest_step"] > 0).any())

    def _along(self) -> Iterator[str]:
        if not len(self.paths) or not self._moves:
            return
        detour = self.paths["detour"].mean()
        yield (
            f"In {self.space} a {self.way} way between two latents is {detour:.1f} times as long "
            "as the distance of its ends."
        )
        if (self.paths["num_classes"] > 0).any():
            changes = self.paths["num_changes"]
            yield (
                f"The class that the evaluator sees changes {changes.mean():.1f} times along it, "
                f"at most {counted(int(changes.max()), 'time')}."
            )

    def _stretched(self) -> Iterator[str]:
        if len(self.spectrum):
            own = self.spectrum["participation"]
            yield (
                f"At {counted(len(own), 'latent')} the image moves in {own.mean():.1f} of "
                f"{counted(self.latent_dim, 'dimension')} ({own.min():.1f} to {own.max():.1f}, "
                "the Jacobian's participation ratio)."
            )

    def _modes(self) -> Iterator[str]:
        if len(self.points):
            trust = self.trustworthiness
            how = "can be trusted" if trust >= _TRUSTED_FROM else "is not to be relied on"
            yield (
                f"The map of modes of {counted(len(self.points), 'image')} {how} for who is near "
                f"whom (trustworthiness {trust:.2f})."
            )

    def save(self, folder: Path) -> None:
        """Write ``topology_latents.json``, five tables and ``topology_latents.safetensors``."""
        for name in _TABLES:
            write_bytes(folder / f"topology_latents_{name}.csv", csv_bytes(getattr(self, name)))
        tensors = {name: getattr(self, name) for name in _TENSORS}
        write_tensors(folder / "topology_latents.safetensors", tensors)
        about = {name: getattr(self, name) for name in _PLAIN}
        about["trustworthiness"] = self.trustworthiness if len(self.points) else None
        write_json(folder / "topology_latents.json", about)

    @staticmethod
    @validated
    def load(folder: Path) -> "LatentTopology":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "topology_latents.json")
        if about["trustworthiness"] is None:
            about["trustworthiness"] = float("nan")
        tensors: dict[str, Any] = dict(read_tensors(folder / "topology_latents.safetensors"))
        return LatentTopology(
            **{name: about[name] for name in _PLAIN},
            **_tables(folder),
            **{name: tensors[name] for name in _TENSORS},
        )


def _tables(folder: Path) -> dict[str, Any]:
    found = {}
    for name, columns in _TABLES.items():
        table = read_table(folder / f"topology_latents_{name}.csv", _TEXT)[columns]
        own = [column for column in _TEXT if column in table]
        table[own] = table[own].astype(object).fillna("")
        found[name] = table
    return found


def _sides(before: str, after: str) -> str:
    return f", from {before} to {after}" if before and before != after else ""
