"""Stage gradcam: where D looks, and what in G makes D say "real"."""

from ganatomy.data.images import write_png
from ganatomy.device import make_deterministic, resolve_device
from ganatomy.explain.gradcam import gradcam
from ganatomy.explain.targets import d_logit, d_logit_of_g
from ganatomy.files import whole_folder
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.networks import convolutions
from ganatomy.gan.sampling import generate
from ganatomy.report.heatmaps import attribution_sheet
from ganatomy.tensors import write_tensors
from tasks import stage
from tasks.events import Events
from tasks.layout import GAN, REPORTS
from tasks.params.base import Base
from tasks.params.gradcam import Gradcam
from tasks.results import image_path, write_metrics
from tasks.samples import fake_latents, real_images


def main(events: Events) -> None:
    """models/gan, data/prepared -> reports/gradcam"""
    base, params = Base.load(), Gradcam.load()
    device = resolve_device(base.device)
    make_deterministic(base.num_threads)
    gan = load_gan(GAN, device)
    real = real_images(params.num_images)
    z = fake_latents(params.num_images, gan.architecture, base.seed)
    fake = generate(gan.generator_ema, z)
    size = (real.shape[-2], real.shape[-1])
    of_d = d_logit(gan.discriminator)
    of_g = d_logit_of_g(gan.generator_ema, gan.discriminator)
    layers_d = list(convolutions(gan.discriminator))
    layers_g = [f"generator.{name}" for name in convolutions(gan.generator_ema)]
    cases = {
        "d_real": (of_d, layers_d, real.to(device), real),
        "d_fake": (of_d, layers_d, fake.to(device), fake),
        "g_fake": (of_g, layers_g, z.to(device), fake),
    }
    with whole_folder(REPORTS / "gradcam") as report:
        for done, (key, (target, layers, inputs, shown)) in enumerate(cases.items(), start=1):
            maps = gradcam(target, layers, inputs, size)
            scores = target.score(inputs).detach().cpu()
            about = {"target": target.name, "layers": ",".join(layers)}
            write_tensors(
                report / f"{key}.safetensors",
                {"inputs": inputs, "scores": scores, **maps},
                about,
            )
            titles = {name: name.removeprefix("generator.") for name in layers}
            sheet = attribution_sheet(shown, {titles[n]: m for n, m in maps.items()}, scores)
            write_png(image_path(report, key), sheet)
            events.image(f"gradcam_{key}", 0, image_path(report, key))
            events.progress(done, len(cases), "targets")
        write_metrics(report, {"num_layers_d": len(layers_d), "num_layers_g": len(layers_g)})


if __name__ == "__main__":
    stage.run(main, "gradcam")
