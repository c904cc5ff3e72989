"""The training loop: images per second, share of the machine's peak, cost of a checkpoint."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.plain_loop import train_plainly
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import build_gan
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.snapshots import Snapshots
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import train

Shapes = Sequence[tuple[int, int, int]]
BATCH = 64
LATENT_DIM = 64
SHAPES = ((28, 1, 16), (28, 1, 32), (32, 3, 32))  # pixels, channels, width
_REPEATS = 5
_STEPS = 120
_WORKERS = (0, 2)  # of the plain loop's DataLoader; the example's default is 2
# as the plain loop that it is compared with: a loss and Adam, nothing else
PLAIN = Method(discriminator="dcgan", r1=0.0, penalty_every=1, beta1=0.5, schedule="constant")


def measure(
    device_name: str = "cpu", shapes: Shapes = SHAPES, repeats: int = _REPEATS
) -> dict[str, Any]:
    """Both loops with the same networks, by turns.

    Returns
    -------
    dict
        For each image size and width the medians over repeats, ratios, FLOP/s over the
        matrix-product peak, and seconds of a checkpoint.
    """
    device = torch.device(device_name)
    torch.set_num_threads(psutil.cpu_count(logical=False) or 1)
    peak = _matmul_peak(device)
    rows = [
        _row(_dcgan(size, channels, width), peak, device, repeats)
        for size, channels, width in shapes
    ]
    return {"device": device_name, "matmul_peak_gflop_per_s": round(peak / 1e9), "rows": rows}


def _dcgan(size: int, channels: int, width: int) -> Architecture:
    return Architecture(size, channels, LATENT_DIM, width, "dcgan", "dcgan")


def _row(
    architecture: Architecture, peak: float, device: torch.device, repeats: int
) -> dict[str, Any]:
    images = _noise(4000, architecture.channels, architecture.image_size)
    plain: dict[int, list[float]] = {workers: [] for workers in _WORKERS}
    ours: list[float] = []
    for _ in range(repeats):
        for workers in _WORKERS:
            plain[workers].append(_plain_speed(architecture, images, workers, device))
        ours.append(_our_speed(architecture, images, device))
    speed, medians = statistics.median(ours), {k: statistics.median(v) for k, v in plain.items()}
    flop = _flop_per_step(architecture)
    return {
        "image_size": architecture.image_size,
        "channels": architecture.channels,
        "width": architecture.width,
        "plain_img_per_s": {str(workers): round(value) for workers, value in medians.items()},
        "ours_img_per_s": round(speed),
        "ratio_to_best_plain": round(speed / max(medians.values()), 3),
        "ratio_to_example": round(speed / medians[2], 3),
        "gflop_per_step": round(flop / 1e9, 3),
        "share_of_peak": round(flop * speed / BATCH / peak, 3),
        "checkpoint_s": round(_checkpoint_s(architecture, device), 4),
    }


def _plain_speed(
    architecture: Architecture, images: torch.Tensor, workers: int, device: torch.device
) -> float:
    gan = build_gan(architecture, 0)
    networks = [network.to(device).train() for network in (gan.generator, gan.discriminator)]
    steps, seconds = train_plainly(
        *networks, images, LATENT_DIM, BATCH, workers, device, lambda done, _: done < _STEPS
    )
    return steps * BATCH / seconds


def _our_speed(architecture: Architecture, images: torch.Tensor, device: torch.device) -> float:
    epochs = -(-_STEPS // (len(images) // BATCH))
    settings = TrainingSettings(
        epochs=epochs,
        batch_size=BATCH,
        latent_dim=LATENT_DIM,
        width=architecture.width,
        learning_rate=2e-4,
        ema_decay=0.995,
        method=PLAIN,
    )
    state = begin(architecture, settings, 0, device=device)
    marks = [time.perf_counter()]

    def on_step(state: TrainingState, total: int, values: Any) -> None:
        if state.step == _STEPS:
            if device.type == "cuda":
                torch.cuda.synchronize()
            marks.append(time.perf_counter())

    train(state, images, None, settings=settings, seed=0, on_step=on_step, measure_every=20)
    return _STEPS * BATCH / (marks[1] - marks[0])


def _flop_per_step(architecture: Architecture) -> int:
    """Of the arithmetic that both loops do: D on reals and fakes, then G through D."""
    gan = build_gan(architecture, 0)
    size = architecture.image_size
    with FlopCounterMode(display=False) as counter:
        fakes = gan.generator(torch.randn(BATCH, LATENT_DIM))
        reals = torch.rand(BATCH, architecture.channels, size, size)
        (gan.discriminator(reals).mean() + gan.discriminator(fakes.detach()).mean()).backward()
        gan.discriminator.requires_grad_(False)
        gan.discriminator(fakes).mean().backward()
    return int(counter.get_total_flops())


def _checkpoint_s(architecture: Architecture, device: torch.device) -> float:
    """Median seconds to write one, to the disk that holds the temporary folder."""
    settings = TrainingSettings(
        epochs=1,
        batch_size=BATCH,
        latent_dim=LATENT_DIM,
        width=architecture.width,
        learning_rate=2e-4,
        ema_decay=0.995,
        method=PLAIN,
    )
    images = _noise(BATCH, architecture.channels, architecture.image_size)
    state = begin(architecture, settings, 0, device=device)
    train(state, images, None, settings=settings, seed=0, on_step=lambda *_: None, measure_every=0)
    seconds = []
    with tempfile.TemporaryDirectory() as folder:
        kept = Snapshots(Path(folder), 2)
        for step in range(1, 12):
            state.step = step
            started = time.perf_counter()
            kept.write(state, None, {})
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def _matmul_peak(device: torch.device) -> float:
    """FLOP/s of a large float32 matrix product: the best of a dozen."""
    size = 2048 if device.type == "cpu" else 8192
    a, b = torch.randn(size, size, device=device), torch.randn(size, size, device=device)
    best = float("inf")
    for _ in range(12):
        started = time.perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return float(2 * size**3 / best)


def _noise(count: int, channels: int, size: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, channels, size, size), generator=draw, dtype=torch.uint8)
