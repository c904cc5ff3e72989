"""What the same wall time buys: our default method against the plain loop, on Fashion-MNIST."""

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks.plain_loop import train_plainly
from benchmarks.training import BATCH, LATENT_DIM
from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_uint8
from ganatomy.data.sources import TEST, TRAIN, fetch
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import build_gan
from ganatomy.gan.sampling import generate, latents
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import train
from ganatomy.metrics.evaluator import accuracy, extract, train_evaluator
from ganatomy.metrics.frechet import frechet_distance

Data = Callable[[], tuple[Dataset, Dataset]]
_WIDTH = 32
_D = "dcgan"  # with BatchNorm, as in the example
_TIMED = (20, 220)  # steps between which it is timed how long one takes
# the default run's, but for batch and latents, which the plain loop shares
SETTINGS = TrainingSettings(
    epochs=1,
    batch_size=BATCH,
    latent_dim=LATENT_DIM,
    width=_WIDTH,
    learning_rate=2e-3,
    ema_decay=0.995,
    method=Method(discriminator=_D),
)


def fashion_mnist() -> tuple[Dataset, Dataset]:
    """Its training and its test images, from Debian's package or given."""
    raw = fetch("fashion-mnist", Path("given"), 0, retries=0, warn=print)
    assert raw.images is not None
    whole = Dataset(raw.images, raw.labels, raw.class_names)
    return whole.take(raw.split == TRAIN), whole.take(raw.split == TEST)


def measure(
    budget_s: float, seeds: list[int], device_name: str = "cpu", data: Data = fashion_mnist
) -> dict[str, Any]:
    """Train both for `budget_s` seconds of each seed and compare them on 10,000 images.

    Each loop has the networks, batch and latents of the other; the plain one its example's
    optimiser, ours the project's default method with its schedule laid over the steps that fit.
    """
    device = torch.device(device_name)
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    reals, test = data()
    network = train_evaluator(
        reals,
        16,
        2,
        batch_size=64,
        learning_rate=0.003,
        seed=0,
        device=device,
        progress=lambda done, total: None,
    )
    of_test = extract(network, test.images)
    floor = frechet_distance(extract(network, reals.images[: len(test)]), of_test)
    rows = []
    for seed in seeds:
        for loop in (_plain, _ours):
            generator, steps, seconds = loop(reals.images, seed, budget_s, device)
            fcd = frechet_distance(extract(network, _fakes(generator, seed, len(test))), of_test)
            rows.append(
                {
                    "loop": loop.__name__.strip("_"),
                    "seed": seed,
                    "steps": steps,
                    "seconds": round(seconds, 1),
                    "fcd@10000": round(fcd, 3),
                }
            )
            print(rows[-1], flush=True)
    return {
        "device": device_name,
        "budget_s": budget_s,
        "evaluator_accuracy": round(accuracy(network, test), 4),
        "fcd_floor@10000": round(floor, 4),
        "rows": rows,
        "peak_rss_gib": round(_peak_gib(), 2),
    }


def _plain(
    images: torch.Tensor, seed: int, budget_s: float, device: torch.device
) -> tuple[torch.nn.Module, int, float]:
    torch.manual_seed(seed)
    gan = build_gan(_architecture(), seed)
    for network in (gan.generator, gan.discriminator):
        network.to(device).train()
    steps, seconds = train_plainly(
        gan.generator,
        gan.discriminator,
        images,
        LATENT_DIM,
        BATCH,
        0,  # faster here than the example's two workers
        device,
        lambda _, passed_s: passed_s < budget_s,
    )
    return gan.generator.eval(), steps, seconds


def _ours(
    images: torch.Tensor, seed: int, budget_s: float, device: torch.device
) -> tuple[torch.nn.Module, int, float]:
    """As many whole epochs as fit; a short run tells how many, because the schedule needs it."""
    epoch_s = _step_s(images, SETTINGS, seed, device) * (len(images) // BATCH)
    settings = replace(SETTINGS, epochs=int(budget_s / epoch_s))
    state = begin(_architecture(), settings, seed, device=device)
    started = time.perf_counter()
    train(
        state, images, None, settings=settings, seed=seed, on_step=lambda *_: None, measure_every=20
    )
    return state.gan.generator_ema, state.step, time.perf_counter() - started


def _step_s(
    images: torch.Tensor, settings: TrainingSettings, seed: int, device: torch.device
) -> float:
    marks = []

    def on_step(state: TrainingState, total: int, values: object) -> None:
        if state.step in _TIMED:
            marks.append(time.perf_counter())

    state = begin(_architecture(), settings, seed, device=device)
    train(
        state,
        images,
        None,
        settings=settings,
        seed=seed,
        on_step=on_step,
        measure_every=20,
        total=_TIMED[1],
    )
    return (marks[1] - marks[0]) / (_TIMED[1] - _TIMED[0])


def _architecture() -> Architecture:
    return Architecture(28, 1, LATENT_DIM, _WIDTH, discriminator=_D)


def _fakes(generator: torch.nn.Module, seed: int, count: int) -> torch.Tensor:
    return to_uint8(generate(generator, latents(count, _architecture(), seed, "benchmark")))


def _peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
