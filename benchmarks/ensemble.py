"""Many GANs at once against one after the other: member steps per second."""

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import torch

from ganatomy.device import keep_freed_memory
from ganatomy.gan.ensemble import LOOP, Packing, View, measure
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import begin
from ganatomy.gan.training import architecture_for, train

Shapes = Sequence[tuple[int, int]]
Sizes = Mapping[str, Sequence[int]]
_SHAPES = {"cpu": [(16, 32), (32, 64)], "cuda": [(32, 64)]}  # width, batch
SIZES: dict[str, Sizes] = {  # members of a pack
    "cpu": {"grouped": (1, 4, 16), "bmm": (4,)},
    "cuda": {"grouped": (1, 4, 16, 32, 64), "bmm": (1, 4, 16, 32, 64)},
}
_REPEATS = 3
_STEPS = 16  # one of them with the penalty, as in a whole training
_WARM_UP = 1


def measure_all(
    device_name: str = "cpu",
    shapes: Shapes | None = None,
    sizes: Sizes | None = None,
    repeats: int = _REPEATS,
) -> dict[str, Any]:
    """Each packing and the one-by-one training, by turns.

    `shapes` and `sizes` are those of the device when not given.
    On the CPU a pack is trained in one process of one thread for each core, all at the same time;
    one by one has all threads. On a GPU there is one process.
    """
    rows = []
    sizes = SIZES[device_name] if sizes is None else sizes
    for width, batch in _SHAPES[device_name] if shapes is None else shapes:
        packings = [Packing(LOOP, 1)]
        packings += [Packing(backend, size) for backend in sizes for size in sizes[backend]]
        alone: list[float] = []
        found: dict[Packing, list[float]] = {packing: [] for packing in packings}
        for _ in range(repeats):
            alone.append(_one_by_one(width, batch, device_name))
            for packing in packings:
                found[packing].append(_together(packing, width, batch, device_name))
        speed = statistics.median(alone)
        rows.append(
            {
                "width": width,
                "batch": batch,
                "one_by_one_steps_per_s": round(speed, 1),
                "packings": [
                    {
                        "backend": packing.backend,
                        "size": packing.size,
                        "steps_per_s": round(statistics.median(speeds), 1),
                        "ratio": round(statistics.median(speeds) / speed, 2),
                    }
                    for packing, speeds in found.items()
                ],
            }
        )
    return {"device": device_name, "num_processes": _num_processes(device_name), "rows": rows}


def _num_processes(device_name: str) -> int:
    return (os.cpu_count() or 1) if device_name == "cpu" else 1


def _settings(width: int, batch: int) -> TrainingSettings:
    return TrainingSettings(
        epochs=1,
        batch_size=batch,
        latent_dim=64,
        width=width,
        learning_rate=2e-3,
        ema_decay=0.99,
        method=Method(discriminator="dcgan"),
    )


def _images() -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (4000, 1, 28, 28), generator=draw, dtype=torch.uint8)


def _in_new_process(function: Any, *arguments: Any, count: int = 1) -> list[float]:
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        return list(pool.map(function, *[[argument] * count for argument in arguments]))


def _one_by_one(width: int, batch: int, device_name: str) -> float:
    """Steps a second of the training loop with every thread: data on the device, fused Adam,
    channels_last."""
    return _in_new_process(_train_alone, width, batch, device_name)[0]


def _train_alone(width: int, batch: int, device_name: str) -> float:
    torch.set_num_threads(os.cpu_count() or 1)
    keep_freed_memory()
    device, settings, images = torch.device(device_name), _settings(width, batch), _images()
    state = begin(architecture_for(images, settings, 0), settings, 0, device=device)
    marks: list[float] = []

    def on_step(*_: Any) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()
        marks.append(time.perf_counter())

    train(
        state,
        images,
        None,
        settings=settings,
        seed=0,
        on_step=on_step,
        measure_every=0,
        total=_WARM_UP + 6 * _STEPS,
    )
    return (len(marks) - 1 - _WARM_UP) / (marks[-1] - marks[_WARM_UP])


def _together(packing: Packing, width: int, batch: int, device_name: str) -> float:
    """Steps a second of all members of all processes together; recording is not counted."""
    count = _num_processes(device_name)
    arguments = (packing.backend, packing.size, width, batch, device_name)
    return sum(_in_new_process(_train_pack, *arguments, count=count))


def _train_pack(backend: str, size: int, width: int, batch: int, device_name: str) -> float:
    torch.set_num_threads(1)
    keep_freed_memory()
    settings, images = _settings(width, batch), _images()
    timing = measure(
        Packing(backend, size),
        View(images, None, 0),
        architecture_for(images, settings, 0),
        settings=settings,
        device=torch.device(device_name),
        num_steps=_WARM_UP + _STEPS,
        warm_up=_WARM_UP,
    )
    if timing.member_step_s is None:
        raise RuntimeError(f"{backend} {size}: {timing.reason}")
    return 1 / timing.member_step_s
