"""What the study of maps found beside the maps that pass: channels, units, kinds that fail."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ganatomy.explain.maps.film import Frame
from ganatomy.explain.maps.missing import NETWORK_OF
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.explain.maps.which import WhichMap
from ganatomy.marking import MIXED, Mark, of_others
from ganatomy.report.figures.attribution_sheet import attribution_sheet
from ganatomy.report.figures.causal_chart import causal_chart
from ganatomy.report.figures.class_maps import class_maps
from ganatomy.report.figures.disagreement_sheet import disagreement_sheet
from ganatomy.report.figures.dissection_table import dissection_table
from ganatomy.report.figures.film import film
from ganatomy.report.figures.map_sheet import MapRow, map_sheet
from ganatomy.report.figures.unit_sheet import unit_sheet
from ganatomy.report.plain_words import plain_target
from ganatomy.report.sections import gradcam_words as words
from ganatomy.report.sections.faithfulness import COLOURS
from ganatomy.report.sections.kinds import NOT_TESTED, Kinds, kind_of
from ganatomy.report.sections.page_section import (
    Block,
    Figure,
    PageSection,
    Picture,
    Record,
    png,
    rows_of,
)
from ganatomy.wording import counted, opened, percent

_CLASS_TITLES = {"d_real": "D on reals", "d_fake": "D on fakes", "g_fake": "G"}
_OF_D = {"d_real": "real, held out", "d_fake": "generated"}
_FILM_TITLES = {"D": "where D looks", "G": "G's part in it"}
_EACH, _ALONE = 3, 6  # images of a kind, beside another and alone
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class _MapsAndTrust:
    """The study, and which kinds of map passed the tests."""

    study: MapsStudy
    kinds: Kinds

    @property
    def cases(self) -> list[str]:
        """The case that stands for the maps of D, and that of G, of those that there are."""
        of_d = "d_real" if "d_real" in self.study.cases else "d_fake"
        return [key for key in (of_d, "g_fake") if key in self.study.cases]

    @property
    def g_alone(self) -> bool:
        """Whether there was no D to ask."""
        return "discriminator" in self.study.left_out

    def unreliable(self, key: str) -> list[WhichMap]:
        """Give the kinds of a case that did not pass every test."""
        return [which for which in self.study.cases[key].maps if self.kinds.stamp(kind_of(which))]


def _load(folder: Path) -> _MapsAndTrust:
    study, kinds = MapsStudy.load(folder), Kinds.beside(folder.parent)
    if not kinds.sizes:  # the order of layers at least
        layers = {"G": study.g_layers} | {
            which.network: case.layers for case in study.cases.values() for which in case.maps
        }
        kinds = Kinds(kinds.verdicts, kinds.sizes, layers)
    return _MapsAndTrust(study, kinds)


def _facts(result: _MapsAndTrust) -> Record:
    study, kinds = result.study, result.kinds
    unreliable = [which for key in result.cases for which in result.unreliable(key)]
    without = "" if all(study.num_layers.values()) else study.verdict()
    facts = {
        "without": without,
        "left_out": [] if without else [f"{opened(each)}." for each in study.left_out.values()],
        "g_alone": result.g_alone,
        "methods": [kinds.short(name) for name in study.methods],
        "unreliable": [
            {"name": kinds.name(kind_of(which)), "why": kinds.stamp(kind_of(which))}
            for which in unreliable
        ],
        "num_kinds": sum(len(study.cases[key].maps) for key in result.cases),
        "overlap": words.overlap(study),
        "units_not_kept": bool(study.carriers.num_units) and not study.carriers.strongest,
    }
    return {"gradcam": facts, "concepts": rows_of(study.carriers.concepts)}


def _figures(result: _MapsAndTrust) -> dict[str, Figure]:
    """Draw what there is something of."""
    return {**_sheets(result), **_units(result), **_over_time(result)}


def _sheets(result: _MapsAndTrust) -> dict[str, Figure]:
    study, kinds = result.study, result.kinds
    figures: dict[str, Figure] = {}
    both = {"d_real", "d_fake"} <= set(study.cases)
    d_more = " Those of generated images: gradcam/d_fake.safetensors." if both else ""
    g_about = "The places of G’s layers that raise D’s logit of the image. "
    for key in result.cases:
        network = NETWORK_OF[key]
        name, about, more = ("d_maps", "", d_more) if network == "D" else ("g_maps", g_about, "")
        if which := result.unreliable(key):
            stamps = [(kinds.name(kind_of(each)), kinds.stamp(kind_of(each))) for each in which]
            figures[name] = Picture(
                partial(_maps_of, result, network, which),
                title="Not to be relied on: maps of "
                f"{network} by {counted(len(which), 'kind')} that did not pass every test",
                alt=f"Not to be relied on: {words.reasons(stamps)}",
                caption=f"{about}Above each row stands why it is not to be relied on. "
                f"{COLOURS}{more}",
                source=f"gradcam/{key}.safetensors",
                kind="pixels",
                mark=_mark(result, network),
            )
    if study.asked is not None and study.asked.maps:
        figures["g_targets"] = Picture(
            lambda: png(_asked(result)),
            title="Not to be relied on: G’s last layer asked for "
            f"{words.few([plain_target(name) for name in study.asked.maps])}, "
            "of which no map was put to the tests",
            caption=words.asked(study.asked.maps, logits="g_fake" in study.cases),
            source="gradcam/g_targets.safetensors",
            kind="pixels",
            mark=MIXED,
        )
    if study.comparison is not None and words.overlap(study)["shown"]:
        figures["disagreement"] = Picture(
            lambda: png(_disagreement(study)),
            title=words.overlap(study)["words"],
            caption="Colours: each pixel’s share of its map’s magnitude. In brackets: the overlap "
            "with G’s maps of other images, which is chance.",
            source="gradcam/disagreement.csv",
            kind="pixels",
            mark=MIXED,
        )
    if study.class_means.means:
        of_fakes = "fakes by the class that the evaluator sees. " * (not study.left_out)
        figures["classes"] = Picture(
            lambda: png(_classes(study)),
            title=_stamped(words.classes(study), _whole_stamp(result)),
            caption="Mean magnitude of the maps of each class over "
            f"{max(study.class_means.counts.values(), default=0)} images of a kind, darker: more"
            f"{'; ' if of_fakes else '. '}{of_fakes}A row has one scale, said at its left.",
            source="gradcam/class_means.safetensors",
            kind="pixels",
            mark=None,
        )
    return figures


def _units(result: _MapsAndTrust) -> dict[str, Figure]:
    study, kinds = result.study, result.kinds
    figures: dict[str, Figure] = {}
    if len(study.causal) and result.g_alone:
        of_targets = words.by_target(study.causal)
        figures["causal"] = Picture(
            lambda: png(causal_chart(of_targets, "what is asked for (its standard deviations)")),
            title=words.causes(of_targets, "for"),
            caption="How far what G is asked for falls, in its standard deviations over the "
            f"latents, when channels of {words.layers(study.causal['layer'], kinds)[0]} are taken "
            "away, a line for each share of them: those that Grad-CAM credits most, beside as many "
            "at random. Right of the random ones the check passes. It tests which channels count, "
            "not the places that the maps show.",
            source="gradcam/causal.csv",
        )
    elif len(study.causal):
        named = study.causal.assign(layer=words.layers(study.causal["layer"], kinds))
        figures["causal"] = Picture(
            lambda: png(causal_chart(named, "D’s logit")),
            title=words.causes(named),
            caption="How far D’s logit falls when channels of a layer are taken away, a line for "
            "each share of them: those that Grad-CAM credits most, beside as many at random. The "
            "bar is a 95 % interval: right of the random ones the check passes; left of them the "
            "credited channels count clearly less than others.",
            source="gradcam/causal.csv",
        )
    if units := study.carriers.strongest:
        titles = [words.unit(each, study.carriers, kinds) for each in units]
        figures["units"] = Picture(
            lambda: png(unit_sheet(units, titles)),
            title=f"Of {words.units(study.carriers)} of G the strongest is "
            f"{words.strongest(units[0], study.carriers, kinds)}",
            caption=f"The {len(units)} units of G with the largest effects, each in the images in "
            "which it is most active: outlined, where it is more active than in "
            f"{percent(1 - words.AREA)} of its layer’s places over all latents; below, the same "
            "latents with the unit held at its mean.",
            source="gradcam/units.safetensors",
            kind="pixels",
            mark=MIXED,
        )
    if (table := study.carriers.dissection) is not None:
        layers = {name: kinds.short_layer("G", str(name)) for name in table["layer"].unique()}
        named_units = words.in_plain_concepts(table.assign(layer=table["layer"].map(layers)))
        figures["dissection"] = Picture(
            lambda: png(dissection_table(named_units)),
            title=words.carriers(table),
            caption="The units (channels of a layer) of G with the largest effects, a row each: "
            "standard deviations that a concept gains with one standard deviation of the unit. "
            "Red: the unit raises it, blue: lowers it; outlined: stands out.",
            source="gradcam/dissection.csv",
        )
    return figures


def _over_time(result: _MapsAndTrust) -> dict[str, Figure]:
    study = result.study
    if not study.film:
        return {}
    shown = list(_frames(study.film))
    figures: dict[str, Figure] = {
        "film": Picture(
            lambda: film(shown),
            title=_stamped(words.course(study.film), _whole_stamp(result)),
            caption=f"The same latents at {len(shown)} steps of the training: what G makes of "
            "them, where D looks, and G’s part in it. Red raises D’s logit, blue lowers it.",
            source="gradcam/film.safetensors",
            kind="film",
            mark=of_others(MIXED),
        )
    }
    for frame, pixels in zip(study.film, shown):  # for the record: the page has the film
        name = f"film_{frame.step:09d}"
        figures[name] = Picture(
            partial(png, pixels), key="film", step=frame.step, mark=of_others(MIXED)
        )
    return figures


def _mark(result: _MapsAndTrust, network: str) -> Mark | None:
    """Say whose generated images stand below the maps of a network, if any do."""
    if network == "D" and "d_fake" not in result.study.cases:
        return None
    return of_others(MIXED) if "generator" in result.study.left_out else MIXED


def _stamped(title: str, stamp: str) -> str:
    return f"Not to be relied on ({stamp}): {title}" if stamp else title


def _whole_stamp(result: _MapsAndTrust) -> str:
    """Say why the maps of D looked at as a whole are not to be relied on."""
    study = result.study
    if study.comparison is None:
        return NOT_TESTED
    whole, case = study.comparison.d_maps, study.cases["d_fake"]
    for which, maps in case.maps.items():  # the layer is known by its maps
        if which.method == study.class_means.method and torch.equal(maps[: len(whole)], whole):
            kind = kind_of(which)
            stamp = result.kinds.stamp(kind)
            return f"{result.kinds.name(kind)}: {stamp}" if stamp else ""
    method = result.kinds.name(study.class_means.method)
    return f"{method}, last layer that has maps: {NOT_TESTED}"


def _maps_of(result: _MapsAndTrust, network: str, which: list[WhichMap]) -> bytes:
    """The maps of kinds that are not to be relied on, each under its reason."""
    kinds, cases = result.kinds, result.study.cases
    if network == "G":
        parts = [("generated", cases["g_fake"], _ALONE, result.study.fakes)]
    else:
        given = [(name, cases[key]) for key, name in _OF_D.items() if key in cases]
        most = _EACH if len(given) > 1 else _ALONE
        parts = [(name, case, most, case.inputs) for name, case in given]
    rows = [
        MapRow(
            kinds.name(kind_of(each)),
            torch.cat([case.maps[each][:most] for _, case, most, _ in parts]),
            [reason for _, case, most, _ in parts for reason in case.reasons[each.key][:most]],
            kinds.stamp(kind_of(each)),
        )
        for each in which
    ]
    return png(
        map_sheet(
            torch.cat([images[:most] for _, _, most, images in parts]),
            rows,
            torch.cat([case.scores[:most] for _, case, most, _ in parts]),
            groups=[(name, len(images[:most])) for name, _, most, images in parts],
        )
    )


def _asked(result: _MapsAndTrust) -> Pixels:
    asked = result.study.asked
    assert asked is not None
    rows = [
        MapRow(plain_target(name), maps[:_ALONE], asked.reasons[name][:_ALONE], NOT_TESTED)
        for name, maps in asked.maps.items()
    ]
    fakes = result.study.fakes[:_ALONE]
    of_d = result.study.cases.get("g_fake")
    scores = None if of_d is None else of_d.scores
    return map_sheet(fakes, rows, scores, groups=[("generated", len(fakes))])


def _disagreement(study: MapsStudy) -> Pixels:
    compared = study.comparison
    assert compared is not None
    fakes = study.fakes
    return disagreement_sheet(fakes, compared.d_maps, compared.g_maps, result=compared.result)


def _classes(study: MapsStudy) -> Pixels:
    means = study.class_means
    rows = {_CLASS_TITLES[key]: by_class for key, by_class in means.means.items()}
    return class_maps(rows, means.images)


def _frames(frames: tuple[Frame, ...]) -> Iterator[Pixels]:
    """Each step; the colours of a row span the same magnitude in all of them."""
    limits = {
        title: max(float(frame.maps[network].nan_to_num(0).abs().max()) for frame in frames)
        for network, title in _FILM_TITLES.items()
        if network in frames[0].maps
    }
    for frame in frames:
        rows = {_FILM_TITLES[network]: maps for network, maps in frame.maps.items()}
        reasons = {title: [_nothing(each) for each in maps] for title, maps in rows.items()}
        notes = [f"step {frame.step:,}"]
        yield attribution_sheet(
            frame.images, rows, frame.scores, notes=notes, refusals=reasons, limits=limits
        )


def _nothing(values: torch.Tensor) -> str:
    """Say why a frame of the film shows no map."""
    if not bool(values.isfinite().all()):
        return "not a number"
    return "" if float(values.max()) > float(values.min()) else "flat"


SECTION = PageSection(
    name="gradcam",
    place=40,
    blocks=(
        Block(
            "gradcam",
            "Inside the networks: channels, units, and maps that do not pass",
            "appendix",
            Path(__file__).with_name("gradcam.html"),
        ),
        Block(
            "within-g",
            "Where in an image does G make what?",
            "looks",
            Path(__file__).with_name("gradcam_alone.html"),
        ),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
)
