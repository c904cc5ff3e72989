"""Stage lime: which squares of an image speak for "real" and which for "fake"."""

import torch

from ganatomy.data.images import write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.explain.lime import LimeExplanation, lime
from ganatomy.explain.targets import d_logit
from ganatomy.files import whole_folder
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate
from ganatomy.report.heatmaps import attribution_sheet
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import GAN, REPORTS
from tasks.params.base import Base
from tasks.params.lime import Lime
from tasks.results import image_path, write_metrics
from tasks.samples import fake_latents, real_images


def main(events: Events) -> None:
    """models/gan, data/prepared -> reports/lime"""
    base, params = Base.load(), Lime.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    gan = load_gan(GAN, device)
    z = fake_latents(params.num_images, gan.architecture, base.seed)
    cases = {
        "d_real": real_images(params.num_images),
        "d_fake": generate(gan.generator_ema, z),
    }
    target = d_logit(gan.discriminator)
    total = sum(len(images) for images in cases.values())
    done = 0
    metrics: dict[str, float | int] = {}
    with whole_folder(REPORTS / "lime") as report:
        for key, images in cases.items():
            found: list[LimeExplanation] = []
            for index, image in enumerate(images.to(device)):
                side, samples = params.segment_side, params.num_samples
                found.append(lime(target, image, side, samples, base.seed, key, index))
                done += 1
                events.progress(done, total, "images")
            scores = torch.tensor([each.target_value for each in found])
            r2 = torch.tensor([each.r2 for each in found], dtype=torch.float64)
            maps = torch.stack([each.attribution for each in found])
            write_tensors(
                report / f"{key}.safetensors",
                {
                    "inputs": images,
                    "scores": scores,
                    "r2": r2,
                    "segments": found[0].segments,
                    "coefficients": torch.stack([each.coefficients for each in found]),
                },
                {"target": target.name},
            )
            notes = [each.refusal or f"R² {each.r2:.2f}" for each in found]
            sheet = attribution_sheet(images, {"LIME": maps}, scores, notes)
            write_png(image_path(report, key), sheet)
            events.image(f"lime_{key}", 0, image_path(report, key))
            metrics[f"mean_r2_{key}"] = float(r2.mean())
        write_metrics(report, metrics)


if __name__ == "__main__":
    stage.run(main, "lime")
