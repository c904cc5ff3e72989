"""Whether generated images are any good, and whether they repeat training images: the result."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.metrics.evaluator_skill import EvaluatorSkill
from ganatomy.metrics.sentences import on_copies
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import apart, counted, of_all

Record = dict[str, Any]
_PICTURES = "pictures.safetensors"
_INCEPTION = "inception.json"
_EVALUATOR = "evaluator.json"
_FEATURES = "features.json"
EVALUATOR, RANDOM = "evaluator", "random"
"""The networks in whose features distances are measured."""
_INTERVAL = ("low", "high", "floor", "expected")


@dataclass(frozen=True, eq=False)
class EvaluationStudy:
    """The result of `evaluate`, as plain values.

    Attributes
    ----------
    fidelity : DataFrame
        One row for each metric, as of `records.fidelity_table`.
    memorisation, generalisation, classes : dict
        As of the functions of `records`; `generalisation` is empty where there was no D.
    suspects : DataFrame
        Columns rank, fake, space, nearest, ratio; the worst first.
    shown : Tensor of shape (n, c, s, s), uint8
        The first generated images.
    suspicious : dict of str to Tensor of shape (k, c, s, s), uint8
        The suspects under ``fake``, and the nearest training image of each under its space.
    inception_sha256 : str
        Of the file of Inception weights, "" without one.
    skill : EvaluatorSkill or None
        Of the evaluator in whose features this was measured; None where it is not known.
    features : str in {"evaluator", "random"}
        Whose features they are. In random ones images were compared that were given, of which it
        is not known whether the GAN was trained on them: see `given.evaluate_given`.
    """

    fidelity: pd.DataFrame
    memorisation: Record
    generalisation: Record
    classes: Record
    suspects: pd.DataFrame
    shown: torch.Tensor
    suspicious: dict[str, torch.Tensor]
    inception_sha256: str = ""
    skill: EvaluatorSkill | None = None
    features: str = EVALUATOR

    def save(self, folder: Path) -> None:
        """Write the tables, the records and the pictures."""
        remove_stale(folder, _INCEPTION, _EVALUATOR, _FEATURES)
        write_bytes(folder / "fidelity.csv", csv_bytes(self.fidelity))
        write_bytes(folder / "suspects.csv", csv_bytes(self.suspects))
        for name in ("memorisation", "generalisation", "classes"):
            write_json(folder / f"{name}.json", getattr(self, name))
        pictures = {f"suspicious/{name}": images for name, images in self.suspicious.items()}
        write_tensors(folder / _PICTURES, {"shown": self.shown, **pictures})
        if self.inception_sha256:
            write_json(folder / _INCEPTION, {"sha256": self.inception_sha256})
        if self.skill is not None:
            write_json(folder / _EVALUATOR, asdict(self.skill))
        if self.features != EVALUATOR:
            write_json(folder / _FEATURES, {"features": self.features})

    @staticmethod
    @validated
    def load(folder: Path) -> "EvaluationStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        pictures = read_tensors(folder / _PICTURES)
        shown = pictures.pop("shown")
        inception, evaluator = folder / _INCEPTION, folder / _EVALUATOR
        features = folder / _FEATURES
        return EvaluationStudy(
            read_table(folder / "fidelity.csv", ("name", "better")),
            read_json(folder / "memorisation.json"),
            read_json(folder / "generalisation.json"),
            read_json(folder / "classes.json"),
            read_table(folder / "suspects.csv", ("space",)),
            shown,
            {name.removeprefix("suspicious/"): images for name, images in pictures.items()},
            read_json(inception)["sha256"] if inception.exists() else "",
            EvaluatorSkill(**read_json(evaluator)) if evaluator.exists() else None,
            read_json(features)["features"] if features.exists() else EVALUATOR,
        )

    @property
    def of_given_images(self) -> bool:
        """Say whether it is not known which of the images the GAN was trained on."""
        return self.features == RANDOM

    @property
    def is_measured(self) -> bool:
        """Say whether there are figures in the evaluator's features: not where it guesses."""
        return self.skill is None or self.skill.is_enough

    @property
    def unmeasured(self) -> str:
        """Say why there are no figures in the evaluator's features, "" where there are."""
        return "" if self.skill is None or self.is_measured else self.skill.in_words()

    @property
    def num_compared(self) -> int:
        """Number of generated images that the distances in the evaluator's features compare."""
        return int(self.fidelity["count"].iloc[0])

    def metrics(self) -> dict[str, float]:
        """Return every figure that was measured and is worth comparing between runs, flat."""
        figures: dict[str, float] = {}
        for row in self.fidelity.dropna(subset="value").to_dict("records"):
            figures[f"{row['name']}@{row['count']}"] = row["value"]
            for kind in ("low", "high", "floor"):
                figures[f"{row['name']}_{kind}@{row['count']}"] = row[kind]
        if not self.memorisation["cannot_tell"]:  # neither 0 nor 1 would be true
            figures["copies_found"] = int(self.memorisation["copies_found"])
        figures["held_out_in_training"] = self.memorisation["num_in_training"]
        for space, evidence in self.memorisation["spaces"].items():
            for measure, name in (
                ("copies", "copies_share"),
                ("c_t", "c_t"),
                ("authenticity", "authenticity"),
            ):
                figures |= _flat(f"{name}_{space}", evidence[measure])
        return figures | _of_discriminator(self.generalisation) | _of_classes(self.classes)

    def warnings(self) -> list[str]:
        """Return what is wrong with the generator, or with what it was judged by, in words."""
        memorisation, missing = self.memorisation, self.classes["missing"]
        said = []
        if self.unmeasured:
            said.append(f"{self.unmeasured}: nothing is measured in its features")
        if memorisation["copies_found"]:
            said.append(f"the generator repeats training images: {memorisation['reason']}")
        elif memorisation["cannot_tell"]:
            said.append(f"whether the generator copies cannot be told: {memorisation['reason']}")
        if memorisation["num_in_training"]:
            said.append(
                f"held-out images that are also in training: {memorisation['num_in_training']} of "
                f"{memorisation['num_held_out']}"
            )
        if missing:
            said.append(f"classes that G does not make: {', '.join(missing)}")
        return said

    def _distance(self) -> str:
        if self.unmeasured:
            return f"How good the images are is not measured: {self.unmeasured}."
        fcd = self.fidelity.iloc[0]
        return (
            f"Of {counted(self.num_compared, 'generated image')} the distance to held-out ones "
            f"({fcd['name']}) is {fcd['value']:.3g} ({fcd['low']:.3g} to {fcd['high']:.3g}); real "
            f"images have {fcd['floor']:.3g}."
        )

    def verdict(self) -> str:
        """Say in a few sentences how good and how original the images are."""
        gap = self.generalisation
        said = [
            self._distance(),
            f"Copies of training images: {on_copies(self.memorisation)}.",
        ]
        if self.classes["names"]:
            found = of_all(self.classes["num_found"], self.classes["num_modes"], "class", "classes")
            rest = [
                f"; {what}: {', '.join(self.classes[key])}"
                for key, what in (("missing", "missing"), ("unsettled", "too few to tell"))
                if self.classes[key]
            ]
            said.append(f"G makes {found}{''.join(rest)}.")
        if gap:
            said.append(f"{_of_heart(gap)}.")
        if shared := self.memorisation["num_in_training"]:
            total = self.memorisation["num_held_out"]
            said.append(
                f"But {of_all(shared, total, 'held-out image')} {_are(shared)} also in training."
            )
        return " ".join(said)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _of_heart(gap: Record) -> str:
    """Whether D knows its training images: what is not seen is told with what could have been."""
    interval = f"{apart(gap['auc_low'], 0.5, 3)} to {apart(gap['auc_high'], 0.5, 3)}"
    level = f"AUC {apart(gap['auc'], 0.5, 3)}, {interval}"
    if gap["over_fits"]:
        return f"D knows its training images ({level})"
    return f"D is not seen to know its training images ({level})"


def _of_discriminator(gap: Record) -> dict[str, float]:
    if not gap:
        return {}
    auc = {"value": gap["auc"], "low": gap["auc_low"], "high": gap["auc_high"]}
    return {
        "d_gap": gap["gap"],
        "d_gap_sd": gap["gap_sd"],
        **_flat("d_gap_auc", auc),
        **{f"d_accuracy_{name}": gap[f"{name}_accuracy"] for name in ("train", "held_out", "fake")},
    }


def _of_classes(classes: Record) -> dict[str, float]:
    if not classes["names"]:
        return {}
    return {
        "classes_found": classes["num_found"],
        "classes_missing": len(classes["missing"]),
        "classes_unsettled": len(classes["unsettled"]),
        **_flat("js_divergence", classes["jensen_shannon"]),
        **_flat("total_variation", classes["total_variation"]),
    }


def _flat(name: str, record: Record) -> dict[str, float]:
    """The value under the name itself; its interval and floor under names made from it."""
    kept = {kind: record[kind] for kind in _INTERVAL if kind in record}
    return {name: record["value"], **{f"{name}_{kind}": value for kind, value in kept.items()}}
