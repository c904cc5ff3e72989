"""Which features of the data matter, by retraining without each."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.data.images import in_colours
from ganatomy.data.variant_set import VariantEntry, VariantSet
from ganatomy.files import read_json
from ganatomy.importance.ranking import RANKING_RULE
from ganatomy.importance.readouts import READOUTS, RELIANCE_READOUTS
from ganatomy.importance.result import RETRAINED_BY, ImportanceStudy
from ganatomy.importance.screening_result import ScreeningStudy
from ganatomy.importance.sizes import MEASURES, amount, span
from ganatomy.importance.tables import read_csv
from ganatomy.importance.telling import hardly_changed
from ganatomy.marking import GENERATED, of_others
from ganatomy.report.feature_names import plain_variant
from ganatomy.report.figures.effect_table import effect_table
from ganatomy.report.figures.importance_bars import Change, importance_bars
from ganatomy.report.figures.interaction_chart import interaction_chart
from ganatomy.report.figures.power_chart import power_chart
from ganatomy.report.figures.region_map import region_map, region_values
from ganatomy.report.figures.small_multiples import multiples
from ganatomy.report.glossary import label
from ganatomy.report.plain_words import in_plain_words
from ganatomy.report.sections import importance_findings as findings
from ganatomy.report.sections.noise_part import noise_part
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.report.sections.variants import PREVIEWS
from ganatomy.report.verdict.questions.features import features
from ganatomy.tensors import read_tensors
from ganatomy.wording import listed

_ASKS = {
    "remove": "removed (replaced by the data set's mean or a neutral value): what does it add?",
    "permute": "permuted (exchanged between images): does it depend on the rest of the image? A "
    "cue that is independent of the rest has no importance here",
    "noise": "noise (replaced at random): what if it told nothing?",
}
_TITLES = {name: readout.title for name, readout in READOUTS.items()}
_TITLE = "Which features matter?"
_FEW_REGIONS = 4  # of fewer a map says no more than the bars
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Told:
    """The study, what it was made of, and some images before and after each change."""

    study: ImportanceStudy
    variants: VariantSet
    screening: ScreeningStudy
    previews: dict[str, torch.Tensor]
    published_fcd: float | None = None
    retrained_by: str | None = None  # for an adopted GAN: its author's function; "" is ours

    @staticmethod
    def load(folder: Path) -> "_Told":
        variants = folder.parent / "variants"
        return _Told(
            ImportanceStudy.load(folder),
            VariantSet.load(variants),
            ScreeningStudy.load(folder.parent / "screen"),
            read_tensors(variants / PREVIEWS),
            _published_fcd(folder.parent / "evaluate" / "fidelity.csv"),
            _retrained_by(folder / RETRAINED_BY),
        )

    @property
    def names(self) -> dict[str, str]:
        """Plain names of the variants."""
        recipes = [entry.recipe for entry in self.variants.entries if not entry.recipe.is_null]
        names = {recipe.name: plain_variant(recipe) for recipe in recipes}
        count = Counter(names.values())
        return {
            variant: f"{name}, {variant}" if count[name] > 1 else name
            for variant, name in names.items()
        }


def _published_fcd(path: Path) -> float | None:
    """The published GAN's distance to real images; None where it was not measured."""
    if not path.is_file():
        return None
    rows = read_csv(path)
    values = rows.loc[rows["name"] == "fcd", "value"].dropna()
    return float(values.iloc[0]) if len(values) else None


def _retrained_by(path: Path) -> str | None:
    return str(read_json(path)["train"]) if path.is_file() else None


def _whose(told: _Told) -> str:
    """Say whose GANs were retrained, where the base GAN was trained elsewhere."""
    if told.retrained_by is None:
        return ""
    if told.retrained_by:
        return f"G and D were retrained by their author’s own function, {told.retrained_by}."
    return (
        "This was measured on small GANs that were trained here, on the same images: it says which "
        "features of the data matter to such a GAN, not to the one that was adopted."
    )


def _alarms(told: _Told) -> list[str]:
    if told.retrained_by != "":
        return []
    return [f"“{_TITLE}” is not about the GAN that was adopted: small ones of ours were retrained"]


def _facts(told: _Told) -> Record:
    study, entries = told.study, told.variants.entries
    summary = study.summary
    readouts = [name for name in READOUTS if name in set(summary["readout"])]
    judged = summary.groupby("readout")["judged"].any()
    facts = {
        "rows": _rows(told, readouts),
        "answer": study.answer(told.names),
        **({"whose": whose} if (whose := _whose(told)) else {}),
        "by_evaluator": study.by_evaluator(told.names),
        "not_shown": study.not_shown(told.names),
        "hardly_changed": hardly_changed(study.ranking, _mean_changes(told), told.names),
        "trust": findings.trust(study),
        "of_retrained": findings.of_retrained(study, told.published_fcd),
        "of_subsets": study.of_subsets(),
        "fdr": study.fdr,
        "practical_size": study.practical_size,
        "readouts": readouts,
        "labels": {name: label(name) for name in (*READOUTS, *RELIANCE_READOUTS)},
        "meanings": {name: READOUTS[name].meaning for name in readouts},
        "reliance_meanings": {name: readout.meaning for name, readout in RELIANCE_READOUTS.items()},
        "rule": RANKING_RULE,
        "modes": {mode: _ASKS[mode] for mode in _ASKS if mode in set(summary["mode"])},
        "num_comparisons": int(summary["judged"].sum()),
        "num_seeds": study.read.repeats["seed"].nunique(),
        "num_nulls": sum(entry.recipe.is_null for entry in entries),
        "not_judged": [name for name in readouts if not judged.get(name, False)],
        "many_regions": len(_regions_asked(study)) >= _FEW_REGIONS,
        "idle": [
            {"variant": entry.recipe.name, "reason": entry.changes_nothing}
            for entry in entries
            if entry.changes_nothing
        ],
        "diverged": rows_of(study.read.diverged),
        "screening": _screening(told.screening),
        "interactions": rows_of(study.interactions),
        "subsets": rows_of(study.subsets),
        "subset_scores": rows_of(study.subsets.drop_duplicates("readout")),
        "noise": noise_part(study.read.repeats)[0],
        "limits": in_plain_words(study.limits()),
        "detectable": rows_of(study.detectable),
    }
    return {"importance": facts}


def _rows(told: _Told, readouts: list[str]) -> list[Record]:
    """One for each changed variant, the most influential first, with all that is known of it."""
    entries = {entry.recipe.name: entry for entry in told.variants.entries}
    effects = {(row["variant"], row["readout"]): row for row in rows_of(told.study.summary)}
    relied = {
        (row["features"], row["mode"], row["readout"]): row for row in rows_of(told.study.reliance)
    }
    rows = []
    for row in rows_of(told.study.ranking):
        entry = entries[row["variant"]]
        reliance = [relied.get((row["features"], "permute", name)) for name in RELIANCE_READOUTS]
        rows.append(
            {
                **row,
                "name": told.names[row["variant"]],
                "judgement": findings.judgement(row),
                "amounts": {letter: _amount(row, letter) for letter in ("g", "d")},
                "meaning": entry.recipe.meaning,
                "changed": _changed(entry),
                "effects": {name: effects.get((row["variant"], name)) for name in readouts},
                "reliance": reliance,
            }
        )
    return rows


def _amount(row: Record, letter: str) -> tuple[str, str, str] | None:
    """A network's change with its interval and its measure; None where none can be judged."""
    size = row[f"{letter}_size"]
    if size is None:
        return None
    interval = span(letter, size, row[f"{letter}_low"], row[f"{letter}_high"])
    return amount(letter, size), interval, MEASURES[row[f"{letter}_readout"]]


def _changed(entry: VariantEntry) -> str:
    """Size of the change: in grey levels, or in images."""
    if entry.recipe.selects:
        return f"{entry.num_images:,} images are left"
    return f"by {entry.mean_change:.2g} of 255"


def _mean_changes(told: _Told) -> dict[str, float]:
    """Mean changes of pixels by variant, of those that change images."""
    entries = [entry for entry in told.variants.entries if not entry.recipe.selects]
    return {entry.recipe.name: entry.mean_change for entry in entries}


def _screening(study: ScreeningStudy) -> Record | None:
    """Tell what was dropped before the trainings in full; None where nothing was screened."""
    if study.screening is None or study.cost is None:
        return None
    return {"factor": study.cost.factor, "history": rows_of(study.screening.history)}


def _figures(told: _Told) -> dict[str, Figure]:
    study, names = told.study, told.names
    figures: dict[str, Figure] = {
        "importance": Picture(
            lambda: png(importance_bars(study.ranking, _changes(told), study.practical_size)),
            title=findings.of_ranking(study, names),
            caption="Left: an image before and after the change, and by how much pixels change on "
            "average. Bars: what becomes of G and of D when they are trained on data changed like "
            "that. G's is how much further its images lie from real ones, by whichever of three "
            "measures says most, D's how far its logits or its preference for the feature move "
            "in its logits' own spread: each bar names its measure, and bars of two measures "
            "compare only roughly. The line is the 95 % interval. Grey bars: not found, or too "
            "small to matter.",
            source="importance/ranking.csv",
            narrow=True,
        ),
        "effects": Picture(
            lambda: png(
                effect_table(
                    study.summary.assign(variant=study.summary["variant"].map(names)),
                    study.ranking.assign(variant=study.ranking["variant"].map(names)),
                    _TITLES,
                )
            ),
            title=findings.of_effects(study, names),
            caption="How far each feature moves each readout, in standard deviations of GANs "
            "retrained on unchanged data: how sure a change is, not how large. Outlined: stands "
            "out.",
            source="importance/summary.csv",
        ),
        "power": Picture(
            lambda: png(power_chart(study.power)),
            title=findings.of_power(study),
            caption="How far a ranking by size from fewer seeds, or from GANs that were trained "
            "for fewer steps, agrees with the full one. Rankings from some of the seeds share "
            "these with the full one; disjoint halves share nothing.",
            source="importance/power.csv",
        ),
    }
    if study.sheets:
        figures["without"] = Picture(
            lambda: png(_without(told)),
            title=findings.of_images(study, names),
            caption="Each row is another G, trained on data with one feature changed; the first "
            "one on unchanged data. The same latents in every row, the same seed of training.",
            source="importance/generated.safetensors",
            kind="pixels",
            mark=of_others(GENERATED),
        )
    if _regions_asked(study):
        figures["regions"] = Picture(
            lambda: png(_regions(study)),
            title=findings.of_regions(study, names),
            caption="Regions of the image whose content was removed, over the mean image: how much "
            "G and D change then, each region by the measure that says most. Outlined: it "
            "matters.",
            source="importance/ranking.csv",
        )
    if not study.interactions.empty:
        figures["interactions"] = Picture(
            lambda: png(interaction_chart(study.interactions, study.summary, _TITLES)),
            title=findings.of_interactions(study),
            caption="What removing both did beyond the sum of removing each, in standard "
            "deviations of GANs retrained on unchanged data, with its 95 % interval. Coloured: "
            "stands out.",
            source="importance/interactions.csv",
        )
    return figures | noise_part(study.read.repeats)[1]


def _changes(told: _Told) -> dict[str, Change]:
    """Changes by variant: with the image that it changes most."""
    changes = {}
    for entry in told.variants.entries:
        recipe = entry.recipe
        images = told.previews.get(recipe.folder)
        pair: list[Pixels | None] = [None, None]
        if images is not None and not recipe.selects:
            before, after = images.chunk(2)
            most = (before.double() - after.double()).abs().flatten(1).mean(1).argmax()
            pair = [_drawable(each[most]) for each in (before, after)]
        words = f"{recipe.name}: {_changed(entry)}"
        changes[recipe.name] = Change(told.names.get(recipe.name, recipe.name), words, *pair)
    return changes


def _drawable(image: torch.Tensor) -> Pixels:
    """An image of shape (c, h, w) as (h, w) or (h, w, 3)."""
    array: Pixels = in_colours(image[None])[0].permute(1, 2, 0).numpy()
    return array[..., 0] if array.shape[-1] == 1 else array


def _without(told: _Told) -> Pixels:
    order, names = told.study.ranking["variant"].tolist(), told.names
    first, *others = told.study.sheets
    rows = sorted(others, key=lambda sheet: order.index(sheet.variant))
    return multiples(
        [
            ("nothing changed", first.meaning, first.images),
            *((names[sheet.variant], sheet.meaning, sheet.images) for sheet in rows),
        ]
    )


def _regions_asked(study: ImportanceStudy) -> list[str]:
    return list(region_values(study.ranking, list(study.regions.inside), "remove"))


def _regions(study: ImportanceStudy) -> Pixels:
    inside = {name: mask.numpy() for name, mask in study.regions.inside.items()}
    values = region_values(study.ranking, list(inside), "remove")
    return region_map(study.regions.mean_image.numpy(), inside, values)


def _summary(told: _Told) -> list[str]:
    matter = "features that matter"
    said: dict[str, list[str]] = {matter: []}
    for row in rows_of(told.study.ranking):
        words = matter if row["matters"] else findings.judgement(row)
        said.setdefault(words, []).append(f"`{row['variant']}`")
    return [f"{words}: {listed(names)}" for words, names in said.items()]


_HERE = Path(__file__).parent
SECTION = PageSection(
    name="importance",
    place=20,
    blocks=(
        Block("importance", _TITLE, "features", _HERE / "importance.html"),
        Block(
            "importance_figures",
            "Features in figures",
            "appendix",
            _HERE / "importance_figures.html",
        ),
    ),
    load=_Told.load,
    facts=_facts,
    figures=_figures,
    alarms=_alarms,
    summary=_summary,
    clauses=lambda told, gate: [features(told.study, gate, names=told.names)],
)
