"""What the study of maps found: saved, loaded, in figures and in words."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch

from ganatomy.explain.maps.asked import FILE as ASKED_FILE
from ganatomy.explain.maps.asked import AskedMaps
from ganatomy.explain.maps.cases import MapCase, Refusal
from ganatomy.explain.maps.class_means import ClassMeans
from ganatomy.explain.maps.comparison import FILES as COMPARISON_FILES
from ganatomy.explain.maps.comparison import Comparison
from ganatomy.explain.maps.film import Frame, load_film, save_film
from ganatomy.explain.maps.missing import NETWORK_OF, PARTS, askable
from ganatomy.explain.units.carriers import Carriers
from ganatomy.explain.units.causes import joined
from ganatomy.explain.units.unit_images import load_units, save_units
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale, validated
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors
from ganatomy.wording import counted, of_all, opened

_ASKED, _LEFT_OUT, _G_LAYERS = "g_targets", "left_out", "g_layers"
_TEXT = ("layer", "concept", "target")
_FAKES = "fakes.safetensors"


@dataclass(frozen=True, eq=False)
class MapsStudy:
    """Signed maps of both networks of a GAN, and the checks of what they claim.

    Attributes
    ----------
    methods : tuple of str
        Of `gradcam.METHODS`.
    num_layers : dict of str to int
        Convolutions that have maps, by network; of those that were given.
    cases : dict of str to MapCase
        By the keys of `NETWORK_OF`, of the first images: D's logit of real and of generated images,
        D's logit explained within G, and the difference that relativistic losses see. Without those
        that need a part which was not given.
    asked : AskedMaps or None
        Classes, concepts and regions explained within G; None where no layer of G has maps.
    comparison : Comparison or None
        D's maps against G's; None where one of the two has none that means anything.
    class_means : ClassMeans
        Over all images, by the method that keeps the gradient of each place.
    causal : DataFrame
        As of `units.causes.check_causes`; without rows where no layer could be checked. Without a
        discriminator of G's targets, with further columns as of `Answers.checked`.
    carriers : Carriers
        Units of G and what they carry.
    film : tuple of Frame
        The same latents over the training; empty without a history.
    refusals : tuple of dict
        Maps that mean nothing: ``case``, ``method``, ``reason`` and the number of ``images``.
    left_out : mapping of str to str
        By the part that was not given what there is not without it, as of `missing.missing`.
    fakes : Tensor of shape (n, c, h, w)
        The first generated images, which maps of G are drawn over.
    g_layers : tuple of str
        G's convolutions that have maps, in the order of a pass.
    """

    methods: tuple[str, ...]
    num_layers: dict[str, int]
    cases: dict[str, MapCase]
    asked: AskedMaps | None
    comparison: Comparison | None
    class_means: ClassMeans
    causal: pd.DataFrame
    carriers: Carriers
    film: tuple[Frame, ...]
    refusals: tuple[Refusal, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    fakes: torch.Tensor = field(default_factory=lambda: torch.zeros(0))
    g_layers: tuple[str, ...] = ()

    def metrics(self) -> dict[str, float | int]:
        """Give the figures that the study ends in; NaN where one cannot be computed."""
        figures: dict[str, float | int] = {
            f"num_layers_{network.lower()}": count for network, count in self.num_layers.items()
        }
        figures["num_refusals"] = len(self.refusals)
        if self.comparison is not None:
            figures |= self.comparison.metrics()
        if len(self.causal):
            figures["share_of_causal_checks_passed"] = float(self.causal["passes"].mean())
        if self.carriers.dissection is not None:
            figures["num_units_that_stand_out"] = self.carriers.num_units
        return figures

    def verdict(self) -> str:
        """Say in a few sentences what was found."""
        return " ".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        figures = self.metrics()
        for reason in self.left_out.values():
            yield f"{opened(reason)}."
        without = [name for name, count in self.num_layers.items() if not count]
        if without:
            yield f"No layer of {' or '.join(without)} returns a feature map, so it has no maps."
        if len(self.causal):
            passed = int(self.causal["passes"].sum())
            yield (
                f"In {of_all(passed, len(self.causal), 'check')} the channels that Grad-CAM "
                "credits move the target more than channels at random."
            )
        if self.comparison is not None and not math.isnan(figures["mean_overlap"]):
            chance = figures["mean_chance_overlap"]
            beside = "" if math.isnan(chance) else f"; by chance, of other images, {chance:.2f}"
            yield f"D's maps and G's overlap by {figures['mean_overlap']:.2f}{beside}."
        if self.carriers.dissection is not None:
            tried = self.carriers.dissection.groupby(["layer", "unit"]).ngroups
            found = self.carriers.num_units
            carry = "is seen to carry" if found == 1 else "are seen to carry"
            yield f"Of {counted(tried, 'unit')} of G {found or 'none'} {carry} something alone."
        if refused := {(row["case"], row["method"]) for row in self.refusals}:
            kinds = "kind of maps means" if len(refused) == 1 else "kinds of maps mean"
            yield f"{len(refused)} {kinds} nothing in some images or in all; the reasons are told."

    def save(self, folder: Path) -> None:
        """Write tables, tensors and ``maps.json`` into a folder."""
        remove_stale(folder, "causal.csv", "dissection.csv", ASKED_FILE, *COMPARISON_FILES, _FAKES)
        remove_stale(folder, *(f"{key}.safetensors" for key in NETWORK_OF if key not in self.cases))
        if "d_fake" not in self.cases and len(self.fakes):
            write_tensors(folder / _FAKES, {"images": self.fakes})
        for key, case in self.cases.items():
            case.save(folder / f"{key}.safetensors")
        if self.asked is not None:
            self.asked.save(folder)
        if self.comparison is not None:
            self.comparison.save(folder)
        self.class_means.save(folder)
        tables = {"concepts": self.carriers.concepts}
        if len(self.causal):
            tables["causal"] = self.causal
        if self.carriers.dissection is not None:
            tables["dissection"] = self.carriers.dissection
        for name, table in tables.items():
            write_bytes(folder / f"{name}.csv", csv_bytes(table))
        save_units(self.carriers.strongest, folder)
        save_film(self.film, folder)
        write_json(folder / "refusals.json", list(self.refusals))
        reasons = {key: case.reasons for key, case in self.cases.items()}
        about = {"methods": list(self.methods), "num_layers": self.num_layers, "reasons": reasons}
        asked = [] if self.asked is None else list(self.asked.reasons.items())
        if self.left_out:
            about |= {_LEFT_OUT: dict(self.left_out), _G_LAYERS: list(self.g_layers)}
        write_json(folder / "maps.json", {**about, _ASKED: asked})

    @staticmethod
    @validated
    def load(folder: Path) -> "MapsStudy":
        """Read what `save` wrote; `InputError` where a file is missing or damaged."""
        about = read_json(folder / "maps.json")
        methods = tuple(about["methods"])

        def table(name: str) -> pd.DataFrame | None:
            path = folder / f"{name}.csv"
            return read_table(path, _TEXT) if path.exists() else None

        causal, reasons = table("causal"), about.get(_LEFT_OUT, {})
        left_out = {part: reasons[part] for part in PARTS if part in reasons}
        cases = {
            key: MapCase.load(
                folder / f"{key}.safetensors", NETWORK_OF[key], methods, about["reasons"][key]
            )
            for key in askable(left_out)
        }
        fakes = cases["d_fake"].inputs if "d_fake" in cases else torch.zeros(0)
        if "d_fake" not in cases and "generator" not in left_out:
            fakes = read_tensors(folder / _FAKES)["images"]
        return MapsStudy(
            methods,
            about["num_layers"],
            cases,
            AskedMaps.load(folder, dict(about[_ASKED])),
            Comparison.load(folder),
            ClassMeans.load(folder),
            joined([] if causal is None else [causal]),
            Carriers(
                read_table(folder / "concepts.csv", _TEXT),
                table("dissection"),
                load_units(folder),
            ),
            load_film(folder),
            tuple(read_json(folder / "refusals.json")),
            left_out,
            fakes,
            tuple(about[_G_LAYERS]) if left_out else cases["g_fake"].layers,
        )
