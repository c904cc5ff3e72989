"""Which variants are worth a training in full: the frozen result of the study of screening."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.importance.screening import Cost, Screening
from ganatomy.importance.tables import read_csv
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes
from ganatomy.wording import counted, of_all

_SURVIVORS = "survivors.json"
_SCREENING = "screening.json"
_TABLES = ("history", "repeats")
_SAVES = 1.05


@dataclass(frozen=True)
class ScreeningStudy:
    """The changed variants that are to be trained in full.

    Attributes
    ----------
    candidates : tuple of str
        All of them, by name.
    kept : tuple of str
        Survivors in the order of `candidates`, and what is never screened: random subsets, and the
        single features of an interaction that survives, which it is compared with.
    screening : Screening or None
        How it went; None where nothing was screened.
    cost : Cost or None
        Of the rungs, and of the survivors' trainings in full.

    Examples
    --------
    >>> ScreeningStudy.without(["contrast", "blur"]).verdict()
    'Nothing was screened: all 2 variants are trained in full.'
    """

    candidates: tuple[str, ...]
    kept: tuple[str, ...]
    screening: Screening | None = None
    cost: Cost | None = None

    @staticmethod
    def without(candidates: Sequence[str]) -> "ScreeningStudy":
        """Keep all variants: the result where nothing is screened."""
        return ScreeningStudy(tuple(candidates), tuple(candidates))

    def metrics(self) -> dict[str, float | int]:
        """Count candidates and those that are kept; say how many times less it costs."""
        counts: dict[str, float | int] = {
            "num_variants": len(self.candidates),
            "num_kept": len(self.kept),
        }
        return counts if self.cost is None else {**counts, "cost_factor": self.cost.factor}

    def verdict(self) -> str:
        """Say in words what is trained in full."""
        if self.cost is None:
            every = of_all(len(self.kept), len(self.candidates), "variant")
            are = "is" if len(self.kept) == 1 else "are"
            return f"Nothing was screened: {every} {are} trained in full."
        are = "is" if len(self.kept) == 1 else "are"
        names = f": {', '.join(self.kept)}" if self.kept else ""
        return (
            f"Of {counted(len(self.candidates), 'variant')} {len(self.kept)} {are} trained in "
            f"full{names}. {_saved(self.cost.factor)}."
        )

    def save(self, folder: Path) -> None:
        """Write ``survivors.json`` and, where there was screening, its tables and its cost."""
        remove_stale(folder, _SCREENING, *(f"{name}.csv" for name in _TABLES))
        write_json(
            folder / _SURVIVORS,
            {"screened": self.screening is not None, "variants": list(self.kept)},
        )
        if self.screening is None or self.cost is None:
            return
        for name in _TABLES:
            write_bytes(folder / f"{name}.csv", csv_bytes(getattr(self.screening, name)))
        write_json(
            folder / _SCREENING,
            {
                "candidates": list(self.candidates),
                "survivors": list(self.screening.survivors),
                "cost": asdict(self.cost),
            },
        )

    @staticmethod
    @validated
    def load(folder: Path) -> "ScreeningStudy":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        about = read_json(folder / _SURVIVORS)
        if not about["screened"]:
            return ScreeningStudy.without(about["variants"])
        details = read_json(folder / _SCREENING)
        num_trained = tuple(details["cost"]["num_trained"])
        screening = Screening(
            tuple(details["survivors"]),
            num_trained,
            **{name: read_csv(folder / f"{name}.csv") for name in _TABLES},
        )
        cost = Cost(**{**details["cost"], "num_trained": num_trained})
        return ScreeningStudy(
            tuple(details["candidates"]), tuple(about["variants"]), screening, cost
        )


def _saved(factor: float) -> str:
    """Say what screening saved; a saving of less than a twentieth is none to speak of."""
    if factor >= _SAVES:
        return f"Without screening it would cost {factor:.3g} times as much"
    if factor <= 1 / _SAVES:
        return f"Screening costs more than it saves: {1 / factor:.3g} times as much as without"
    return "Screening saved next to nothing"
