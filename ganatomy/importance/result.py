"""What retraining tells of every feature: the frozen result of the study of importance."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.files import read_json, write_json
from ganatomy.importance.detectable import in_words
from ganatomy.importance.differences import SUBSET_PREFIX
from ganatomy.importance.judging import judge
from ganatomy.importance.power import agreement_in_words
from ganatomy.importance.region_masks import RegionMasks
from ganatomy.importance.repeats import ReadOut
from ganatomy.importance.sheets import GeneratedImages, load_sheets, save_sheets
from ganatomy.importance.sizes import PRACTICAL_SIZE
from ganatomy.importance.tables import read_csv, read_parquet, write_csv, write_parquet
from ganatomy.importance.telling import order_by_evaluator, what_is_open, what_matters
from ganatomy.results import validated
from ganatomy.wording import counted, listed

RETRAINED_BY = "retrained_by.json"
"""Beside the study of an adopted GAN: by whose function GANs were retrained."""
_JUDGED = "judged.json"
_TABLES = ("summary", "ranking", "interactions", "subsets", "power", "detectable", "reliance")


@dataclass(frozen=True, eq=False)
class ImportanceStudy:
    """The influence of every changed feature on G and D, and what it rests on.

    Attributes
    ----------
    read : ReadOut
        The raw repeats, the shares of classes, and who has diverged.
    summary : DataFrame
        One row per variant and readout, from `summarise`.
    ranking : DataFrame
        One row per variant, most influential first, from `rank`.
    interactions : DataFrame
        From `interactions`; empty without combinations.
    subsets : DataFrame
        From `datamodels`; empty without random subsets.
    power : DataFrame
        How far fewer seeds, half of them, and shorter trainings agree with the ranking.
    detectable : DataFrame
        The smallest effect of each readout that could have been found, from `detectable`.
    reliance : DataFrame
        What the base D relies on, from `reliance`.
    sheets : tuple of GeneratedImages
        What G makes without the most influential features; first an unchanged null's.
    regions : RegionMasks
        Where the regions lie that were changed.
    fdr : float in (0, 1)
        Share of false ones that is expected among all that stand out.
    practical_size : float
        The least size of a change that matters.

    Examples
    --------
    >>> import torch
    >>> from ganatomy.data.dataset import Dataset
    >>> from ganatomy.importance.study import StudySize, drop_feature_importance
    >>> images = torch.randint(0, 256, (200, 1, 28, 28), dtype=torch.uint8)
    >>> data = Dataset(images, torch.zeros(200, dtype=torch.int64))
    >>> tiny = StudySize(num_steps=2, width=4, num_seeds=2, num_nulls=3, evaluator_epochs=1)
    >>> study = drop_feature_importance(data, ["contrast"], size=tiny)
    >>> list(study.ranking["variant"])
    ['contrast']
    """

    read: ReadOut
    summary: pd.DataFrame
    ranking: pd.DataFrame
    interactions: pd.DataFrame
    subsets: pd.DataFrame
    power: pd.DataFrame
    detectable: pd.DataFrame
    reliance: pd.DataFrame
    sheets: tuple[GeneratedImages, ...]
    regions: RegionMasks
    fdr: float
    practical_size: float = PRACTICAL_SIZE

    def metrics(self) -> dict[str, float | int]:
        """Give how many variants stand out and matter, and how large and sure each change is.

        ``g_size/<variant>`` and ``d_size/<variant>`` are what features are ranked by,
        ``max_abs_t/<variant>`` is the largest |t| over all readouts; each where it can be judged.
        With random subsets also the `datamodelling_score` of each readout, ``lds/<readout>``.
        """
        halves = self.power.loc[self.power["kind"] == "split_half", "rank_correlation"]
        values: dict[str, float | int] = {
            "num_stand_out": int(self.ranking["stands_out"].sum()),
            "num_matter": int(self.ranking["matters"].sum()),
            "num_not_judged": int((~self.summary["judged"].astype(bool)).sum()),
            "num_diverged": len(self.read.diverged),
        }
        if len(halves) and halves.notna().all():
            values["split_half_rank_correlation"] = float(halves.iloc[0])
        for row in self.ranking.to_dict("records"):
            for name in ("max_abs_t", "g_size", "d_size"):
                if pd.notna(row[name]):
                    values[f"{name}/{row['variant']}"] = float(row[name])
        for row in self._scores().to_dict("records"):
            values[f"lds/{row['readout']}"] = float(row["lds"])
        largest = self.detectable.groupby("readout")["effect"].max().dropna()
        return values | {f"detectable/{name}": float(effect) for name, effect in largest.items()}

    def limits(self) -> str:
        """Say in words what was too small for these seeds and nulls to find."""
        read = self.read.repeats
        nulls = read.loc[read["is_null"].astype(bool), "variant"]
        return in_words(self.detectable, read["seed"].nunique(), nulls.nunique())

    def _scores(self) -> pd.DataFrame:
        """One row per readout by which the order of the subsets could be predicted."""
        rows = self.subsets.drop_duplicates("readout")
        return rows[rows["lds"].notna()]

    def verdict(self) -> str:
        """Say in words which features matter, how much and how sure, and how firm the order is."""
        said = (
            self.answer(),
            self.by_evaluator(),
            self.not_shown(),
            self.firmness(),
            self.of_subsets(),
        )
        return " ".join(filter(None, said))

    def answer(self, names: Mapping[str, str] | None = None) -> str:
        """Say which features matter to G and to D, most first.

        Parameters
        ----------
        names : mapping of str to str
            What to call variants, where not by their names.
        """
        gone = self._lost()
        said = []
        if gone:
            said.append(f"Nothing is known of {listed(gone)}: every GAN without it has diverged.")
        if len(self.ranking):
            said += what_matters(self.ranking, names or {})
        elif not gone:
            said.append("No changed feature was retrained on.")
        return " ".join(said)

    def by_evaluator(self, names: Mapping[str, str] | None = None) -> str:
        """Say in which order features matter to G by FCD alone; "" where it is the same."""
        return order_by_evaluator(self.ranking, self.summary, names or {})

    def not_shown(self, names: Mapping[str, str] | None = None) -> str:
        """Say which changes are small, were not found or cannot be judged; "" without any."""
        open_questions = what_is_open(
            self.ranking, self.detectable, self.practical_size, names or {}
        )
        return " ".join(open_questions)

    def firmness(self) -> str:
        """Say how alike the order is in halves of the seeds; "" where that cannot be told."""
        correlation = self.metrics().get("split_half_rank_correlation")
        if correlation is None or self.ranking.empty:
            return ""
        return f"{agreement_in_words(correlation)}."

    def of_subsets(self) -> str:
        """Say which readouts of random subsets could be predicted; "" without subsets."""
        scores = self._scores()
        if scores.empty:
            return ""
        good = scores.loc[scores["lds_low"] > 0, "readout"].tolist()
        return (
            "The order of subsets that the regression has not seen is predicted better than by "
            f"chance in {len(good)} of {counted(len(scores), 'readout')}: {listed(good)}."
        )

    def _lost(self) -> list[str]:
        """List the changed variants of which no GAN is left at the end of its training."""
        diverged = self.read.diverged
        own = diverged[~diverged["is_null"].astype(bool)]
        lost = own[~own["variant"].isin(self.ranking["variant"])]["variant"]
        return [name for name in lost.unique() if not name.startswith(SUBSET_PREFIX)]

    def save(self, folder: Path) -> None:
        """Write all of it into a folder."""
        write_parquet(folder / "repeats.parquet", self.read.repeats)
        write_parquet(folder / "class_shares.parquet", self.read.class_shares)
        tables = {name: getattr(self, name) for name in _TABLES}
        write_csv(folder, {**tables, "diverged": self.read.diverged})
        save_sheets(self.sheets, folder)
        self.regions.save(folder)
        write_json(folder / _JUDGED, {"fdr": self.fdr, "practical_size": self.practical_size})

    @staticmethod
    @validated
    def load(folder: Path) -> "ImportanceStudy":
        """Read what `save` wrote; `InputError` where something is missing or damaged."""
        read = ReadOut(
            read_parquet(folder / "repeats.parquet"),
            read_parquet(folder / "class_shares.parquet"),
            read_csv(folder / "diverged.csv"),
        )
        judged = read_json(folder / _JUDGED)
        older = "practical_size" not in judged  # ranked by |t|: judged anew from the same repeats
        tables = judge(read.repeats, judged["fdr"]) if older else {}
        tables |= {name: read_csv(folder / f"{name}.csv") for name in _TABLES if name not in tables}
        return ImportanceStudy(
            read,
            **tables,
            sheets=load_sheets(folder),
            regions=RegionMasks.load(folder),
            fdr=judged["fdr"],
            practical_size=judged.get("practical_size", PRACTICAL_SIZE),
        )
