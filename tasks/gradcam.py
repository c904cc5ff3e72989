"""Stage gradcam: where D looks, which parts of G carry what, and whether that is so."""

from collections.abc import Sequence

import pandas as pd
import torch

from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.errors import InputError
from ganatomy.explain.ablation import causal_check
from ganatomy.explain.disagreement import Disagreement, disagreement
from ganatomy.explain.dissection import Reader, dissect
from ganatomy.explain.gradcam import Cams
from ganatomy.explain.methods import cam_name, cams_or_nan, refusals
from ganatomy.explain.targets import (
    Target,
    concept,
    d_logit,
    d_logit_of_g,
    difference,
)
from ganatomy.files import whole_folder, write_bytes, write_json
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate
from ganatomy.report.causal import causal_chart
from ganatomy.report.disagreement import disagreement_sheet
from ganatomy.report.dissection import dissection_table
from ganatomy.report.heatmaps import attribution_sheet
from ganatomy.tables import csv_bytes
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import HISTORY, REPORTS
from tasks.names import concepts_of, targets_of
from tasks.params.base import Base
from tasks.params.gradcam import Gradcam
from tasks.results import show_image, write_metrics
from tasks.samples import Samples
from tasks.targets import concepts, of_generator
from tasks.work import Work

_FILM_COLUMNS = 6
_LOCAL = "hirescam"  # keeps the gradient of each place; Grad-CAM's is a mean over the image
_G = "generator."  # of G's layers in the chain z -> G -> D


def main(events: Events) -> None:
    """models/gan, models/history, models/evaluator, data/prepared -> reports/gradcam"""
    base, params = Base.load(), Gradcam.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    keep_freed_memory()
    count = max(params.num_images, params.num_averaged, params.num_ablated)
    samples = Samples.load(count, base.seed, device)
    parts = (_maps, _targets, _compare, _average, _check_causes, _dissect, _film)
    with whole_folder(REPORTS / "gradcam") as report:
        work = _Work(events, params, base.seed, device, samples, report)
        for done, part in enumerate(parts, start=1):
            part(work)
            events.progress(done, len(parts), "parts")
        write_json(report / "refusals.json", work.refused)
        write_metrics(report, {**work.metrics, "num_refusals": len(work.refused)})


class _Work(Work[Gradcam]):
    """What the parts of the stage share."""

    def __post_init__(self) -> None:
        self.found: dict[str, Cams] = {}
        self.reasons: dict[str, list[str]] = {}  # why a case as a whole means nothing
        self.metrics = {
            "num_layers_d": len(self.samples.of_d.convolutions),
            "num_layers_g": len(self.samples.of_g.convolutions),
        }
        for network, layers in (("D", self.samples.of_d), ("G", self.samples.of_g)):
            for name, reason in layers.left_out.items():
                self.events.warning(f"{network}'s layer {name} has no maps: it {reason}")
            if not layers.convolutions:
                self.events.warning(f"no layer of {network} returns a feature map: it has no maps")

    def cams(self, target: Target, layers: Sequence[str], inputs: torch.Tensor) -> Cams:
        size = (self.samples.fake.shape[-2], self.samples.fake.shape[-1])
        methods = tuple(dict.fromkeys([*self.params.methods, _LOCAL]))
        return cams_or_nan(
            target, layers, inputs.to(self.device), size, methods, self.events.warning
        )

    def local(self, key: str) -> torch.Tensor | None:
        """Maps of a case where its network is looked at as a whole."""
        last = self.samples.of_g.last if key == "g_fake" else self.samples.of_d.last
        if last is None:
            return None
        return self.found[key].maps[_LOCAL][_G + last if key == "g_fake" else last]

    def refuse(
        self,
        case: str,
        target: Target,
        inputs: torch.Tensor,
        maps: dict[str, torch.Tensor],
        images: torch.Tensor,
    ) -> dict[str, list[str]]:
        """Note and return why maps should not be shown."""
        found = refusals(target, inputs.to(self.device), maps, images)
        for method, reasons in found.items():
            for reason in dict.fromkeys(filter(None, reasons)):
                about: dict[str, str | int] = {"case": case, "method": method, "reason": reason}
                self.refused.append({**about, "images": reasons.count(reason)})
        return found

    def sheet(
        self,
        key: str,
        target: Target,
        inputs: torch.Tensor,
        maps: dict[str, torch.Tensor],
        images: torch.Tensor,
        scores: torch.Tensor,
    ) -> None:
        """Draw maps, or why there are none."""
        few = self.params.num_images
        reasons = self.refuse(key, target, inputs, maps, images)
        if maps and all(all(each) for each in reasons.values()):
            self.reasons[key] = next(iter(reasons.values()))
        picture = attribution_sheet(
            images[:few],
            {_title(name): each[:few] for name, each in maps.items()},
            scores[:few],
            None,
            {_title(name): each[:few] for name, each in reasons.items()},
        )
        show_image(self.report, self.events, key, picture)

    def table(self, name: str, table: pd.DataFrame) -> None:
        write_bytes(self.report / f"{name}.csv", csv_bytes(table))


def _maps(work: _Work) -> None:
    """Of every layer, for D's logit; and for the difference that relativistic losses see."""
    samples, shown = work.samples, work.params.num_images
    of_d = d_logit(samples.gan.discriminator)
    of_g = d_logit_of_g(samples.gan.generator_ema, samples.gan.discriminator)
    both = min(shown, len(samples.real))
    pairs = torch.stack([samples.real[:both], samples.fake[:both]], 1)
    of_pairs = difference(samples.gan.discriminator)
    cases = {
        "d_real": (of_d, samples.of_d, "", samples.real),
        "d_fake": (of_d, samples.of_d, "", samples.fake),
        "g_fake": (of_g, samples.of_g, _G, samples.z),
        "difference": (of_pairs, samples.of_d, "", pairs),
    }
    for key, (target, layers, within, inputs) in cases.items():
        names = [within + name for name in layers.convolutions]
        last = [within + layers.last] if layers.last else []
        cams = work.found[key] = work.cams(target, list(dict.fromkeys([*names, *last])), inputs)
        named = {
            cam_name(method, layer): cams.maps[method][layer]
            for method in work.params.methods
            for layer in names
        }
        write_tensors(
            work.report / f"{key}.safetensors",
            {
                "inputs": inputs[:shown],
                "scores": cams.scores[:shown],
                **{name: maps[:shown] for name, maps in named.items()},
            },
            {"target": target.name, "layers": ",".join(names)},
        )
        if key != "difference":
            images = samples.real if key == "d_real" else samples.fake
            work.sheet(key, target, inputs, named, images, cams.scores)


def _targets(work: _Work) -> None:
    """What else G can be asked: each target's maps at the output image."""
    samples, shown = work.samples, work.params.num_images
    if samples.of_g.last is None:
        return
    names = targets_of(work.params, "targets", work.events.warning)
    asked = of_generator(names, samples, "gradcam.targets", work.events.warning)
    tensors: dict[str, torch.Tensor] = {}
    reasons: dict[str, list[str]] = {}
    for name, target in asked.items():
        within = "" if target.model is samples.gan.generator_ema else _G
        layer = within + samples.of_g.last
        cams = work.cams(target, [layer], samples.z)
        tensors |= {name: cams.maps[_LOCAL][layer], f"scores/{name}": cams.scores}
        reasons |= work.refuse(name, target, samples.z, {name: tensors[name]}, samples.fake)
    note = {"layer": samples.of_g.last, "method": _LOCAL}
    few = {name: each[:shown] for name, each in tensors.items()}
    write_tensors(work.report / "g_targets.safetensors", few, note)
    if asked:
        rows = {name: few[name] for name in asked}
        logits = work.found["g_fake"].scores[:shown]
        sheet = attribution_sheet(samples.fake[:shown], rows, logits, None, reasons)
        show_image(work.report, work.events, "g_targets", sheet)


def _compare(work: _Work) -> None:
    """Where D looks on fakes against where G puts its effort."""
    samples, shown = work.samples, work.params.num_images
    of_d, of_g = work.local("d_fake"), work.local("g_fake")
    if of_d is None or of_g is None:
        return
    found = disagreement(of_d, of_g)
    names = ("overlap", "chance_overlap", "correlation")
    work.table("disagreement", pd.DataFrame({name: getattr(found, name) for name in names}))
    for name in names:
        work.metrics[f"mean_{name}"] = float(getattr(found, name).nanmean())
    few = Disagreement(found.map[:shown], **{name: getattr(found, name)[:shown] for name in names})
    sheet = disagreement_sheet(samples.fake[:shown], of_d[:shown], of_g[:shown], few)
    show_image(work.report, work.events, "disagreement", sheet)


def _average(work: _Work) -> None:
    """Mean |map| of each class."""
    cases = {}
    for title, key in (("D on reals", "d_real"), ("D on fakes", "d_fake"), ("G", "g_fake")):
        maps = work.local(key)
        if maps is not None and key not in work.reasons:
            labels = work.samples.real_labels if key == "d_real" else work.samples.fake_labels
            cases[title] = (key, maps, labels)
    work.average(cases, {"method": _LOCAL})


def _check_causes(work: _Work) -> None:
    """Whether the channels that Grad-CAM credits move the target more than random ones."""
    samples, params = work.samples, work.params
    count = params.num_ablated
    of_d = d_logit(samples.gan.discriminator)
    of_g = d_logit_of_g(samples.gan.generator_ema, samples.gan.discriminator)
    tables = []
    for network, key, target, inputs in (
        ("D", "d_real", of_d, samples.real),
        ("G", "g_fake", of_g, samples.z),
    ):
        for layer, contributions in work.found[key].contributions.items():
            own = layer.removeprefix(_G) in (samples.of_g if network == "G" else samples.of_d).wide
            if not own or not bool(contributions.isfinite().all()):
                continue
            table = causal_check(
                target,
                layer,
                inputs[:count].to(work.device),
                contributions[:count],
                num_random=params.num_random,
                seed=work.seed,
                on_warning=work.events.warning,
            )
            table["layer"] = f"{network} {layer.removeprefix(_G)}"
            tables.append(table)
    tables = [each for each in tables if len(each)]
    if not tables:
        return
    table = pd.concat(tables, ignore_index=True)
    work.table("causal", table)
    work.metrics["share_of_causal_checks_passed"] = float(table["passes"].mean())
    show_image(work.report, work.events, "causal", causal_chart(table))


def _dissect(work: _Work) -> None:
    """Which units of G carry which concept, by what goes when they are held still."""
    samples, params = work.samples, work.params
    names = concepts_of(params, work.events.warning)
    read = concepts(names, samples.evaluator, "gradcam.concepts", work.events.warning)
    rows = [{"concept": each.name, "held_out_r2": each.r2} for each in read]
    work.table("concepts", pd.DataFrame(rows, columns=["concept", "held_out_r2"]))
    if not samples.of_g.wide:
        return
    evaluator, discriminator = samples.evaluator, samples.gan.discriminator
    readers: dict[str | tuple[str, ...], Reader] = {"D's logit": d_logit(discriminator).values}
    for what in read:
        readers[what.name] = concept(evaluator, what).values
    if samples.class_names:
        readers[samples.class_names] = evaluator
    try:
        table = dissect(
            samples.gan.generator_ema,
            list(samples.of_g.wide),
            samples.z[: params.num_ablated].to(work.device),
            readers,
            fdr=params.fdr,
            max_units=params.num_units,
            on_warning=work.events.warning,
        )
    except InputError as error:  # a G that makes one image
        work.events.warning(f"no dissection: {error.what}")
        return
    work.table("dissection", table)
    work.metrics["num_units_that_stand_out"] = int(
        table[table["stands_out"]].groupby(["layer", "unit"]).ngroups
    )
    show_image(work.report, work.events, "dissection", dissection_table(table))


def _film(work: _Work) -> None:
    """The same latents, and where D and G looked, over the training."""
    samples, steps = work.samples, {}
    z = samples.z[:_FILM_COLUMNS]
    for folder in sorted(HISTORY.iterdir()):
        gan = load_gan(folder, work.device)
        fake = generate(gan.generator_ema, z)
        of_d, of_g = d_logit(gan.discriminator), d_logit_of_g(gan.generator_ema, gan.discriminator)
        rows = {}
        if (last := samples.of_d.last) is not None:
            rows["where D looks"] = work.cams(of_d, [last], fake).maps[_LOCAL][last]
        if (last := samples.of_g.last) is not None:
            rows["G's part in it"] = work.cams(of_g, [_G + last], z).maps[_LOCAL][_G + last]
        steps[int(folder.name)] = (fake, rows, work.cams(of_d, [], fake).scores)
    every = [rows for _, rows, _ in steps.values()]
    limits = {
        name: max(float(rows[name].nan_to_num(0).abs().max()) for rows in every)
        for name in every[0]
    }
    for step, (fake, rows, scores) in steps.items():
        reasons = {name: [_nothing(each) for each in maps] for name, maps in rows.items()}
        sheet = attribution_sheet(fake, rows, scores, [f"step {step:,}"], reasons, limits)
        show_image(work.report, work.events, "film", sheet, step)


def _nothing(found: torch.Tensor) -> str:
    """Why a frame of the film shows no map."""
    if not bool(found.isfinite().all()):
        return "not a number"
    return "" if float(found.max()) > float(found.min()) else "flat"


def _title(name: str) -> str:
    """Of a row: the layer above the method."""
    method, _, layer = name.partition(" ")
    return f"{layer.removeprefix(_G)}\n{method}"


if __name__ == "__main__":
    stage.run(main, "gradcam")
