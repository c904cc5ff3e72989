"""What the study of a discriminator's concepts found: saved, loaded, in figures and in words."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, listed, of_all, opened, percent, signed

FOLDER = "directions/concepts_of_d"
"""Where a run has it, in its folder of reports: part of what is found of directions."""
COLUMNS = [
    *("concept", "importance", "importance_low", "importance_high", "effect", "low", "high"),
    *("of_random", "p", "q", "stands_out", "stability", "on_real", "on_fake"),
]
FAITHFUL_FROM = 0.5
"""Share of the logit's variance below which concepts leave most of it untold."""

_TENSORS = ("parts", "crops", "examples", "maps")


@dataclass(frozen=True, eq=False)
class DiscriminatorConcepts:
    """Concepts that a layer of a discriminator is made of, and what each is worth to its logit.

    Attributes
    ----------
    layer : str
    num_images : int
        Images that nothing was fitted to, over which all figures are.
    table : DataFrame
        One row for each concept, the most important first, `COLUMNS`: ``concept`` from 1;
        ``importance``: its total Sobol index for the logit, over all images, with a 95 %
        interval; ``effect``: what the logit loses without it, in its standard deviations over
        images: above 0 it speaks for real; ``of_random``: what random directions of the layer
        that are as large have in 95 of 100 cases, at most; ``p``, ``q``: against these,
        Benjamini-Hochberg over concepts; ``stands_out``; ``stability``: cosine with the concept
        that other images give, the mean over draws; ``on_real``, ``on_fake``: how much of it
        an image has, all images having 1 in the mean; NaN without such images.
    fidelity, fidelity_low, fidelity_high : float
        R^2 of D's logit by activations that are made of the concepts alone, with a 95 % interval.
    fidelity_of_random : float
        The same with as many concepts drawn at random.
    parts : Tensor of shape (k, 2 channels), float32
        As of `factors.Factors`.
    crops : Tensor of shape (k, m, c, s, s), uint8
        The places that have most of each, each of another image.
    examples : Tensor of shape (k, e, c, h, w), uint8
        The images of the first of these.
    maps : Tensor of shape (k, e, h', w'), float32
        Where in them it is, 1 being the most.
    """

    layer: str
    num_images: int
    table: pd.DataFrame
    fidelity: float
    fidelity_low: float
    fidelity_high: float
    fidelity_of_random: float
    parts: torch.Tensor
    crops: torch.Tensor
    examples: torch.Tensor
    maps: torch.Tensor

    @property
    def standing_out(self) -> list[int]:
        """Numbers of the concepts that count more than random directions, most important first."""
        return [int(each) for each in self.table.loc[self.table["stands_out"], "concept"]]

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        return {
            "num_concepts": len(self.table),
            "num_concepts_that_stand_out": len(self.standing_out),
            "fidelity": self.fidelity,
            "fidelity_of_random": self.fidelity_of_random,
            "mean_stability": float(self.table["stability"].mean()),
        }

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        total = len(self.table)
        told = (
            f"what {counted(total, 'concept')} of its layer “{self.layer}” make tells "
            f"{percent(max(0.0, self.fidelity))} of how D's logit differs between images "
            f"({percent(max(0.0, self.fidelity_low))} to {percent(max(0.0, self.fidelity_high))})"
        )
        sentences = [f"{opened(told)}, as many at random {self._of_random}."]
        if not self.fidelity >= FAITHFUL_FROM:
            sentences.append("So what the activations are made of explains the logit hardly.")
        if not self.standing_out:
            sentences.append("No concept counts more for D than random directions of the layer do.")
            return " ".join(sentences)
        count = opened(of_all(len(self.standing_out), total, "concept"))
        verb = "counts" if len(self.standing_out) == 1 or total == 1 else "count"
        sentences.append(
            f"{count} {verb} more for D than random directions do: "
            f"{listed([self.said(each) for each in self.standing_out])}."
        )
        return " ".join(sentences)

    def said(self, number: int) -> str:
        """Say of a concept what it speaks for, and how much."""
        effect = float(self.table["effect"].iloc[number - 1])
        side = "real" if effect > 0 else "fake"
        return f"concept {number} speaks for {side} ({signed(effect)} standard deviations)"

    @property
    def _of_random(self) -> str:
        return percent(max(0.0, self.fidelity_of_random))

    def save(self, folder: Path) -> None:
        """Write ``concepts.json``, ``concepts.csv`` and ``concepts.safetensors`` into a folder."""
        write_bytes(folder / "concepts.csv", csv_bytes(self.table))
        write_tensors(
            folder / "concepts.safetensors", {name: getattr(self, name) for name in _TENSORS}
        )
        about = {name: value for name, value in vars(self).items() if name not in _NOT_PLAIN}
        write_json(folder / "concepts.json", about)

    @staticmethod
    @validated
    def load(folder: Path) -> "DiscriminatorConcepts":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "concepts.json")
        tensors = read_tensors(folder / "concepts.safetensors")
        table = read_table(folder / "concepts.csv")[COLUMNS]
        table["stands_out"] = table["stands_out"].astype(bool)
        fidelity = ("fidelity", "fidelity_low", "fidelity_high", "fidelity_of_random")
        return DiscriminatorConcepts(
            about["layer"],
            about["num_images"],
            table,
            *(about[name] for name in fidelity),
            *(tensors[name] for name in _TENSORS),
        )


_NOT_PLAIN = ("table", *_TENSORS)
