"""Stage lime: what speaks for "real" in images, and which latent coordinates move what G makes."""

from typing import Any

import pandas as pd
import torch
from torch.nn import functional

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.explain.aggregates import submodular_pick
from ganatomy.explain.latent_lime import (
    LatentExplanations,
    joined,
    latent_importance,
    latent_lime,
)
from ganatomy.explain.lime.baselines import baselines
from ganatomy.explain.lime.engine import lime
from ganatomy.explain.lime.explanations import LimeExplanations
from ganatomy.explain.lime.stability import stability
from ganatomy.explain.targets import Target, class_logit, d_logit
from ganatomy.files import whole_folder, write_bytes
from ganatomy.report.heatmaps import attribution_sheet
from ganatomy.report.lime import latent_chart, r2_chart
from ganatomy.tables import csv_bytes
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import REPORTS
from tasks.methods import filler, pool, segments_of
from tasks.names import targets_of
from tasks.params.base import Base
from tasks.params.lime import Lime
from tasks.results import show_image, write_metrics
from tasks.samples import Samples
from tasks.targets import of_generator
from tasks.work import Work


def main(events: Events) -> None:
    """models/gan, models/evaluator, data/prepared -> reports/lime"""
    base, params = Base.load(), Lime.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    samples = Samples.load(max(params.num_images, params.num_averaged), base.seed, device)
    with whole_folder(REPORTS / "lime") as report:
        work = _Work(events, params, base.seed, device, samples, report)
        found = _images(work)
        _average(work, found)
        _latents(work)
        write_metrics(report, work.metrics)


class _Work(Work[Lime]):
    """What the parts of the stage share."""

    def __post_init__(self) -> None:
        self.sampling: dict[str, Any] = {
            "design": self.params.design,
            "num_samples": self.params.num_samples,
            "tolerance": self.params.tolerance or None,
            "max_samples": self.params.max_samples,
            "engine": self.params.engine,
        }

    def explain(
        self, target: Target, images: torch.Tensor, fills: torch.Tensor
    ) -> LimeExplanations:
        params = self.params
        return lime(
            target,
            images.to(self.device),
            segments_of(params, images),
            fills,
            self.seed,
            **self.sampling,
            on_progress=lambda done, total: self.events.progress(done, total, "images"),
            on_warning=self.events.warning,
        )


def _images(work: _Work) -> dict[str, LimeExplanations]:
    """D's logit of real images, of fakes, and of fakes with parts that G made for other latents."""
    samples, params = work.samples, work.params
    hide = filler(params, pool(), work.seed)
    try:
        others = baselines("marginal", samples.fake, samples.fake, work.seed)
    except InputError:  # G makes one image only: LIME says that nothing else can stand there
        others = samples.fake[:, None]
    cases = {
        "d_real": (samples.real, hide(samples.real)),
        "d_fake": (samples.fake, hide(samples.fake)),
        "g_regions": (samples.fake, others),
    }
    target = d_logit(samples.gan.discriminator)
    rows, found = [], {}
    for key, (images, fills) in cases.items():
        each = found[key] = work.explain(target, images, fills)
        picked = submodular_pick(_rows(each), params.num_images)
        again = stability(
            target,
            images[picked].to(work.device),
            segments_of(params, images[picked]),
            fills[picked],
            work.seed,
            params.num_seeds,
            **work.sampling,
        )
        work.metrics[f"mean_stability_{key}"] = float(again.nanmean())
        _keep(work, key, images, each, picked, again, target.name)
        table = pd.DataFrame(
            {
                "group": key,
                "r2": each.r2.numpy(),
                "held_out_r2": each.held_out_r2.numpy(),
                "half_width": each.widths.numpy(),
                "num_samples": each.num_samples.numpy(),
                "refusal": each.refusals,
            }
        )
        rows.append(table)
        work.metrics[f"mean_r2_{key}"] = float(table["r2"].mean())
        work.metrics[f"mean_held_out_r2_{key}"] = float(table["held_out_r2"].mean())
        work.metrics[f"num_refused_{key}"] = sum(map(bool, each.refusals))
    surrogates = pd.concat(rows, ignore_index=True)
    write_bytes(work.report / "surrogates.csv", csv_bytes(surrogates))
    titles = {"d_real": "real", "d_fake": "fake", "g_regions": "fake, parts of other fakes"}
    shown = surrogates.assign(group=surrogates["group"].map(titles))
    show_image(work.report, work.events, "r2", r2_chart(shown))
    return found


def _rows(found: LimeExplanations) -> torch.Tensor:
    """One row of as many numbers for each image: its coefficients, or its map on a coarse grid."""
    if len({len(each) for each in found.coefficients}) == 1:
        return torch.stack(found.coefficients)
    return functional.adaptive_avg_pool2d(found.maps[:, None], 7).flatten(1)


def _keep(
    work: _Work,
    key: str,
    images: torch.Tensor,
    found: LimeExplanations,
    picked: list[int],
    again: torch.Tensor,
    target: str,
) -> None:
    """The explanations that say most, of all that were made."""
    tensors = {
        "inputs": images[picked],
        "scores": found.target_values[picked],
        "maps": found.maps[picked],
        "segments": found.segments[picked],
        "r2": found.r2[picked],
        "held_out_r2": found.held_out_r2[picked],
        "stability": again,
    }
    for place, index in enumerate(picked):
        tensors[f"coefficients/{place:03d}"] = found.coefficients[index]
        tensors[f"low/{place:03d}"] = found.low[index]
        tensors[f"high/{place:03d}"] = found.high[index]
    write_tensors(work.report / f"{key}.safetensors", tensors, {"target": target})
    notes = [
        "" if found.refusals[index] else f"R² {found.held_out_r2[index]:.2f}\nseeds {same:.2f}"
        for index, same in zip(picked, again.tolist())
    ]
    sheet = attribution_sheet(
        images[picked],
        {"LIME": found.maps[picked]},
        found.target_values[picked],
        notes,
        {"LIME": [found.refusals[index] for index in picked]},
    )
    show_image(work.report, work.events, key, sheet)


def _average(work: _Work, found: dict[str, LimeExplanations]) -> None:
    """Mean |coefficient| of each class."""
    titles = {"d_real": "D on reals", "d_fake": "D on fakes", "g_regions": "G's regions"}
    cases = {}
    for key, title in titles.items():
        kept = torch.tensor([not reason for reason in found[key].refusals])
        labels = work.samples.real_labels if key == "d_real" else work.samples.fake_labels
        cases[title] = (key, found[key].maps[kept], labels[kept])
    work.average(cases, {"method": work.params.engine})


def _latents(work: _Work) -> None:
    """Which coordinates of z move each target."""
    samples, params = work.samples, work.params
    z = samples.z[: params.num_latents].to(work.device)
    names = targets_of(params, "latent_targets", work.events.warning)
    asked = of_generator(names, samples, "lime.latent_targets", work.events.warning)
    tables = {}
    for name, target in asked.items():
        found = _of_seen_classes(work, z) if name == "class" else _of_latents(work, target, z)
        tables[name] = latent_importance(found)
        work.metrics[f"latent_held_out_r2/{name}"] = float(found.held_out_r2.nanmean())
    if tables:
        whole = pd.concat(tables, names=["target"]).reset_index(level=0)
        write_bytes(work.report / "latents.csv", csv_bytes(whole))
        show_image(work.report, work.events, "latents", latent_chart(tables))


def _of_latents(work: _Work, target: Target, z: torch.Tensor) -> LatentExplanations:
    params, architecture = work.params, work.samples.gan.architecture
    return latent_lime(
        target,
        z,
        work.seed,
        params.latent_radius,
        num_classes=architecture.num_classes,
        design=params.design,
        num_samples=max(params.num_samples, 4 * architecture.latent_dim),
        on_warning=work.events.warning,
    )


def _of_seen_classes(work: _Work, z: torch.Tensor) -> LatentExplanations:
    """Of each latent the logit of the class that is seen in its own image, wherever it is moved."""
    samples = work.samples
    seen = samples.fake_labels[: len(z)].to(z.device)
    parts = []
    for label in seen.unique().tolist():
        name = samples.class_names[label]
        target = class_logit(samples.evaluator, label, name, samples.gan.generator_ema)
        parts.append(_of_latents(work, target, z[seen == label]))
    return joined(parts, "class")


if __name__ == "__main__":
    stage.run(main, "lime")
