"""What speaks for “real”, by LIME."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from ganatomy.explain.lime.baseline_check import said
from ganatomy.explain.lime.cases import LimeCase
from ganatomy.explain.lime.result import CASES, LimeStudy
from ganatomy.explain.lime.settings import BaselineCheck
from ganatomy.explain.maps.methods import LIME
from ganatomy.marking import MIXED
from ganatomy.report.figures.class_maps import class_maps
from ganatomy.report.figures.latent_chart import latent_chart
from ganatomy.report.figures.map_sheet import MapRow, map_sheet
from ganatomy.report.figures.r2_chart import r2_chart
from ganatomy.report.plain_words import in_plain_words, plain_target
from ganatomy.report.sections import lime_words as words
from ganatomy.report.sections.discriminator import what_reals_are
from ganatomy.report.sections.faithfulness import colours
from ganatomy.report.sections.kinds import Kinds
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Picture, Record, png

_ASKED_OF = {"real": "held-out", "generated": "generated"}
_MAY_LACK = tuple(f"mean_held_out_r2_{key}" for key in CASES)
_CLASS_TITLES = {"d_real": "D on reals", "d_fake": "D on fakes", "g_regions": "G's regions"}
_FIT_TITLES = {"d_real": "real", "d_fake": "fake", "g_regions": "fake, parts of more usual ones"}
_D_CASES = {"d_real": "real", "d_fake": "generated"}
_EACH, _ALONE = 3, 6  # images of a kind, beside another and alone


@dataclass(frozen=True, eq=False)
class _LimeAndTrust:
    """The study, and whether its kind of map passed the tests."""

    study: LimeStudy
    kinds: Kinds
    reals: str = "real, held out"

    @property
    def stamp(self) -> str:
        """Reason why its maps are not to be relied on; "" where they are."""
        return self.kinds.stamp(LIME)


def _load(folder: Path) -> _LimeAndTrust:
    return _LimeAndTrust(
        LimeStudy.load(folder), Kinds.beside(folder.parent), what_reals_are(folder.parent)
    )


def _facts(result: _LimeAndTrust) -> Record:
    study = result.study
    known = {name: value for name, value in study.metrics().items() if value == value}
    about = {
        "stamp": result.stamp,
        "fit": words.fit(study),
        "verdict": in_plain_words(" ".join(study.sentences())),
        "baseline": study.hiding.baseline,
        "checks": [{**asdict(check), "means": _meaning(check)} for check in study.hiding.checks],
        "beware": [*said(study.hiding)],
        "tolerance": study.sampling.tolerance,
        "num_samples": study.sampling.num_samples,
        "num_averaged": _num_averaged(study) if study.cases else 0,
        "cases": list(study.cases),
        "left_out": list(study.left_out),
        "asked_of": _ASKED_OF[study.hiding.asked_of],
        "num_seeds": study.num_seeds,
        "num_latents": 0 if study.latents is None else study.latents.num_latents,
    }
    return {"lime": {**dict.fromkeys(_MAY_LACK), **known, **about}}


def _num_averaged(study: LimeStudy) -> int:
    return int(study.surrogates.groupby("group").size().max())


def _meaning(check: BaselineCheck) -> str:
    if check.means_nothing:
        return "nothing"
    return "something" if check.means_something else "not certain"


def _figures(result: _LimeAndTrust) -> dict[str, Figure]:
    return {**_sheets(result), **_charts(result)}


_BELOW = "Below each: held-out R², and the correlation of the coefficients between seeds."


def _sheets(result: _LimeAndTrust) -> dict[str, Figure]:
    """Maps over images, as far as there are any."""
    study, stamp = result.study, result.stamp
    figures: dict[str, Figure] = {}
    if kinds := [key for key in _D_CASES if key in study.cases]:
        also = " Those of generated images: lime/d_fake.safetensors." if len(kinds) > 1 else ""
        figures["d_maps"] = Picture(
            partial(_sheet, result, kinds),
            title=words.stamped(words.fit(study), stamp),
            caption="The images that together cover most of what was found (submodular pick), "
            f"{' and '.join(_D_CASES[key] for key in kinds)}. {colours(len(kinds) > 1)} "
            f"{_BELOW}{also}",
            source=f"lime/{kinds[0]}.safetensors",
            kind="pixels",
            mark=MIXED if "d_fake" in kinds else None,
        )
    if "g_regions" in study.cases:
        figures["g_regions"] = Picture(
            partial(_sheet, result, ("g_regions",)),
            title=words.stamped(words.regions(study), stamp),
            caption="Segments of G’s image are exchanged for what G draws there from the same "
            "latent at half its length, nearer to the middle of all latents. Red: what G drew "
            f"raises D’s logit above what the more usual image has there; blue: it lowers it. "
            f"Above each image: D’s logit of it. {_BELOW}",
            source="lime/g_regions.safetensors",
            kind="pixels",
            mark=MIXED,
        )
    if study.cases:
        figures["classes"] = Picture(
            partial(_classes, study),
            title=words.stamped("Mean magnitude of LIME’s coefficients, class by class", stamp),
            caption="Mean magnitude of the coefficients over at most "
            f"{_num_averaged(study)} images of a kind, darker: "
            "more. A row has one scale, which stands at its left.",
            source="lime/class_means.safetensors",
            kind="pixels",
            mark=None if "d_real" in study.cases else MIXED,  # beside mean images
        )
    return figures


def _charts(result: _LimeAndTrust) -> dict[str, Figure]:
    study = result.study
    figures: dict[str, Figure] = {}
    if study.cases:
        figures["r2"] = Picture(
            partial(_fits, study),
            title=words.fit(study),
            caption="R² on the samples that a surrogate was fitted to and on those left out, of "
            "every image: far below the diagonal it has learned its samples by heart.",
            source="lime/surrogates.csv",
        )
    if (latents := study.latents) is not None:
        figures["latents"] = Picture(
            lambda: png(
                latent_chart({plain_target(name): latents.of(name) for name in latents.targets})
            ),
            title=words.latents(latents),
            caption="Change of each target for one standard deviation of a latent coordinate, over "
            f"{latents.num_latents} latents. The dot is the mean size with its interval, the bar "
            "what is left when signs cancel: red raises, blue lowers; grey is what noise alone "
            "would show. R²: how much of a target a sum over coordinates foretells.",
            source="lime/latents.csv",
        )
    return figures


def _sheet(result: _LimeAndTrust, keys: Sequence[str]) -> bytes:
    """Maps over their images, with how well they foretell and whether they come again."""
    names = {"d_real": result.reals, "d_fake": "generated", "g_regions": "generated"}
    most = _ALONE if len(keys) == 1 else _EACH
    cases = [(names[key], result.study.cases[key]) for key in keys]
    row = MapRow(
        "LIME",
        torch.cat([case.maps[:most] for _, case in cases]),
        [reason for _, case in cases for reason in case.refusals[:most]],
        result.stamp,
    )
    return png(
        map_sheet(
            torch.cat([case.inputs[:most] for _, case in cases]),
            [row],
            torch.cat([case.scores[:most] for _, case in cases]),
            groups=[(name, len(case.inputs[:most])) for name, case in cases],
            notes=[note for _, case in cases for note in _notes(case)[:most]],
        )
    )


def _notes(case: LimeCase) -> list[str]:
    return [
        "" if refusal else f"R² {fit:.2f}\nseeds {same:.2f}"
        for refusal, fit, same in zip(
            case.refusals, case.held_out_r2.tolist(), case.stability.tolist()
        )
    ]


def _classes(study: LimeStudy) -> bytes:
    means = study.class_means
    rows = {_CLASS_TITLES[key]: by_class for key, by_class in means.means.items()}
    return png(class_maps(rows, means.images))


def _fits(study: LimeStudy) -> bytes:
    titles = study.surrogates["group"].map(_FIT_TITLES)
    return png(r2_chart(study.surrogates.assign(group=titles)))


def _summary(result: _LimeAndTrust) -> list[str]:
    facts = _facts(result)["lime"]
    return [
        f"LIME, mean held-out R² on {what}: {facts[f'mean_held_out_r2_{key}']:.2f}"
        for key, what in (("d_real", "reals"), ("d_fake", "fakes"))
        if facts[f"mean_held_out_r2_{key}"] is not None
    ]


_HERE = Path(__file__).parent
SECTION = PageSection(
    name="lime",
    place=50,
    blocks=(
        Block("lime", "What speaks for “real”, by LIME?", "looks", _HERE / "lime.html"),
        Block(
            "lime-latents",
            "Which latent coordinates move what G makes?",
            "looks",
            _HERE / "lime_latents.html",
        ),
        Block("lime-figures", "LIME in figures", "appendix", _HERE / "lime_figures.html"),
    ),
    load=_load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
