"""What the tests of explanations found: saved, loaded, in figures and in words."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from ganatomy.errors import REMAKE, InputError
from ganatomy.explain.faithfulness.judged import Refusal
from ganatomy.explain.faithfulness.region_comparison import FILES as REGION_FILES
from ganatomy.explain.faithfulness.region_comparison import RegionComparison
from ganatomy.explain.faithfulness.shown import FILE as SHOWN_FILE
from ganatomy.explain.faithfulness.shown import ShownImages
from ganatomy.explain.faithfulness.verdict import FAIL, MISSING, QUESTIONS
from ganatomy.explain.lime.baseline_check import said
from ganatomy.explain.lime.settings import Hiding
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import listed, of_all, opened

_TEXT = (
    *("method", "measure", "against", "layer", "line", "kind"),
    *("faithful", "stable", "sane", "why", "refused"),
)
_MAY_BE_EMPTY = {"against": "", "why": "", "refused": ""}
_SCORES, _MAPS, _HIDING = "scores.parquet", "maps.safetensors", "hiding.json"
_NETWORKS = ("d", "g")


@dataclass(frozen=True, eq=False)
class FaithfulnessStudy:
    """The verdict on each kind of map, whether true, stable and sane, and on their agreement.

    Attributes
    ----------
    verdicts : DataFrame
        As of `verdict.trust`, and what was refused in words (``refused``).
    measures, curves, scores : DataFrame
        As of `examination.Examination`, of both networks.
    randomised : dict of str to DataFrame
        By network, ``d`` and ``g``: as of `randomisation.randomisation`. No ``g`` where no layer
        of G has maps, or no G was given.
    regions : RegionComparison or None
        None where nothing was retrained.
    planted : DataFrame
        As of `planted.planted_truth`.
    rules : dict of str to str
        How the verdicts were reached, in words.
    refusals : tuple of dict
        As of `judged.JudgedMaps`.
    maps : dict of str to Tensor of shape (n, h, w), float32
        What was judged, by method: of D at the real and then at the generated images, of G at the
        generated ones. NaN where a map means nothing.
    hiding : Hiding
        What hides in LIME, occlusion, integrated gradients and the removal tests, settled.
    shown : ShownImages or None
        Some of the images, for pictures of their maps; None in results of older versions.
    """

    verdicts: pd.DataFrame
    measures: pd.DataFrame
    curves: pd.DataFrame
    scores: pd.DataFrame
    randomised: dict[str, pd.DataFrame]
    regions: RegionComparison | None
    planted: pd.DataFrame
    rules: dict[str, str]
    refusals: tuple[Refusal, ...]
    maps: dict[str, torch.Tensor]
    hiding: Hiding
    shown: ShownImages | None = None

    @property
    def trusted(self) -> list[str]:
        """The methods that passed every test."""
        return list(self.verdicts.loc[self.verdicts["trusted"], "method"])

    @property
    def sentences(self) -> list[str]:
        """Sentences on what the methods disagree on, the largest disagreement first."""
        return [] if self.regions is None else self.regions.agreement.sentences

    def metrics(self) -> dict[str, float | int]:
        """Give the figures that the study ends in; NaN where one cannot be computed."""
        figures: dict[str, float | int] = {
            "num_methods": len(self.verdicts),
            "num_trusted": len(self.trusted),
        }
        own = self.scores[self.scores["control"] == ""]
        for (measure, method), group in own.groupby(["measure", "method"]):
            if group["value"].notna().any():
                figures[f"{measure}/{method}"] = float(group["value"].mean())
        if self.regions is not None:
            figures["num_disputed_regions"] = len(self.regions.agreement.disputed)
        return figures

    def verdict(self) -> str:
        """Say in a few sentences what can be trusted."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        names = f": {listed(self.trusted)}" if self.trusted else ""
        every = of_all(len(self.trusted), len(self.verdicts), "kind")
        yield f"{opened(every)} of map can be trusted{names}."
        if open_ := self._not_settled():
            yield f"Not all that was asked could be measured of {listed(open_)}: that is no pass."
        refused = {row["method"] for row in self.refusals}
        if refused:
            kinds = "1 kind" if len(refused) == 1 else f"{len(refused)} kinds"
            yield f"Maps of {kinds} mean nothing in some images or in all; the reasons are told."
        yield from said(self.hiding)
        yield from self.sentences[:1]

    def _not_settled(self) -> list[str]:
        """List the methods that failed nothing, but of which something was not measured."""
        asked = self.verdicts.reindex(columns=list(QUESTIONS))
        is_open = (asked == MISSING).any(axis=1) & ~(asked == FAIL).any(axis=1)
        return list(self.verdicts.loc[is_open, "method"])

    def save(self, folder: Path) -> None:
        """Write tables, tensors and the rules into a folder."""
        cascades = (_cascade_of(network) for network in _NETWORKS)
        remove_stale(folder, *cascades, *REGION_FILES, SHOWN_FILE)
        tables = {"measures": self.measures, "trust": self.verdicts, "removal": self.curves}
        tables = {f"{name}.csv": table for name, table in tables.items()}
        tables |= {_cascade_of(network): each for network, each in self.randomised.items()}
        for name, table in {**tables, "planted.csv": self.planted}.items():
            write_bytes(folder / name, csv_bytes(table))
        buffer = io.BytesIO()
        self.scores.to_parquet(buffer, index=False)
        write_bytes(folder / _SCORES, buffer.getvalue())
        write_json(folder / "rules.json", self.rules)
        write_json(folder / "refusals.json", list(self.refusals))
        write_json(folder / _HIDING, self.hiding.to_record())
        if self.regions is not None:
            self.regions.save(folder)
        write_tensors(folder / _MAPS, self.maps)
        if self.shown is not None:
            self.shown.save(folder)

    @staticmethod
    @validated
    def load(folder: Path) -> "FaithfulnessStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        cascades = {network: folder / _cascade_of(network) for network in _NETWORKS}
        return FaithfulnessStudy(
            _table(folder / "trust.csv"),
            _table(folder / "measures.csv"),
            _table(folder / "removal.csv"),
            _scores(folder / _SCORES),
            {name: _table(path) for name, path in cascades.items() if path.exists()},
            RegionComparison.load(folder),
            _table(folder / "planted.csv"),
            read_json(folder / "rules.json"),
            tuple(read_json(folder / "refusals.json")),
            read_tensors(folder / _MAPS),
            Hiding.of(read_json(folder / _HIDING)),
            ShownImages.load(folder),
        )


def _cascade_of(network: str) -> str:
    return f"randomisation_{network}.csv"


def _table(path: Path) -> pd.DataFrame:
    table = read_table(path, _TEXT)
    return table.fillna({name: "" for name in _MAY_BE_EMPTY if name in table})


def _scores(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"not a readable table ({error})", str(path), REMAKE) from None
