"""Is the difference of two GANs real: the frozen result of the comparison, and its words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
import torch

from ganatomy.files import read_json, write_json
from ganatomy.importance.noise import HEADLINES
from ganatomy.importance.tables import read_csv, write_csv
from ganatomy.results import validated
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, listed, pair

LOWER_IS_BETTER = ("g_fcd", "g_frd", "g_fld", "g_kcd", "g_krd", "g_class_shift")
HIGHER_IS_BETTER = ("g_precision", "g_recall", "g_coverage")
COLUMNS = [
    *("readout", "a", "b", "difference", "low", "high", "sampling_p", "sampling_q"),
    *("band", "noise_p", "noise_q", "level_of_noise"),
]
ALPHA = 0.05
_ABOUT = "comparison.json"
_FAR = 2.0  # times the level at which noise was measured


@dataclass(frozen=True)
class ComparisonFacts:
    """The terms of a comparison: what was compared with what.

    Attributes
    ----------
    name_a, name_b : str
    count : int
        Images of each kind.
    has_reals : bool
    is_paired : bool
        Images of A and B have the same latents.
    kernel_p : float
        Chance that images of one distribution are as far apart as those of A and B.
    noise_from : str
        Where the noise of retraining was measured; "" where it is not known.
    guessing : str
        How little the evaluator knows, where it is no better than a guess; else "".
    """

    name_a: str
    name_b: str
    count: int
    has_reals: bool
    is_paired: bool
    kernel_p: float
    noise_from: str = ""
    guessing: str = ""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two GANs, or folders of generated images, readout by readout, against noise.

    Attributes
    ----------
    table : DataFrame
        A row for each readout: a, b, difference (b - a), low and high (95 %, from sampling alone),
        sampling_p (would other images and latents of equal GANs differ so much?), band (what the
        difference of two trainings of one kind stays below in 95 of 100 cases), noise_p (would two
        trainings of one kind differ so much?), level_of_noise (the mean of the readout where that
        noise was measured). Columns ending in _q are adjusted by Benjamini-Hochberg over the
        readouts. NaN where noise is not known.
    facts : ComparisonFacts
    samples_a, samples_b : Tensor of shape (k, c, s, s), uint8
        To look at.

    Examples
    --------
    >>> columns = ["readout", "difference", "sampling_q", "noise_p", "noise_q"]
    >>> table = pd.DataFrame([["g_fcd", 0.7, 0.01, 0.4, 0.4]], columns=columns)
    >>> facts = ComparisonFacts("A", "B", 500, True, False, 0.03)
    >>> comparison = Comparison(table, facts, torch.zeros(0), torch.zeros(0))
    >>> len(comparison.found())  # other images would not differ so, but other trainings do
    0
    """

    table: pd.DataFrame
    facts: ComparisonFacts
    samples_a: torch.Tensor
    samples_b: torch.Tensor

    def knows_noise(self) -> bool:
        """Say whether any readout was judged by the noise of retraining."""
        return bool(self.table["noise_p"].notna().any())

    def found(self) -> pd.DataFrame:
        """Return the rows that differ by more than the widest noise that is known of them."""
        told = "noise_q" if self.knows_noise() else "sampling_q"
        return self.table[self.table[told] <= ALPHA]

    def metrics(self) -> dict[str, float | int]:
        """Give the difference in each readout, and how many are more than noise."""
        values: dict[str, float | int] = {
            f"difference/{row['readout']}": float(row["difference"])
            for row in self.table.to_dict("records")
        }
        return values | {"num_found": len(self.found()), "kernel_p": self.facts.kernel_p}

    def verdict(self) -> str:
        """Say whether the difference is real, which is closer to the data, and by how much."""
        return " ".join(self.sentences())

    def sentences(self) -> Iterator[str]:
        """Say it: the finding, the headline's figures, and what is not known."""
        yield from self._finding() if len(self.table) else self._by_images_alone()
        yield from self._cautions()

    def _finding(self) -> Iterator[str]:
        a, b, found = self.facts.name_a, self.facts.name_b, self.found()
        names = {
            winner: [name for name in found["readout"] if self.closer(name) == winner]
            for winner in (a, b)
        }
        others = [name for name in found["readout"] if self.closer(name) is None]
        if names[a] and names[b]:
            yield (
                f"{a} is closer to the data in {_listed(names[a])}, {b} in {_listed(names[b])}: "
                f"{self._headline(found)}."
            )
        elif names[a] or names[b]:
            winner, loser = (a, b) if names[a] else (b, a)
            yield f"{winner} is closer to the data than {loser}: {self._headline(found)}."
        else:
            yield f"Which of {a} and {b} is closer to the data cannot be told: {self._headline()}."
        if others:
            yield f"They differ in {_listed(others)}."
        if found.empty and self.facts.kernel_p <= ALPHA:
            yield f"Their images do differ (kernel test, p = {self.facts.kernel_p:.2g})."

    def _by_images_alone(self) -> Iterator[str]:
        a, b, p = self.facts.name_a, self.facts.name_b, self.facts.kernel_p
        if p <= ALPHA:
            yield f"The images of {a} and {b} differ (kernel test, p = {p:.2g})."
        else:
            yield (
                f"The images of {a} and {b} cannot be told apart by {self.facts.count:,} of each "
                f"(kernel test, p = {p:.2g})."
            )
        yield "Which is closer to the data is not known: no real images were given."

    def _headline(self, found: pd.DataFrame | None = None) -> str:
        """The figures of the first readout that users quote, of those that were found."""
        rows = self.table if found is None or found.empty else found
        sided = rows[[self.closer(name) is not None for name in rows["readout"]]]
        rows = rows if sided.empty else sided
        quoted = [name for name in HEADLINES if name in set(rows["readout"])]
        name = quoted[0] if quoted else str(rows["readout"].iloc[0])
        row = rows[rows["readout"] == name].iloc[0]
        first, second = pair(row["a"], row["b"])
        said = HEADLINES.get(name, name)
        if self.closer(name) == self.facts.name_b and found is not None:
            words = f"{said} {second} against {first}"
        else:
            words = f"{said} {first} against {second}"
        many = f"not surely so among {counted(len(self.table), 'figure')}"
        if pd.notna(row["band"]):
            if found is None and abs(row["difference"]) > row["band"]:
                beyond = f"beyond what two trainings differ by ({row['band']:.2g})"
                return f"{words}; that is {beyond}, but {many}"
            return f"{words}; a difference below {row['band']:.2g} between two trainings is noise"
        words += f"; the difference is {row['low']:.2g} to {row['high']:.2g} by sampling alone"
        is_clear = row["low"] > 0 or row["high"] < 0
        return f"{words}, but {many}" if found is None and is_clear else words

    def _cautions(self) -> Iterator[str]:
        if not len(self.table):
            return
        if self.facts.guessing:
            yield (f"Distances in the evaluator's features say little: {self.facts.guessing}.")
        if not self.knows_noise():
            yield (
                "Only sampling noise is known: how far another training of either would move is "
                "not."
            )
            return
        yield f"The noise of retraining is that of {self.facts.noise_from}."
        levels = self.table[self.table["readout"].isin([*LOWER_IS_BETTER, *HIGHER_IS_BETTER])]
        own = levels[["a", "b"]].mean(axis=1)
        times = (levels["level_of_noise"] / own).where(own > 0)
        far = levels[(times > _FAR) | (times < 1 / _FAR)]
        for row in far[far["readout"].isin(list(HEADLINES))].to_dict("records"):
            said = HEADLINES[str(row["readout"])]
            yield (
                f"It was measured on GANs whose {said} is {row['level_of_noise']:.3g} on average, "
                "not on ones like these: take it as rough."
            )
            break

    def closer(self, readout: str) -> str | None:
        """Name the one that is closer to the data in a readout; None where neither is."""
        row = self.table[self.table["readout"] == readout].iloc[0]
        if readout in LOWER_IS_BETTER:
            return self.facts.name_b if row["difference"] < 0 else self.facts.name_a
        if readout in HIGHER_IS_BETTER:
            return self.facts.name_b if row["difference"] > 0 else self.facts.name_a
        return None

    def save(self, folder: Path) -> None:
        """Write table, facts and samples into a folder."""
        write_csv(folder, {"comparison": self.table})
        write_json(folder / _ABOUT, asdict(self.facts))
        samples = {"a": self.samples_a, "b": self.samples_b}
        write_tensors(folder / "samples.safetensors", samples)

    @staticmethod
    @validated
    def load(folder: Path) -> "Comparison":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        facts = ComparisonFacts(**read_json(folder / _ABOUT))
        samples = read_tensors(folder / "samples.safetensors")
        table = read_csv(folder / "comparison.csv")
        numbers = [name for name in COLUMNS if name != "readout"]
        table[numbers] = table[numbers].astype(float)  # columns without any number
        return Comparison(table, facts, samples["a"], samples["b"])


def _listed(readouts: list[str]) -> str:
    return listed([HEADLINES.get(name, name) for name in readouts])
