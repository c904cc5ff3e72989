"""Whether a discriminator is in order: the result."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.metrics.discriminator.findings import RULES, HealthFinding
from ganatomy.metrics.discriminator.given import HELD_OUT
from ganatomy.results import validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import apart, opened, percent

Record = dict[str, Any]
_TABLES = ("forwards", "unreal", "harmless", "feeds")
_TEXT = ("mode", "kind", "change")
_PICTURES = "logits.safetensors"


@dataclass(frozen=True, eq=False)
class DiscriminatorHealth:
    """The result of `examine_discriminator`, as plain values.

    Attributes
    ----------
    record : dict
        Single figures: ``held_out`` and ``train`` (`Separation` of these reals from fakes),
        ``boundary``, ``batch_trained``, ``batch_explained``, ``saturation``, ``has_level``,
        ``has_sigmoid``, ``num_reference``, ``num_images``, ``sd``; None for what was not asked.
        Where images are missing also ``left_out`` (what is not asked and why), ``unasked`` (the
        rules), and ``reals`` ("given") where it is not known which it was trained on.
    forwards : DataFrame
        A row for each ``mode``: "trained" (batches of one kind in train mode), "saved" (eval mode
        as it is) and, where they were fixed, "explained" (fixed statistics). Mean logits and their
        shares on the right side of 0, AUC with its interval, ``noise`` and ``blur`` (probability
        that such an image ranks above a held-out one), Spearman's correlation with "trained" within
        reals and within fakes.
    unreal : DataFrame
        A row for each kind of image that is no data: mean logit, AUC against held-out reals.
    harmless : DataFrame
        A row for each change that should not matter: AUC of changed held-out reals against fakes,
        ``moved`` (mean change of their logit, in standard deviations of the logits).
    feeds : DataFrame
        A row for each other way to give images: AUC and its gain, balanced accuracy at 0.
    findings : tuple of HealthFinding
    logits : dict of str to Tensor of shape (n,)
        As explained: ``train``, ``held_out``, ``fakes`` and the kinds that are no data, as far as
        they were given.
    examples : dict of str to Tensor of shape (k, c, s, s), uint8
        The first images of each of these.
    """

    record: Record
    forwards: pd.DataFrame
    unreal: pd.DataFrame
    harmless: pd.DataFrame
    feeds: pd.DataFrame
    findings: tuple[HealthFinding, ...]
    logits: dict[str, torch.Tensor]
    examples: dict[str, torch.Tensor]

    @property
    def reals(self) -> str:
        """Name of the real images: "held-out", or "given" where D may have seen them."""
        return str(self.record.get("reals", HELD_OUT))

    @property
    def left_out(self) -> tuple[str, ...]:
        """List what was not asked for want of images, as ends of sentences."""
        return tuple(self.record.get("left_out", ()))

    @property
    def unasked(self) -> tuple[str, ...]:
        """Name the rules that could not be put for want of images."""
        return tuple(self.record.get("unasked", ()))

    @property
    def asked(self) -> tuple[str, ...]:
        """Name the rules that apply to this D, and those that found something."""
        wrong = {each.rule for each in self.findings}
        return tuple(name for name in RULES if name in wrong or self._applies(name, wrong))

    def _applies(self, rule: str, wrong: set[str]) -> bool:
        if rule in self.unasked:
            return False
        if rule in ("boundary", "harmless") and "separation" in wrong:
            return False
        if rule == "boundary":
            return bool(self.record["has_level"])
        return rule != "fixed" or bool(self.record["num_reference"])

    def save(self, folder: Path) -> None:
        """Write the tables, the record and the logits with their examples."""
        for name in _TABLES:
            write_bytes(folder / f"{name}.csv", csv_bytes(getattr(self, name)))
        write_json(folder / "health.json", self.record)
        write_json(folder / "findings.json", [each._asdict() for each in self.findings])
        logits = {f"logits/{name}": values for name, values in self.logits.items()}
        examples = {f"examples/{name}": images for name, images in self.examples.items()}
        write_tensors(folder / _PICTURES, {**logits, **examples})

    @staticmethod
    @validated
    def load(folder: Path) -> "DiscriminatorHealth":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        tables = {name: read_table(folder / f"{name}.csv", _TEXT) for name in _TABLES}
        tensors = read_tensors(folder / _PICTURES)
        return DiscriminatorHealth(
            read_json(folder / "health.json"),
            **tables,
            findings=tuple(HealthFinding(**each) for each in read_json(folder / "findings.json")),
            logits=_within(tensors, "logits/"),
            examples=_within(tensors, "examples/"),
        )

    def metrics(self) -> dict[str, float]:
        """Return every figure that is worth comparing between runs, flat."""
        held_out, train, cut = (self.record[each] for each in ("held_out", "train", "boundary"))
        trained, explained = self.record["batch_trained"], self.record["batch_explained"]
        figures: dict[str, float] = {}
        for name, found in (("auc", held_out), ("auc_train", train)):
            if found:
                figures |= {name: found["auc"]}
                figures |= {f"{name}_{end}": found[end] for end in ("low", "high")}
        if cut:
            figures["best_threshold"] = cut["best"]
            figures |= {name: cut[name] for name in ("accuracy_at_0", "accuracy_at_best")}
        figures |= {
            "batch_mates_trained": trained["companions_train"],
            "batch_mates_explained": explained["companions_eval"],
            "eval_train": trained["eval_train"],
            "gradient_median": self.record["saturation"]["median_norm"],
            "without_gradient": self.record["saturation"]["without"],
            "num_findings": len(self.findings),
        }
        figures |= _column(self.unreal, "kind", "auc", "unreal")
        return figures | _column(self.harmless, "change", "moved", "harmless")

    def warnings(self) -> list[str]:
        """Return what is wrong with the discriminator, in words."""
        return [f"the discriminator: {each.text}" for each in self.findings]

    def verdict(self) -> str:
        """Say in a few sentences whether the discriminator is in order."""
        wrong = {each.rule: each.text for each in self.findings}
        good = []
        held_out, cut = self.record["held_out"], self.record["boundary"]
        if held_out and "separation" not in wrong:
            level = " to ".join(apart(held_out[each], 0.5) for each in ("low", "high"))
            auc = apart(held_out["auc"], 0.5)
            good.append(f"tells {self.reals} reals from fakes (AUC {auc}, {level})")
        if not self.record["has_level"]:
            good.append("was trained with a loss that leaves the level of its logits open")
        elif cut and not {"boundary", "separation"} & wrong.keys():
            good.append(
                f"draws the line near 0 (balanced accuracy {cut['accuracy_at_0']:.2f} there, "
                f"{cut['accuracy_at_best']:.2f} at best)"
            )
        if "batch" not in wrong:
            good.append("gives each image a logit that depends on this image alone")
        if "unreal" not in wrong and len(self.unreal):
            most = percent(float(self.unreal["high"].max()), 1)
            good.append(
                "is not seen to rank what is no data above real images (no kind of it in "
                f"more than {most} of pairs)"
            )
        said = [f"D {_listed(good)}."] if good else []
        if wrong:
            texts = "; ".join(each.text for each in self.findings)
            said.append(f"{'But ' if good else 'D is not in order: '}{texts}.")
        said += [f"{opened(reason)}." for reason in self.left_out]
        return " ".join(said)


def _column(table: pd.DataFrame, by: str, column: str, prefix: str) -> dict[str, float]:
    return {f"{prefix}/{row[by]}": float(row[column]) for row in table.to_dict("records")}


def _within(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _listed(words: list[str]) -> str:
    return ", and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
