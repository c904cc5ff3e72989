"""A GAN beside the last champion: the comparison, and what the champion may have seen."""

from dataclasses import dataclass
from pathlib import Path

from ganatomy.files import read_json, write_json
from ganatomy.importance.comparison import Comparison

THIS, CHAMPION = "this run", "the champion"
FOLDER = "champion"
_ABOUT = "champion.json"


@dataclass(frozen=True, eq=False)
class BesideChampion:
    """The two on the same latents, held-out images and evaluator.

    Attributes
    ----------
    comparison : Comparison or None
        Of `CHAMPION` and `THIS`, by these names; None where both are the same to the byte.
    same_data : bool
        Both were trained on the same images. Else the champion may have seen those that both are
        measured on.
    """

    comparison: Comparison | None
    same_data: bool

    def save(self, folder: Path) -> None:
        """Write both into a folder."""
        if self.comparison is not None:
            self.comparison.save(folder)
        is_itself = self.comparison is None
        write_json(folder / _ABOUT, {"same_data": self.same_data, "is_itself": is_itself})

    @staticmethod
    def load(folder: Path) -> "BesideChampion":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / _ABOUT)
        comparison = None if about["is_itself"] else Comparison.load(folder)
        return BesideChampion(comparison, about["same_data"])
