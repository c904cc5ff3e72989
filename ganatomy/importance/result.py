"""What retraining tells of every feature: the frozen result of the study of importance."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ganatomy.files import read_json, write_json
from ganatomy.importance.detectable import in_words, smallest_sizes
from ganatomy.importance.differences import SUBSET_PREFIX
from ganatomy.importance.judging import judge
from ganatomy.importance.power import agreement_in_words
from ganatomy.importance.ranking import NETWORKS
from ganatomy.importance.region_masks import RegionMasks
from ganatomy.importance.repeats import ReadOut
from ganatomy.importance.sheets import GeneratedImages, load_sheets, save_sheets
from ganatomy.importance.sizes import PRACTICAL_SIZE
from ganatomy.importance.sizes import in_words as size_in_words
from ganatomy.importance.tables import read_csv, read_parquet, write_csv, write_parquet
from ganatomy.results import validated
from ganatomy.wording import counted, listed

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
        """Say in words which features matter, most by which readout, and how firm the order is."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        ranking = self.ranking
        names, judged = ranking["variant"], ranking["max_abs_t"].notna()
        matters, found = ranking["matters"].astype(bool), ranking["stands_out"].astype(bool)
        if gone := self._lost():
            yield f"Nothing is known of {', '.join(gone)}: every GAN without it has diverged."
        if ranking.empty:
            if not gone:
                yield "No changed feature was retrained on."
            return
        if matters.any():
            verb = "matters" if matters.sum() == 1 else "matter"
            yield (
                f"{matters.sum()} of {counted(len(names), 'change')} {verb} to G or D: "
                f"{listed(names[matters].tolist())}."
            )
            yield from self._largest()
        else:
            yield f"Of {counted(len(names), 'change')} none was found to matter to G or D."
        if (small := found & ~matters).any():
            yield (
                f"Sure, but not shown to be of practical size (at least {self.practical_size:g}): "
                f"{listed(names[small].tolist())}."
            )
        if (quiet := judged & ~found).any():
            yield self._not_found(names[quiet].tolist())
        if not judged.all():
            yield (
                f"Not to be judged, as GANs retrained on unchanged data are all alike: "
                f"{listed(names[~judged].tolist())}."
            )
        correlation = self.metrics().get("split_half_rank_correlation")
        if correlation is not None:
            yield f"{agreement_in_words(correlation)}."
        if len(scores := self._scores()):
            good = scores.loc[scores["lds_low"] > 0, "readout"].tolist()
            yield (
                "The order of subsets that the regression has not seen is predicted better than by "
                f"chance in {len(good)} of {counted(len(scores), 'readout')}: {listed(good)}."
            )

    def _largest(self) -> Iterator[str]:
        """For each network the feature that matters most to it."""
        for letter in NETWORKS:
            own = self.ranking[self.ranking[f"{letter}_matters"].astype(bool)]
            if own.empty:
                yield f"No change of {letter.upper()} is both sure and of practical size."
                continue
            first = own.iloc[int(own[f"{letter}_size"].abs().to_numpy().argmax())]
            said = size_in_words(first[f"{letter}_readout"], first[f"{letter}_size"])
            yield (
                f"Most to {letter.upper()}: {first['variant']}; without it {said} (|t| = "
                f"{first[f'{letter}_abs_t']:.3g} in {first[f'{letter}_readout']})."
            )

    def _not_found(self, names: list[str]) -> str:
        least = smallest_sizes(self.detectable, names)
        seen = [
            f"{100 * least['g']:.2g} % of G's distance" if "g" in least else "",
            f"{least['d']:.2g} spreads of D's logits" if "d" in least else "",
        ]
        if not any(seen):
            return f"Not found, which does not say that they do nothing: {listed(names)}."
        return (
            f"Not found: {listed(names)}. Changes below {' and '.join(filter(None, seen))} "
            "would seldom have been seen."
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
