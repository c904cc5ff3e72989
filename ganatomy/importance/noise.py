"""Where the noise of retraining comes from: the frozen result, from a crossed design or nulls."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.importance.differences import without_questions
from ganatomy.importance.readouts import READOUTS
from ganatomy.importance.tables import read_csv, write_csv
from ganatomy.importance.variance_components import (
    SAMPLING,
    SHARED,
    Components,
    crossed,
    nested,
)
from ganatomy.results import validated
from ganatomy.statistics import Array
from ganatomy.wording import counted, listed, of_all, opened, percent

COLUMNS = ["initialisation", "order", "draw", "readout", "value"]
ABOUT = "noise.json"
NOT_OF_ONE_GAN = ("d_shift",)
"""A distance between two GANs."""

HEADLINES = {"g_fcd": "fcd", "g_recall": "recall", "d_separation": "D's separation (AUC)"}
"""Readouts that are told in words, and what users call them."""

_REPEATS = "noise_repeats"
_FEWEST = 2


@dataclass(frozen=True)
class NoiseDesign:
    """The trainings, and the images that they were measured on.

    Attributes
    ----------
    is_crossed : bool
        Initialisations and orders were crossed and measured on several draws; else nulls within
        seeds, measured on one.
    count : int or None
        Images of each kind in one draw; None where it is not known.
    num_steps, width, batch_size : int or None
        Of each training.
    evaluator : str
        Digest of the evaluator's weights: values of another evaluator do not compare. "" where it
        is not known.
    """

    is_crossed: bool
    count: int | None = None
    num_steps: int | None = None
    width: int | None = None
    batch_size: int | None = None
    evaluator: str = ""


@dataclass(frozen=True, eq=False)
class NoiseStudy:
    """The distance between trainings on the same data, and its components.

    Attributes
    ----------
    repeats : DataFrame
        initialisation, order, draw, readout, value: a row for each GAN, draw and readout. Of nulls,
        `initialisation` is the seed, `order` the null, and there is one draw.
    design : NoiseDesign

    Examples
    --------
    >>> rows = [(i, j, 0, "g_fcd", 4.0 + i + 0.1 * j) for i in range(3) for j in range(3)]
    >>> study = NoiseStudy(pd.DataFrame(rows, columns=COLUMNS), NoiseDesign(is_crossed=False))
    >>> study.parts["part"].tolist()
    ['seed', 'order']
    """

    repeats: pd.DataFrame
    design: NoiseDesign

    @cached_property
    def components(self) -> dict[str, Components]:
        """The components of each readout, in the order of `READOUTS`."""
        names = set(self.repeats["readout"])
        ordered = [name for name in READOUTS if name in names]
        ordered += sorted(names.difference(ordered))
        tables = {name: self._values(name) for name in ordered if name not in NOT_OF_ONE_GAN}
        return {
            name: crossed(values) if self.design.is_crossed else nested(values[:, :, 0])
            for name, values in tables.items()
        }

    @cached_property
    def parts(self) -> pd.DataFrame:
        """A row for each readout and component.

        Columns readout, part, variance, low, high (95 %), share (of the sum of all parts of the
        readout; NaN where there is no spread). A variance that is estimated to be negative is 0.
        """
        rows = []
        for readout, found in self.components.items():
            estimates, (low, high) = found.estimates(), found.intervals()
            with np.errstate(invalid="ignore"):
                shares = estimates / estimates.sum()
            rows += list(
                zip([readout] * len(low), found.names, estimates, low, high, shares, strict=True)
            )
        columns = ["readout", "part", "variance", "low", "high", "share"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def bands(self) -> pd.DataFrame:
        """A row for each readout: mean, sd (of one training), band.

        A difference of two trainings of the same data, each with seeds of its own, stays below the
        band in 95 of 100 cases; NaN where they do not differ.
        """
        rows = [
            (name, self.mean(name), found.one_training() ** 0.5, found.band())
            for name, found in self.components.items()
        ]
        return pd.DataFrame(rows, columns=["readout", "mean", "sd", "band"])

    def mean(self, readout: str) -> float:
        """Average a readout over all GANs and draws."""
        return float(self.repeats.loc[self.repeats["readout"] == readout, "value"].mean())

    def times_sampling(self, readout: str) -> float | None:
        """Say how many times more a new training moves a readout than a new draw of images does.

        The ratio of standard deviations, a draw's with what it moves all GANs alike. None where it
        is not known: nulls are measured on one draw, and a draw may move nothing.
        """
        if not self.design.is_crossed:
            return None
        found = self.components[readout]
        variances = dict(zip(found.names, found.estimates().tolist()))
        drawn = variances.pop(SAMPLING) + variances.pop(SHARED)
        return (sum(variances.values()) / drawn) ** 0.5 if drawn > 0 else None

    def metrics(self) -> dict[str, float]:
        """Give the band of each readout that has one, and each part's share."""
        bands = {
            f"noise_band/{row['readout']}": float(row["band"])
            for row in self.bands.to_dict("records")
            if np.isfinite(row["band"])
        }
        shares = {
            f"noise_share/{row['readout']}/{row['part'].replace(' ', '_')}": float(row["share"])
            for row in self.parts.to_dict("records")
            if np.isfinite(row["share"])
        }
        return bands | shares

    def verdict(self) -> str:
        """Say which differences are noise, and where that is sure what most of it comes from."""
        return " ".join(self.sentences())

    def sentences(self) -> Iterator[str]:
        """Say it readout by readout, the headline ones; others where there is none of these."""
        bands = self.bands.set_index("readout")["band"].dropna()
        known = [name for name in HEADLINES if name in bands] or list(bands.index)
        if not known:
            number = len(self.repeats[COLUMNS[:2]].drop_duplicates())
            yield f"{opened(of_all(number, number, 'training'))} on the same data gave the same."
            return
        titles = {name: HEADLINES.get(name, name) for name in known}
        below = listed([f"{bands[name]:.2g} in {titles[name]}" for name in known])
        pair = "between two such trainings"
        yield f"A difference below {below} {pair} cannot be told from retraining."
        yield from self._of_variance(known[0], titles[known[0]])

    def _of_variance(self, readout: str, title: str) -> Iterator[str]:
        rows = self.parts[self.parts["readout"] == readout].dropna(subset="share")
        rows = rows.sort_values("variance", ascending=False)
        if len(rows) and not rows["low"].iloc[0] > rows["high"].iloc[1:].max():
            rows = rows.head(0)  # which part is the largest is not known
        most = [f"{percent(row['share'])} {_SAID[row['part']]}" for row in rows.to_dict("records")]
        if most:
            yield f"Of the variance of {title} there comes {listed(most)}."
        times = self.times_sampling(readout)
        if times is not None:
            far = f"{times:.2g} times as far" if not 0.95 <= times < 1.05 else "about as far"
            draw = "another draw of images and latents"
            if self.design.count:
                draw = f"another draw of {counted(self.design.count, 'image')} and latents"
            yield f"A new training moves {title} {far} as {draw} does."

    def save(self, folder: Path) -> None:
        """Write repeats, parts, bands and the design into a folder."""
        tables = {_REPEATS: self.repeats, "noise_parts": self.parts, "noise_bands": self.bands}
        write_csv(folder, tables)
        write_json(folder / ABOUT, asdict(self.design))

    @staticmethod
    @validated
    def load(folder: Path) -> "NoiseStudy":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        design = NoiseDesign(**read_json(folder / ABOUT))
        return NoiseStudy(read_csv(folder / f"{_REPEATS}.csv")[COLUMNS], design)

    def _values(self, readout: str) -> Array:
        """Arrange the values of one readout, shape (i, j, k)."""
        rows = self.repeats[self.repeats["readout"] == readout]
        wide = rows.pivot(index=["initialisation", "order"], columns="draw", values="value")
        i, j = (rows[name].nunique() for name in ("initialisation", "order"))
        values: Array = wide.sort_index().to_numpy(dtype=float)
        if values.shape[0] != i * j or not np.isfinite(values).all():
            raise ValueError(f"{readout} is not known of every GAN")
        return values.reshape(i, j, -1)


_SAID = {
    "initialisation": "from the first weights",
    "order": "from the order of the data and what is drawn in training",
    "interplay": "from how the two meet",
    "sampling": "from what each was measured on",
    "shared draw": "from what all were measured on",
    "seed": "from the seed (first weights and latents)",
}


def noise_of_nulls(repeats: pd.DataFrame, evaluator: str = "") -> NoiseStudy:
    """Split the noise of the nulls of a study of importance, without any further training.

    Parameters
    ----------
    repeats : DataFrame
        As `ImportanceStudy.read.repeats`: nulls of several seeds.
    evaluator : str
        The digest of the evaluator that they were measured with (`digest_of`), without which
        `compare` does not use their distances in its features.

    Returns
    -------
    NoiseStudy
        What the seed decides (first weights, latents, places of minibatches), and what the order
        of the images does at one seed. Sampling is not apart: all were measured on one draw.

    Raises
    ------
    InputError
        Fewer than two seeds of which two nulls each are left.
    """
    last = repeats[(repeats["share"] == 1) & repeats["is_null"].astype(bool)]
    renamed = last.rename(columns={"seed": "initialisation", "variant": "order"}).assign(draw=0)
    return NoiseStudy(
        balanced(renamed[COLUMNS]), NoiseDesign(is_crossed=False, evaluator=evaluator)
    )


def balanced(repeats: pd.DataFrame) -> pd.DataFrame:
    """Leave out initialisations and orders until every GAN of those that are left is there.

    GANs that have diverged have no rows. The fewest are left out, one after the other: whichever
    initialisation or order lacks the largest share.

    Raises
    ------
    InputError
        Fewer than two of each are left.
    """
    asked = without_questions(repeats)  # what D is asked about one variant is no trait of a GAN
    readouts = ~asked["readout"].isin(NOT_OF_ONE_GAN) & np.isfinite(asked["value"])
    kept = asked[readouts]
    present: Any = kept.groupby(["initialisation", "order"]).size().unstack()
    there = (present == present.max().max()) if len(kept) else present
    while there.size and not there.all(axis=None):
        lacks = {axis: 1 - there.mean(axis=axis) for axis in (0, 1)}
        axis = max(lacks, key=lambda each: float(lacks[each].max()))
        there = there.drop(lacks[axis].idxmax(), axis=1 - axis)
    if min(there.shape, default=0) < _FEWEST:
        raise InputError(
            "fewer than two seeds with two trainings each are left: no noise can be told",
            "repeats",
            "Train more of them.",
        )
    chosen = kept["initialisation"].isin(there.index) & kept["order"].isin(there.columns)
    balanced: pd.DataFrame = kept[chosen].sort_values(COLUMNS[:4], ignore_index=True)
    return balanced
