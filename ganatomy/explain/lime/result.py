"""What the study of LIME found: saved, loaded, in figures and in words."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ganatomy.explain.lime.baseline_check import said
from ganatomy.explain.lime.cases import LimeCase
from ganatomy.explain.lime.latent_effects import FILES as LATENT_FILES
from ganatomy.explain.lime.latent_effects import LatentEffects, plain_target
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.wording import apart, listed, opened, percent, signed

CASES = {
    "d_real": "real images",
    "d_fake": "generated images",
    "g_regions": "generated images with parts of more usual ones",
}
"""What D's logit is explained at."""

_SURROGATES, _HOW, _LEFT_OUT = "surrogates.csv", "lime.json", "left_out"


@dataclass(frozen=True, eq=False)
class LimeStudy:
    """LIME's explanations of both networks, and how well the surrogates predict.

    Attributes
    ----------
    sampling : LimeSampling
    hiding : Hiding
        Of D's logit at real and at generated images, settled; the third case has its segments.
    num_seeds : int
        Draws of samples that the stability compares.
    cases : dict of str to LimeCase
        By the keys of `CASES`, without those for which a part of the GAN is missing: the
        explanations that together say most.
    surrogates : DataFrame
        One row for each explained image, as of `cases.surrogates_table`.
    class_means : ClassMeans
        Mean magnitude of the coefficients over all images that are not refused.
    latents : LatentEffects or None
        Which coordinates of the latent move what the generator makes; None where no target was
        asked for.
    left_out : tuple of str
        What there is not, and for want of which part, as of `missing.missing`.
    """

    sampling: LimeSampling
    hiding: Hiding
    num_seeds: int
    cases: dict[str, LimeCase]
    surrogates: pd.DataFrame
    class_means: ClassMeans
    latents: LatentEffects | None
    left_out: tuple[str, ...] = ()

    def metrics(self) -> dict[str, float | int]:
        """Give the figures that the study ends in; NaN where one cannot be computed."""
        figures: dict[str, float | int] = {
            f"hidden_look_more_real/{each.baseline}": each.share for each in self.hiding.checks
        }
        for key, case in self.cases.items():
            own = self._of(key)
            figures[f"mean_r2_{key}"] = float(own["r2"].mean())
            figures[f"mean_held_out_r2_{key}"] = float(own["held_out_r2"].mean())
            figures[f"num_refused_{key}"] = int((own["refusal"] != "").sum())
            figures[f"mean_stability_{key}"] = float(case.stability.nanmean())
        if self.latents is not None:
            for name in self.latents.targets:
                figures[f"latent_held_out_r2/{name}"] = self.latents.held_out_r2(name)
        return figures

    def verdict(self) -> str:
        """Say in a few sentences what was found, and first what to beware of."""
        absent = [f"{opened(reason)}." for reason in self.left_out]
        return " ".join([*absent, *said(self.hiding), *self.sentences()])

    def sentences(self) -> list[str]:
        """Say what was found."""
        figures = self.metrics()
        sentences = list(self._of_signs())
        sentences += [sentence for key in self.cases for sentence in self._of_case(key, figures)]
        if self.latents is not None:
            sentences += _of_latents(self.latents)
        return sentences

    def positive(self, key: str) -> float:
        """Give the share of a case's images whose logit is above 0."""
        return float((self._of(key)["score"] > 0).mean())

    def share_below(self, key: str) -> float:
        """Average over a case's images what of the coefficients' magnitude lowers the logit."""
        return float(self._of(key)["share_below"].mean())

    def _of_signs(self) -> Iterator[str]:
        shares = {key: self.positive(key) for key in ("d_real", "d_fake") if key in self.cases}
        if not shares:
            return
        own = " and ".join(f"{percent(share)} of the {CASES[key]}" for key, share in shares.items())
        yield f"D's logit is above 0 for {own}."
        if max(shares.values()) == 0:
            yield "Cut at 0, D calls none of them real: what raises it makes D less sure of that."
        elif min(shares.values()) == 1:
            yield "Cut at 0, D calls all of them real: what lowers it makes D less sure of that."

    def _of_case(self, key: str, figures: dict[str, float | int]) -> Iterator[str]:
        own, fit = self._of(key), figures[f"mean_held_out_r2_{key}"]
        again = figures[f"mean_stability_{key}"]
        refused = own.loc[own["refusal"] != "", "refusal"]
        if not math.isnan(fit):
            beside = (
                ""
                if math.isnan(again)
                else f" (coefficients of other samples correlate by {again:.2f})"
            )
            yield f"At {CASES[key]} a linear surrogate {self._fits(key, fit, beside)}."
        elif len(refused) < len(own):
            yield (
                f"How well the surrogates at {CASES[key]} foretell D's logit is not known: no "
                "samples were left out of their fit."
            )
        if len(refused):
            kind = CASES[key] if len(own) != 1 else CASES[key].replace("images", "image", 1)
            have = "has" if len(refused) == 1 else "have"
            often = "" if refused.nunique() == 1 else " (most often)"
            yield (
                f"Of {len(own)} {kind} {len(refused)} {have} no explanation{often}: "
                f"{refused.mode()[0]}."
            )

    def _fits(self, key: str, fit: float, beside: str) -> str:
        """Say how it foretells; one that is no better than the mean has nothing else to tell."""
        if fit <= 0:
            return f"does not foretell D's logit (R² {signed(fit)}): its coefficients tell nothing"
        below = f"{percent(self.share_below(key))} of its coefficients' magnitude lowers the logit"
        return f"foretells D's logit with R² {apart(fit, 0)}{beside}; {below}"

    def _of(self, key: str) -> pd.DataFrame:
        own: pd.DataFrame = self.surrogates[self.surrogates["group"] == key]
        return own

    def save(self, folder: Path) -> None:
        """Write how it was made, a file of tensors for each case, class means and tables."""
        absent = (f"{key}.safetensors" for key in CASES if key not in self.cases)
        remove_stale(folder, *LATENT_FILES, *absent)
        how = {"sampling": asdict(self.sampling), "hiding": self.hiding.to_record()}
        left_out = {_LEFT_OUT: self.left_out} if self.left_out else {}
        write_json(folder / _HOW, {**how, "num_seeds": self.num_seeds, **left_out})
        for key, case in self.cases.items():
            case.save(folder / f"{key}.safetensors")
        write_bytes(folder / _SURROGATES, csv_bytes(self.surrogates))
        self.class_means.save(folder)
        if self.latents is not None:
            self.latents.save(folder)

    @staticmethod
    @validated
    def load(folder: Path) -> "LimeStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        how: dict[str, Any] = read_json(folder / _HOW)
        table = read_table(folder / _SURROGATES, ("group", "refusal")).fillna({"refusal": ""})
        refusals = {key: own["refusal"].tolist() for key, own in table.groupby("group")}
        cases = {
            key: LimeCase.load(folder / f"{key}.safetensors", refusals[key])
            for key in CASES
            if key in refusals or not how.get(_LEFT_OUT)
        }
        return LimeStudy(
            LimeSampling(**how["sampling"]),
            Hiding.of(how["hiding"]),
            how["num_seeds"],
            cases,
            table,
            ClassMeans.load(folder),
            LatentEffects.load(folder),
            tuple(how.get(_LEFT_OUT, ())),
        )


def _of_latents(latents: LatentEffects) -> Iterator[str]:
    for target in latents.targets:
        name, fit = plain_target(target), latents.held_out_r2(target)
        first, stand_out = latents.first(target)
        told = "R² not known" if math.isnan(fit) else f"R² {signed(fit)}"
        if fit <= 0:
            yield f"What moves {name} cannot be told: a linear surrogate has {told}."
        elif first and stand_out:
            yield f"{opened(name)} is moved most by {listed(first)} ({told})."
        elif first:
            yield (
                f"No latent coordinate stands out in what moves {name} ({told}): the first are "
                f"{listed(first)}, and their intervals overlap with others."
            )
        elif latents.of(target)["mean_abs"].notna().any():
            yield f"No latent coordinate moves {name}."
