"""What each group of training images does to a GAN: the frozen result."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.errors import InputError
from ganatomy.importance.readouts import READOUTS
from ganatomy.importance.tables import read_csv, write_csv
from ganatomy.results import validated
from ganatomy.wording import counted, listed

# which way a generator gets worse: a distance rises, a share of good images falls
_WORSE = {
    **dict.fromkeys(("g_fcd", "g_frd", "g_fld", "g_kcd", "g_krd", "g_class_shift"), 1),
    **dict.fromkeys(("g_precision", "g_recall", "g_coverage"), -1),
}


@dataclass(frozen=True, eq=False)
class GroupInfluence:
    """The predicted influence of each group of training images.

    Attributes
    ----------
    table : DataFrame
        One row per group and readout: group (its number), and the columns of `datamodels`. The
        coefficient is what leaving the group out adds to the readout.
    repeats : DataFrame
        What was read out of every GAN, as `read_out` gives it.
    """

    table: pd.DataFrame
    repeats: pd.DataFrame

    def harm(self, readout: str = "g_fcd") -> pd.DataFrame:
        """Rank the groups, the most harmful first, by one readout of G.

        Returns
        -------
        DataFrame
            group, harm (what having the group worsens the readout by), low and high (95 %), q,
            stands_out.

        Raises
        ------
        InputError
            A readout of which it is not said which way is worse, or that was not taken.
        """
        if readout not in _WORSE or readout not in set(self.table["readout"]):
            raise InputError(
                f"no harm is known by {readout!r}", "readout", f"Use one of {', '.join(_WORSE)}."
            )
        rows = self.table[self.table["readout"] == readout]
        sign = -_WORSE[readout]
        first, second = ("low", "high") if sign > 0 else ("high", "low")
        ranked = pd.DataFrame(
            {
                "group": rows["group"],
                "harm": sign * rows["coefficient"],
                "low": sign * rows[first],
                "high": sign * rows[second],
                "q": rows["q"],
                "stands_out": rows["stands_out"],
            }
        )
        return ranked.sort_values("harm", ascending=False, kind="stable", ignore_index=True)

    def worst(self, count: int, readout: str = "g_fcd") -> list[int]:
        """Give the groups that harm most, as candidates for removal."""
        return self.harm(readout)["group"].head(count).tolist()

    def metrics(self) -> dict[str, float | int]:
        """Count the groups that stand out as harmful and as useful by g_fcd; give its score."""
        ranked = self.harm()
        out = ranked[ranked["stands_out"].astype(bool)]
        return {
            "num_groups": len(ranked),
            "num_harmful": int((out["harm"] > 0).sum()),
            "num_useful": int((out["harm"] < 0).sum()),
            "lds": float(self.table.loc[self.table["readout"] == "g_fcd", "lds"].iloc[0]),
        }

    def verdict(self) -> str:
        """Say which groups harm, and whether the prediction holds for subsets not seen."""
        ranked = self.harm()
        out = ranked[ranked["stands_out"].astype(bool)]
        found = [
            f"{side} without {_groups(rows)}"
            for side, rows in (("better", out[out["harm"] > 0]), ("worse", out[out["harm"] < 0]))
            if len(rows)
        ]
        said = f"By the {READOUTS['g_fcd'].meaning}, G " + (
            f"comes out {' and '.join(found)}."
            if found
            else f"is not seen to change without any of {counted(len(ranked), 'group')}."
        )
        first = self.table[self.table["readout"] == "g_fcd"].iloc[0]
        if pd.isna(first["lds"]):
            return f"{said} Too few subsets to say whether it holds for others."
        return (
            f"{said} Subsets of groups that were not used are put into their order with a rank "
            f"correlation of {first['lds']:.2f} ({first['lds_low']:.2f} to "
            f"{first['lds_high']:.2f}); {_ceiling(first['lds_ceiling'])}."
        )

    def save(self, folder: Path) -> None:
        """Write the tables into a folder."""
        write_csv(folder, {"groups": self.table, "repeats": self.repeats})

    @staticmethod
    @validated
    def load(folder: Path) -> "GroupInfluence":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        return GroupInfluence(read_csv(folder / "groups.csv"), read_csv(folder / "repeats.csv"))


def _ceiling(reached: float) -> str:
    if not reached > 0:
        return "how far noise limits this cannot be told from these seeds"
    return f"a perfect prediction would reach about {reached:.2f}"


def _groups(rows: pd.DataFrame) -> str:
    return f"group{'s' * (len(rows) != 1)} {listed([str(group) for group in rows['group']])}"
