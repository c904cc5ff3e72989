"""What speaks for “real”, by LIME."""

from dataclasses import asdict
from functools import partial
from pathlib import Path

from ganatomy.explain.lime.baseline_check import said
from ganatomy.explain.lime.result import CASES, LimeStudy
from ganatomy.explain.lime.settings import BaselineCheck
from ganatomy.report.figures.attribution_sheet import attribution_sheet
from ganatomy.report.figures.class_maps import class_maps
from ganatomy.report.figures.latent_chart import latent_chart
from ganatomy.report.figures.r2_chart import r2_chart
from ganatomy.report.sections.page_section import Block, Figure, PageSection, Record, png

_MAY_LACK = tuple(f"mean_held_out_r2_{key}" for key in CASES)
_CLASS_TITLES = {"d_real": "D on reals", "d_fake": "D on fakes", "g_regions": "G's regions"}
_FIT_TITLES = {"d_real": "real", "d_fake": "fake", "g_regions": "fake, parts of more usual ones"}


def _facts(study: LimeStudy) -> Record:
    known = {name: value for name, value in study.metrics().items() if value == value}
    about = {
        "verdict": " ".join(study.sentences()),
        "baseline": study.hiding.baseline,
        "checks": [{**asdict(check), "means": _meaning(check)} for check in study.hiding.checks],
        "beware": [*said(study.hiding)],
        "tolerance": study.sampling.tolerance,
        "num_samples": study.sampling.num_samples,
        "num_averaged": int(study.surrogates.groupby("group").size().max()),
        "num_seeds": study.num_seeds,
        "num_latents": 0 if study.latents is None else study.latents.num_latents,
    }
    return {"lime": {**dict.fromkeys(_MAY_LACK), **known, **about}}


def _meaning(check: BaselineCheck) -> str:
    if check.means_nothing:
        return "nothing"
    return "something" if check.means_something else "not certain"


def _figures(study: LimeStudy) -> dict[str, Figure]:
    figures: dict[str, Figure] = {key: partial(_sheet, study, key) for key in study.cases}
    figures["classes"] = partial(_classes, study)
    figures["r2"] = partial(_fits, study)
    if study.latents is not None:
        figures["latents"] = partial(_latents, study)
    return figures


def _sheet(study: LimeStudy, key: str) -> bytes:
    """Maps over their images, with how well they foretell and whether they come again."""
    case = study.cases[key]
    notes = [
        "" if refusal else f"R² {fit:.2f}\nseeds {same:.2f}"
        for refusal, fit, same in zip(
            case.refusals, case.held_out_r2.tolist(), case.stability.tolist()
        )
    ]
    reasons = {"LIME": list(case.refusals)}
    return png(
        attribution_sheet(
            case.inputs, {"LIME": case.maps}, case.scores, notes=notes, refusals=reasons
        )
    )


def _classes(study: LimeStudy) -> bytes:
    means = study.class_means
    rows = {_CLASS_TITLES[key]: by_class for key, by_class in means.means.items()}
    return png(class_maps(rows, means.images))


def _fits(study: LimeStudy) -> bytes:
    titles = study.surrogates["group"].map(_FIT_TITLES)
    return png(r2_chart(study.surrogates.assign(group=titles)))


def _latents(study: LimeStudy) -> bytes:
    effects = study.latents
    assert effects is not None
    return png(latent_chart({name: effects.of(name) for name in effects.targets}))


def _summary(study: LimeStudy) -> list[str]:
    facts = _facts(study)["lime"]
    return [
        f"LIME, mean held-out R² on {what}: {facts[f'mean_held_out_r2_{key}']:.2f}"
        for key, what in (("d_real", "reals"), ("d_fake", "fakes"))
        if facts[f"mean_held_out_r2_{key}"] is not None
    ]


SECTION = PageSection(
    name="lime",
    place=50,
    blocks=(
        Block("lime", "What speaks for “real”?", "looks", Path(__file__).with_name("lime.html")),
    ),
    load=LimeStudy.load,
    facts=_facts,
    figures=_figures,
    summary=_summary,
)
