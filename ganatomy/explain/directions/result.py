"""What the study of directions found: saved, loaded, in figures and in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from math import isfinite
from pathlib import Path

import pandas as pd
import torch

from ganatomy.explain.directions.effects import clearest, fitting
from ganatomy.explain.directions.found_again import AGAIN_COLUMNS, DRAW, STEP
from ganatomy.explain.directions.judgements import SAME_FROM, judgements
from ganatomy.explain.directions.judges import D_LOGIT, DISTANCE
from ganatomy.explain.directions.per_class import CLASS_COLUMNS
from ganatomy.explain.directions.responses import CURVE_COLUMNS, RESPONSE_COLUMNS
from ganatomy.explain.directions.traits import TRAIT_COLUMNS
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import of_all, opened, signed

STANDS_OUT_FROM = 1.5
"""Times the squared change of the image by a random step, by the interval's lower end."""
SEEN_FROM = 0.01
"""Of the first direction's squared change: whatever is below is no change to speak of."""
CONSISTENT_FROM = 0.1
"""A direction whose changes are less alike over latents is no target: see `walks.consistency`."""

_TENSORS = "directions.safetensors"
_TOLD = ("method", "num_latents", "features", "left_out")
_TABLES = {
    "changes": (),
    "methods": ("method", "reason"),
    "effects": ("concept",),
    "traits": ("concept",),
    "responses": ("judge",),
    "courses": ("judge",),
    "found_again": ("source",),
    "classes": ("class", "concept"),
}


@dataclass(frozen=True, eq=False)
class DirectionsStudy:
    """Directions of the latents of a generator, and what each changes in its images.

    Attributes
    ----------
    method : str of `methods.METHODS`
        The one whose directions these are.
    num_latents : int
        Latents that nothing was chosen by, over which all figures are.
    methods : DataFrame
        One row for each method: ``method``; ``ratio``, ``low``, ``high`` of its first directions
        together; ``reason``, why it has none, else "".
    changes : DataFrame
        One row for each direction, the strongest first: ``direction`` (from 1); ``change``, root
        mean square of the image's change by a step, images in [-1, 1]; ``ratio``, ``low``,
        ``high``: its square over that of random steps, with a 95 % interval over latents;
        ``share`` of all that steps in every dimension change; ``consistency`` of the change over
        latents; ``ratio_of_left`` and ``low_of_left``: the same beside random steps that are
        orthogonal to the stronger directions; ``stands_out``: the latter is at least
        `STANDS_OUT_FROM`, and the square at least `SEEN_FROM` of the first direction's.
    effects : DataFrame
        As of `effects.effect_table`.
    directions : Tensor of shape (k, latent_dim), float64
        Of length 1. Where an effect is clear, the largest one rises.
    mean_changes : Tensor of shape (k, c, h, w), float32
        What a step changes in the image, its mean over latents.
    strips : Tensor of shape (k, latents, steps, c, h, w), uint8
        Images of the first latents at each of `walks.STEPS`.
    traits : DataFrame
        As of `traits.trait_table`: how steady and how pure each direction is.
    responses, courses : DataFrame
        As of `responses.response_table` and `responses.curve_table`: D's logit and the distance
        to the data along each; without rows where neither could be asked for.
    found_again : DataFrame
        As of `found_again.found_in_other_latents` and `found_again.found_in_history`.
    classes : DataFrame
        As of `per_class.class_table`; without rows where the generator knows no classes.
    features : str
        In which the distance to the data is measured; "" where it is not.
    left_out : dict of str to str
        Of `judges.JUDGES` those that are missing, and why.
    """

    method: str
    num_latents: int
    methods: pd.DataFrame
    changes: pd.DataFrame
    effects: pd.DataFrame
    directions: torch.Tensor
    mean_changes: torch.Tensor
    strips: torch.Tensor
    traits: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=TRAIT_COLUMNS))
    responses: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=RESPONSE_COLUMNS))
    courses: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=CURVE_COLUMNS))
    found_again: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=AGAIN_COLUMNS))
    classes: pd.DataFrame = field(default_factory=partial(pd.DataFrame, columns=CLASS_COLUMNS))
    features: str = ""
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def num_that_stand_out(self) -> int:
        """Number of directions that change the image more than random ones do."""
        return int(self.changes["stands_out"].sum())

    def stands_out(self, direction: int) -> bool:
        """Say whether a direction (from 1) changes the image more than random ones do."""
        return bool(self.changes["stands_out"].iloc[direction - 1])

    def is_target(self, direction: int) -> bool:
        """Say whether what a direction (from 1) changes is alike enough to be asked about."""
        alike = float(self.changes["consistency"].iloc[direction - 1])
        return self.stands_out(direction) and alike >= CONSISTENT_FROM

    def clear_effects(self, direction: int) -> pd.DataFrame:
        """Give the clear effects of a direction that stands out, the largest first."""
        clear = clearest(self.effects, direction)
        return clear if self.stands_out(direction) else clear.iloc[:0]

    def names_of(self, direction: int) -> pd.DataFrame:
        """Give the effects that a direction may be named after, the best first."""
        return fitting(self.clear_effects(direction))

    def concept_of(self, direction: int) -> str:
        """Name the concept that a direction moves most; "" where none fits."""
        names = self.names_of(direction)
        return "" if names.empty else str(names["concept"].iloc[0])

    def response(self, direction: int, judge: str) -> pd.Series | None:
        """Give what a direction (from 1) does to a judge of `judges.JUDGES`, None without one."""
        is_own = (self.responses["direction"] == direction) & (self.responses["judge"] == judge)
        return self.responses[is_own].iloc[0] if is_own.any() else None

    def again(self, source: str) -> pd.DataFrame:
        """Give the rows of `found_again` from other draws of latents, or steps of the training."""
        return self.found_again[self.found_again["source"] == source]

    def is_found_again(self, direction: int) -> bool | None:
        """Say whether a direction (from 1) comes from every draw of latents; None without any."""
        drawn = self.again(DRAW)
        own = drawn.loc[drawn["direction"] == direction, "cosine"]
        return bool((own >= SAME_FROM).all()) if len(own) else None

    @property
    def num_found_again(self) -> int:
        """Number of directions that stand out and come from every draw of latents."""
        numbers = range(1, len(self.changes) + 1)
        return sum(self.stands_out(each) and bool(self.is_found_again(each)) for each in numbers)

    def metrics(self) -> dict[str, float]:
        """Give the figures that the study ends in."""
        numbers = range(1, len(self.changes) + 1)
        return {
            "num_directions_that_stand_out": self.num_that_stand_out,
            "num_directions_named": sum(bool(self.concept_of(each)) for each in numbers),
            "largest_ratio_to_random": float(self.changes["ratio"].max()),
            "share_of_change": float(self.changes["share"].sum()),
            **self._further_metrics(),
        }

    def _further_metrics(self) -> dict[str, float]:
        """Give the figures of the rest, of which some may not have been measured."""
        found: dict[str, float] = {}
        of_d, of_distance = (
            self.responses[self.responses["judge"] == judge] for judge in (D_LOGIT, DISTANCE)
        )
        drawn, steps = self.again(DRAW), self.again(STEP)
        if len(drawn):
            found["num_directions_found_again"] = self.num_found_again
        found |= {
            "largest_slope_of_d_logit": float(of_d["slope"].abs().max()),
            "farthest_from_data": float((of_distance["beside"] / of_distance["at_rest"]).max()),
            "cosine_from_other_latents": float(drawn["cosine"].mean()),
            "cosine_by_chance": float(self.found_again["by_chance"].mean()),
            "cosine_at_first_step": float(
                steps.loc[steps["place"] == steps["place"].min(), "cosine"].mean()
            ),
            "mean_purity": float(self.traits["purity"].mean()),
        }
        return {name: value for name, value in found.items() if isfinite(value)}

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        total = len(self.changes)
        first = self.changes.iloc[0]
        beside = (
            "in squares, a step along the first one changes the image by "
            f"{first['ratio']:.3g} of what a random step does ({first['low']:.3g} to "
            f"{first['high']:.3g})"
        )
        if not self.num_that_stand_out:
            yield (
                f"No direction of {total} stands out: {beside}, and would have to by more than "
                f"{STANDS_OUT_FROM:g}, its interval included."
            )
            return
        stand = "stands out" if self.num_that_stand_out == 1 or total == 1 else "stand out"
        counted = opened(of_all(self.num_that_stand_out, total, "direction"))
        yield f"{counted} of G's latents {stand}; {beside}."
        for number in range(1, total + 1):
            if (names := self.names_of(number)).empty:
                continue
            row = names.iloc[0]
            yield (
                f"Direction {number} moves {row['concept']} by {signed(row['effect'])} "
                f"({signed(row['low'])} to {signed(row['high'])}) standard deviations a step."
            )
        unnamed = sum(
            self.stands_out(each) and not self.concept_of(each) for each in range(1, total + 1)
        )
        if unnamed:
            yield (
                f"{unnamed} of them {'has' if unnamed == 1 else 'have'} no name: nothing that is "
                f"measured moves strongly and steadily along {'it' if unnamed == 1 else 'them'}."
            )
        yield from judgements(self)

    def save(self, folder: Path) -> None:
        """Write tables, tensors and ``directions.json`` into a folder."""
        for name in _TABLES:
            write_bytes(folder / f"{name}.csv", csv_bytes(getattr(self, name)))
        tensors = {name: getattr(self, name) for name in ("directions", "mean_changes", "strips")}
        write_tensors(folder / _TENSORS, tensors)
        about = {name: getattr(self, name) for name in _TOLD}
        write_json(folder / "directions.json", about)

    @staticmethod
    @validated
    def load(folder: Path) -> "DirectionsStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "directions.json")
        tables = {name: read_table(folder / f"{name}.csv", text) for name, text in _TABLES.items()}
        tables["methods"] = tables["methods"].fillna({"reason": ""})
        tensors = read_tensors(folder / _TENSORS)
        return DirectionsStudy(
            about["method"],
            about["num_latents"],
            tables["methods"],
            tables["changes"],
            tables["effects"],
            tensors["directions"],
            tensors["mean_changes"],
            tensors["strips"],
            traits=tables["traits"],
            responses=tables["responses"],
            courses=tables["courses"],
            found_again=tables["found_again"],
            classes=tables["classes"],
            features=about["features"],
            left_out=about["left_out"],
        )
