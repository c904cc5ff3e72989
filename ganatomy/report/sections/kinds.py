"""Kinds of map: their plain names, and which of them passed every test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ganatomy.explain.faithfulness.shown import ShownImages, Sizes
from ganatomy.explain.faithfulness.verdict import FAIL, QUESTIONS
from ganatomy.explain.maps.which import WhichMap
from ganatomy.report.glossary import kind_name, layer_name
from ganatomy.tables import read_table

NOT_TESTED = "it was not put to the tests"
_FILE = "trust.csv"
_TEXT = ("method", *QUESTIONS, "why", "refused")


@dataclass(frozen=True, eq=False)
class Kinds:
    """The kinds of map that were tested.

    Attributes
    ----------
    verdicts : DataFrame
        As of `FaithfulnessStudy`; without rows where nothing was tested.
    sizes : dict
        As of `ShownImages`.
    layers : dict of str to sequence of str
        By network its convolutions in their order, where their sizes are not known.
    """

    verdicts: pd.DataFrame
    sizes: Sizes
    layers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @staticmethod
    def beside(reports: Path) -> "Kinds":
        """Read what the tests have left in the folder of the stages' folders, if they have."""
        folder = reports / "faithfulness"
        if not (folder / _FILE).exists():
            return Kinds(pd.DataFrame(columns=[*_TEXT, "trusted"]), {})
        shown = ShownImages.load(folder)
        table = read_table(folder / _FILE, _TEXT).fillna({"why": "", "refused": ""})
        return Kinds(table, {} if shown is None else shown.sizes)

    def name(self, kind: str) -> str:
        """Name a kind as tables do, with the size of its layer's maps.

        Examples
        --------
        >>> kinds = Kinds(pd.DataFrame(), {"D": {"layers.0": (14, 14)}})
        >>> kinds.name("gradcam layers.0").replace("\N{NO-BREAK SPACE}", " ")
        'Grad-CAM, 1st convolution, 14 × 14'
        """
        _, _, layer = kind.partition(" ")
        network, layer = ("G", layer[2:]) if layer.startswith("G ") else ("D", layer)
        name, size = self.short(kind), self.sizes.get(network, {}).get(layer)
        return name if size is None else f"{name}, {_by(size)}"

    def short(self, kind: str) -> str:
        """Name a kind without the size of its layer's maps."""
        return kind_name(kind, {each: self._layers(each) for each in ("D", "G")})

    def layer(self, network: str, layer: str) -> str:
        """Name a layer of D or G, with the size of its maps where it is known."""
        name, size = self.short_layer(network, layer), self.sizes.get(network, {}).get(layer)
        return name if size is None else f"{name}, {_by(size)}"

    def short_layer(self, network: str, layer: str) -> str:
        """Name a layer of D or G."""
        return layer_name(layer, self._layers(network))

    def _layers(self, network: str) -> list[str]:
        return [*(self.sizes.get(network) or self.layers.get(network, ()))]

    def stamp(self, kind: str) -> str:
        """Say why a kind is not to be relied on; "" where it passed every test."""
        own = self.verdicts[self.verdicts["method"] == kind]
        if own.empty:
            return NOT_TESTED
        row = own.iloc[0]
        return "" if bool(row["trusted"]) else str(row["why"] or "not measured")

    def failed(self, kind: str) -> bool:
        """Say whether a kind was tested and failed, and not only not measured."""
        own = self.verdicts[self.verdicts["method"] == kind]
        return bool((own[[*QUESTIONS]] == FAIL).any(axis=None))


def _by(size: tuple[int, int]) -> str:
    """Write a size that no line breaks apart."""
    return f"{size[0]}\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}{size[1]}"


def kind_of(which: WhichMap) -> str:
    """Give the name that the tests have for a map.

    Examples
    --------
    >>> kind_of(WhichMap("gradcam", "G", "layers.0"))
    'gradcam G layers.0'
    """
    within = "G " if which.network == "G" else ""
    return f"{which.method} {within}{which.layer}"
