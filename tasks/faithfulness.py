"""Stage faithfulness: is each explanation true, and do they agree?"""

import io
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import known
from ganatomy.data.features.regions import Region
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.explain.faithfulness.agreement import agreement, region_importance
from ganatomy.explain.faithfulness.examination import Examination, examine
from ganatomy.explain.faithfulness.infidelity import sensitivity
from ganatomy.explain.faithfulness.planted import LAYERS, planted_truth
from ganatomy.explain.faithfulness.randomisation import randomisation
from ganatomy.explain.faithfulness.stability import seed_stability
from ganatomy.explain.faithfulness.verdict import RULES, trust
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.methods import (
    INTEGRATED_GRADIENTS,
    LIME,
    OCCLUSION,
    Methods,
    cam_name,
    refusals,
)
from ganatomy.explain.targets import Target, d_logit, d_logit_of_g
from ganatomy.files import whole_folder, write_bytes, write_json
from ganatomy.report.agreement import agreement_picture
from ganatomy.report.faithfulness import control_chart, removal_chart
from ganatomy.report.randomisation import randomisation_chart
from ganatomy.tables import csv_bytes
from tasks import stage
from tasks.events import Events
from tasks.layout import PREPARED, REPORTS
from tasks.methods import filler, pool, segments_of, window
from tasks.params.base import Base
from tasks.params.faithfulness import Faithfulness
from tasks.params.gradcam import Gradcam
from tasks.params.lime import Lime
from tasks.params.variants import Variants
from tasks.results import show_image, write_metrics
from tasks.samples import Samples
from tasks.work import Work

_FEW = 16  # images of the tests that explain anew many times
_NUM_TESTS = 15
_G = "generator."
Maps = dict[str, torch.Tensor]
Explainer = Callable[[Target, torch.Tensor], torch.Tensor]


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared, reports/importance -> reports/faithfulness"""
    base, params = Base.load(), Faithfulness.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    samples = Samples.load(params.num_images, base.seed, device)
    with whole_folder(REPORTS / "faithfulness") as report:
        work = _Work(events, params, base.seed, device, samples, report)
        maps, of_d = _of_d(work)
        of_g = _of_g(work)
        _tables(work, of_d, of_g)
        _agreement(work, maps)
        _planted(work)
        write_json(report / "refusals.json", work.refused)
        write_metrics(report, work.metrics)


class _Work(Work[Faithfulness]):
    """What the parts of the stage share."""

    def __post_init__(self) -> None:
        of_lime, others = Lime.load(), pool()
        self.fills_of = lambda images, seed: filler(of_lime, others, seed)(images)
        self.methods = Methods(
            Gradcam.load().methods,
            lambda images: segments_of(of_lime, images),
            of_lime.design,
            of_lime.num_samples,
            window(of_lime, others.shape[-1]),
            self.params.integration_steps,
            self.events.warning,
        )
        self._tests = 0

    def done(self, test: str) -> None:
        self._tests += 1
        self.events.progress(self._tests, _NUM_TESTS, test)

    def without_refused(
        self, target: Target, inputs: torch.Tensor, maps: Maps, images: torch.Tensor
    ) -> Maps:
        """The maps, NaN where one means nothing; and a note of why."""
        kept = {}
        for name, reasons in refusals(target, inputs, maps, images).items():
            told = torch.tensor([not reason for reason in reasons])
            kept[name] = torch.where(told[:, None, None], maps[name], torch.nan)
            for reason in dict.fromkeys(filter(None, reasons)):
                about: dict[str, str | int] = {"method": name, "reason": reason}
                self.refused.append({**about, "images": reasons.count(reason), "of": len(reasons)})
        return kept


def _of_d(work: _Work) -> tuple[Maps, Examination]:
    """D's logit of reals and fakes, explained by every method."""
    samples, methods, seed = work.samples, work.methods, work.seed
    few = -(-_few(samples.fake) // 2)
    images = torch.cat([samples.real, samples.fake]).to(work.device)
    some = torch.cat([samples.real[:few], samples.fake[:few]]).to(work.device)
    discriminator, layers = samples.gan.discriminator, samples.of_d.convolutions
    target = d_logit(discriminator)
    maps = methods.maps(target, layers, images, work.fills_of(images, seed), seed)
    work.done("maps of D")
    seeds = [seed + number for number in range(work.params.num_seeds)]
    again = [
        {LIME: methods.lime_map(target, some, work.fills_of(some, each), each)} for each in seeds
    ]
    work.done("seeds")
    fills = work.fills_of(some, seed)  # of the clean images: noise is to change nothing else
    stability = {
        "seed_stability": seed_stability(again),
        "sensitivity": sensitivity(
            lambda noisy: methods.maps(target, layers, noisy, fills, seed),
            some,
            seed,
            num_samples=work.params.num_perturbations,
        ),
    }
    work.done("sensitivity of D's maps")
    cascade = randomisation(
        discriminator,
        lambda model: methods.maps(d_logit(model), layers, some, fills, seed),
        seed,
        work.params.num_seeds,
    )
    work.done("D randomised")
    maps = work.without_refused(target, images, maps, images)
    found = _examine(work, target, images, maps, stability, cascade)
    show_image(work.report, work.events, "randomisation", randomisation_chart(cascade))
    _table(work, "randomisation_d", cascade)
    return {name: each[: len(samples.real)] for name, each in maps.items()}, found


def _of_g(work: _Work) -> Examination | None:
    """D's logit of G's images, explained within G: do the places that G's maps name count?"""
    samples, methods, seed = work.samples, work.methods, work.seed
    generator, discriminator = samples.gan.generator_ema, samples.gan.discriminator
    images, z = samples.fake.to(work.device), samples.z.to(work.device)
    size = (images.shape[-2], images.shape[-1])
    layers = [_G + name for name in samples.of_g.wide]
    if not layers:
        return None
    few, latent_dim = _few(images), samples.gan.architecture.latent_dim

    def explain(model: torch.nn.Module, latents: torch.Tensor) -> Maps:
        found = methods.cam_maps(d_logit_of_g(model, discriminator), layers, latents, size)
        return {name.replace(_G, "G "): each for name, each in found.items()}

    maps = explain(generator, z)
    stability = {
        "sensitivity": sensitivity(
            lambda noisy: explain(
                generator, torch.cat([noisy[:, :latent_dim], z[:few, latent_dim:]], 1)
            ),
            z[:few],
            seed,
            num_samples=work.params.num_perturbations,
        )
    }
    work.done("maps of G")
    cascade = randomisation(
        generator, lambda model: explain(model, z[:few]), seed, work.params.num_seeds
    )
    work.done("G randomised")
    _table(work, "randomisation_g", cascade)
    maps = work.without_refused(d_logit_of_g(generator, discriminator), z, maps, images)
    return _examine(work, d_logit(discriminator), images, maps, stability, cascade)


def _examine(
    work: _Work,
    target: Target,
    images: torch.Tensor,
    maps: Maps,
    stability: dict[str, Maps],
    cascade: pd.DataFrame,
) -> Examination:
    return examine(
        target,
        images,
        maps,
        work.fills_of(images, work.seed)[:, 0],
        stability,
        cascade,
        work.seed,
        work.params.num_steps,
        work.done,
        work.events.warning,
    )


def _tables(work: _Work, of_d: Examination, of_g: Examination | None) -> None:
    """The verdict on each method, and what it rests on."""
    found = [each for each in (of_d, of_g) if each is not None]
    measures = pd.concat([each.measures for each in found], ignore_index=True)
    verdict = trust(measures)
    verdict["refused"] = [
        "; ".join(
            f"{row['images']} of {row['of']} maps mean nothing: {row['reason']}"
            for row in work.refused
            if row["method"] == method
        )
        for method in verdict["method"]
    ]
    scores = pd.concat([each.scores for each in found], ignore_index=True)
    curves = pd.concat([each.curves for each in found], ignore_index=True)
    _table(work, "measures", measures)
    _table(work, "trust", verdict)
    _table(work, "removal", curves)
    buffer = io.BytesIO()
    scores.to_parquet(buffer, index=False)
    write_bytes(work.report / "scores.parquet", buffer.getvalue())
    write_json(work.report / "rules.json", RULES)
    show_image(work.report, work.events, "controls", control_chart(measures))
    show_image(work.report, work.events, "removal", removal_chart(curves))
    work.metrics["num_methods"] = len(verdict)
    work.metrics["num_trusted"] = int(verdict["trusted"].sum())
    own = scores[scores["control"] == ""]
    for (measure, method), group in own.groupby(["measure", "method"]):
        if group["value"].notna().any():
            work.metrics[f"{measure}/{method}"] = float(group["value"].mean())


def _agreement(work: _Work, maps: Maps) -> None:
    """Which regions matter: by retraining, and by the maps of D on reals."""
    train = Dataset.load(PREPARED, "train", mapped=True)
    variants, side = Variants.load(), train.images.shape[-1]
    ranking = pd.read_csv(REPORTS / "importance" / "ranking.csv")
    ranking = ranking[ranking["mode"] == "remove"].set_index("features")
    inside = {
        name: feature.inside(side).numpy()
        for name, feature in known(train, variants.grid, variants.masks).items()
        if isinstance(feature, Region) and name in ranking.index
    }
    table = region_importance(maps, inside)
    table.insert(0, "retraining, D", ranking["d_abs_t"].reindex(table.index))
    table.insert(0, "retraining, G", ranking["g_abs_t"].reindex(table.index))
    found = agreement(table)
    _table(work, "regions", table.rename_axis("region").reset_index())
    _table(work, "correlations", found.correlations.rename_axis("method").reset_index())
    write_json(work.report / "agreement.json", {"sentences": found.sentences})
    work.metrics["num_disputed_regions"] = len(found.disputed)
    picture = agreement_picture(train.images.double().mean(0).numpy(), inside, found.ranks)
    show_image(work.report, work.events, "agreement", picture)


def _planted(work: _Work) -> None:
    """The same methods on networks of which the truth is known."""
    seed, height, width = work.seed, *work.samples.fake.shape[-2:]
    # squares and blur whatever was asked for: the planted images are noise without an outline
    methods = replace(work.methods, segments_of=lambda _: grid(height, width, work.methods.window))

    def cam(layer: str, name: str) -> Explainer:
        return lambda target, images: methods.cam_maps(target, [layer], images, (height, width))[
            name
        ]

    def other(name: str) -> Explainer:
        return lambda target, images: methods.maps(
            target, LAYERS[:1], images, baselines("blur", images), seed
        )[name]

    explainers = {
        cam_name(method, layer): cam(layer, cam_name(method, layer))
        for method in methods.cams
        for layer in LAYERS
    }
    explainers |= {name: other(name) for name in (LIME, INTEGRATED_GRADIENTS, OCCLUSION)}
    channels = work.samples.real.shape[1]
    _table(work, "planted", planted_truth(explainers, seed, height, channels))
    work.done("planted truth")


def _few(images: torch.Tensor) -> int:
    """How many images the tests have that explain anew many times: fewer of large ones."""
    return max(4, min(_FEW, _FEW * 32**2 // images[0, 0].numel()))


def _table(work: _Work, name: str, table: pd.DataFrame) -> None:
    write_bytes(work.report / f"{name}.csv", csv_bytes(table))


if __name__ == "__main__":
    stage.run(main, "faithfulness")
