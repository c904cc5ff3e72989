"""Seconds to judge 10,000 fakes against Fashion-MNIST: 60,000 training and 10,000 test images."""

import time
from typing import Any

import psutil
import torch

from benchmarks.quality import Data, fashion_mnist
from benchmarks.training import BATCH, LATENT_DIM
from ganatomy.data.images import to_uint8
from ganatomy.gan.sampling import generate, latents, score
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.training import train_gan
from ganatomy.metrics.evaluator import train_evaluator
from ganatomy.metrics.quality import Three, judge

_COUNT = 10_000


def measure(
    device_name: str = "cpu", data: Data = fashion_mnist, count: int = _COUNT, epochs: int = 10
) -> dict[str, Any]:
    """What the stage `evaluate` does, in parts; GAN and evaluator have barely trained."""
    device = torch.device(device_name)
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    reals, test = data()
    network = train_evaluator(
        reals,
        16,
        1,
        batch_size=64,
        learning_rate=0.003,
        seed=0,
        device=device,
        progress=lambda done, total: None,
    )
    few = TrainingSettings(
        epochs=epochs,
        batch_size=BATCH,
        latent_dim=LATENT_DIM,
        width=32,
        learning_rate=2e-3,
        ema_decay=0.99,
    )
    gan = train_gan(reals.images[:4000], few, 0, device=device, on_step=lambda *_: None)
    marks = [time.perf_counter()]
    fakes = to_uint8(generate(gan.generator_ema, latents(count, gan.architecture, 0, "benchmark")))
    marks.append(time.perf_counter())
    images = Three(reals.images, test.images, fakes)
    logits = Three(*(score(gan.discriminator, part) for part in images))
    marks.append(time.perf_counter())
    judge(
        images,
        logits,
        network,
        class_names=reals.class_names,
        seed=0,
        num_replicates=200,
        num_suspects=8,
    )
    marks.append(time.perf_counter())
    parts = ("generate_s", "score_s", "judge_s")
    seconds = {
        name: round(after - before, 1) for name, before, after in zip(parts, marks, marks[1:])
    }
    peak_gib = psutil.Process().memory_info().rss / 2**30
    return {
        "device": device_name,
        "num_fakes": count,
        **seconds,
        "total_s": round(marks[-1] - marks[0], 1),
        "rss_gib": round(peak_gib, 2),
    }
