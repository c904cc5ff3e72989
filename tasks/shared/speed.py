"""How quick this machine trains: a few real steps of the GANs that params.yaml asks for.

A process of its own (``python -m tasks.shared.speed``), which prints what it measured as JSON:
whoever tells how long a run will take has no torch. No result depends on it.
"""

import json
import time
from contextlib import suppress

import torch

from ganatomy.data.shape import sides
from ganatomy.device import keep_freed_memory, make_deterministic, resolve_device
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import architecture_for, train
from tasks.params.base import Base
from tasks.params.gan import GanSection
from tasks.params.section import read_document, told_file
from tasks.retrain.params import Retrain
from tasks.shared.work import COMPUTE, RETRAIN, TRAIN, is_adopted, num_channels
from tasks.train.params import Train

_LIMIT_S = 0.8  # of each measure
_WARM_UP = 1  # steps that are not counted
_NUM_CLASSES = 10
# always the same, whatever the values and the defaults: it tells machines apart
_YARDSTICK = TrainingSettings(
    batch_size=32,
    latent_dim=64,
    width=32,
    method=Method(generator="dcgan", discriminator="dcgan", r1=0.0),
)


class _Enough(Exception):
    """Ends a training that was only timed."""


def main() -> None:
    """Print the seconds of a step of each kind."""
    base = Base.load()
    make_deterministic(base.num_threads)
    keep_freed_memory()
    device, method = resolve_device(base.device), GanSection.load().method()
    document = read_document(told_file())
    shape = (num_channels(document), *sides(document["prepare"]["image_size"]))
    found = {COMPUTE: seconds_of_a_step(_YARDSTICK, (1, 28, 28), device)}
    for name, section in ((TRAIN, Train), (RETRAIN, Retrain)):
        if is_adopted(document):  # nothing is trained here, or something by somebody else
            found[name] = found[COMPUTE]
            continue
        found[name] = seconds_of_a_step(section.load().settings(method), shape, device)
    print(json.dumps(found))


def seconds_of_a_step(
    settings: TrainingSettings, shape: tuple[int, ...], device: torch.device
) -> float:
    """Time training steps of one GAN, a whole turn of its penalties where the time allows.

    Parameters
    ----------
    settings : TrainingSettings
    shape : tuple of int
        (channels, size, size) of an image.
    device : torch.device

    Returns
    -------
    float
        Seconds; the mean of the steps after the first.
    """
    draw = torch.Generator().manual_seed(0)
    num_images = 4 * settings.batch_size
    images = torch.randint(0, 256, (num_images, *shape), dtype=torch.uint8, generator=draw)
    labels = torch.arange(num_images) % _NUM_CLASSES
    marks: list[float] = []

    def on_step(_state: TrainingState, _total: int, _values: object) -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        marks.append(time.perf_counter())
        passed_s = marks[-1] - marks[0]
        if len(marks) > _WARM_UP + settings.method.penalty_every or (
            passed_s > _LIMIT_S and len(marks) > _WARM_UP
        ):
            raise _Enough

    state = begin(architecture_for(images, settings, _NUM_CLASSES), settings, 0, device=device)
    with suppress(_Enough):
        train(
            state,
            images,
            labels,
            settings=settings,
            seed=0,
            on_step=on_step,
            measure_every=0,
            total=1_000_000,
        )
    return (marks[-1] - marks[_WARM_UP - 1]) / (len(marks) - _WARM_UP)


if __name__ == "__main__":
    main()
