"""The training loop of a pack; for one member it computes what `ganatomy.gan.training` does."""

from collections.abc import Callable

import torch

from ganatomy.gan.ensemble.feed import Feed
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import Steps
from ganatomy.gan.schedules import ema_decay_at, learning_rate_factor
from ganatomy.gan.settings import TrainingSettings


@torch.no_grad()
def train_pack(
    pack: Pack,
    feed: Feed,
    settings: TrainingSettings,
    *,
    steps: Steps,
    total: int,
    on_step: Callable[[int], None],
) -> None:
    """Train a pack from where it is to its last step.

    Parameters
    ----------
    total : int
        Steps of a whole training, the same for every member.
    on_step : callable
        Called after each step with the number of steps done. What it raises ends the training
        after a whole step.
    """
    method = settings.method
    for step in range(pack.step, total):
        factor = learning_rate_factor(step, total, method.schedule, warmup=method.warmup)
        pack.set_learning_rate(settings.learning_rate * factor)
        for turn in range(step * method.n_dis, (step + 1) * method.n_dis):
            batch, z = feed.batch(turn)
            fake_images, kept = steps.fakes(pack, z)
            pack.move("discriminator", steps.of_discriminator(pack, fake_images, batch, turn)[1])
        pack.move("generator", steps.of_generator(pack, fake_images, kept, batch)[1])
        pack.update_ema(ema_decay_at(step, settings.ema_decay))
        pack.step = step + 1
        on_step(pack.step)
