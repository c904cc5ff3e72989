"""One step of a pack against autograd on each network by itself."""

from typing import Any

import pytest
import torch

from ganatomy.gan.ensemble.feed import Feed, View
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import NotStackable, Steps
from ganatomy.gan.losses import loss_named
from ganatomy.gan.penalties import gradient_penalty, r1_penalty, r2_penalty
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from tests.unit.gan.ensemble.packs import architecture, views
from tests.unit.gan.small import CPU, small_settings


def _opened(
    given: list[View], settings: TrainingSettings, classes: int, backend: str
) -> tuple[list[TrainingState], Pack, Feed, Steps]:
    built = architecture(given[0], settings, classes)
    states = [begin(built, settings, view.seed, device=CPU) for view in given]
    pack, feed = Pack(states, settings), Feed(given, built, settings, CPU)
    batch, z = feed.batch(0)
    return states, pack, feed, Steps(pack, z, batch, settings.method, backend)


METHODS: list[tuple[dict[str, Any], dict[str, int]]] = [
    ({"r1": 0.3, "penalty_every": 2}, {}),
    ({"loss": "hinge", "r2": 0.5}, {"channels": 3, "size": 32}),
    ({"loss": "wgan", "gradient_penalty": 10.0}, {}),
    ({"loss": "relativistic", "conditional": True, "r1": 1.0}, {"classes": 3}),
    ({"generator": "resnet", "discriminator": "resnet", "r1": 0.3, "beta1": 0.0}, {}),
    ({"discriminator": "dcgan-plain", "r1": 0.3, "penalty_every": 2}, {}),
    ({"discriminator": "dcgan-layernorm", "r1": 0.3, "penalty_every": 2}, {}),
    ({"discriminator": "dcgan-layernorm", "conditional": True}, {"classes": 3, "size": 64}),
]


@pytest.mark.parametrize("backend", ["grouped", "bmm"])
@pytest.mark.parametrize(("options", "data"), METHODS)
def test_losses_and_gradients_are_those_of_each_network_alone(
    options: dict[str, Any], data: dict[str, int], backend: str
) -> None:
    settings = small_settings(**options)
    method, classes = settings.method, data.get("classes", 0)
    given = views(3, **data)
    states, pack, feed, steps = _opened(given, settings, classes, backend)
    loss = loss_named(method.loss)
    for turn in (0, 1):  # with penalty and without, where it is lazy
        batch, z = feed.batch(turn)
        with torch.no_grad():
            fakes, kept = steps.fakes(pack, z)
            d_losses, d_gradients = steps.of_discriminator(pack, fakes, batch, turn)
            g_losses, g_gradients = steps.of_generator(pack, fakes, kept, batch)
        for index, state in enumerate(states):
            generator, discriminator = state.gan.generator, state.gan.discriminator
            reals = batch.real_images[index].contiguous()
            known = () if batch.labels is None else (batch.labels[index],)
            made = generator(z[index])
            torch.testing.assert_close(fakes[index], made.detach(), rtol=1e-4, atol=1e-5)
            detached = made.detach()
            real_logits = discriminator(reals, *known)
            d_loss = loss.discriminator(real_logits, discriminator(detached, *known))
            total = d_loss
            if turn % method.penalty_every == 0:
                penalty = torch.zeros(())
                if method.r1:
                    penalty = penalty + method.r1 * r1_penalty(discriminator, reals, *known)
                if method.r2:
                    penalty = penalty + method.r2 * r2_penalty(discriminator, detached, *known)
                if batch.mix is not None:
                    between = gradient_penalty(
                        discriminator, reals, detached, batch.mix[index], *known
                    )
                    penalty = penalty + method.gradient_penalty * between
                total = total + method.penalty_every * penalty
            of_d = torch.autograd.grad(total, list(discriminator.parameters()), allow_unused=True)
            fake_logits = discriminator(made, *known)
            if loss.needs_real:
                real_logits = discriminator(reals, *known)
            g_loss = loss.generator(fake_logits, real_logits)
            of_g = torch.autograd.grad(g_loss, list(generator.parameters()))
            torch.testing.assert_close(d_losses[index], d_loss.detach(), rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(g_losses[index], g_loss.detach(), rtol=1e-4, atol=1e-5)
            for found, expected in ((d_gradients, of_d), (g_gradients, of_g)):
                for mine, alone in zip(found, expected, strict=True):
                    scale = float(alone.abs().max())
                    assert float((mine[index] - alone).abs().max()) < 2e-4 * scale + 1e-7
        for index, state in enumerate(states):  # every pass moved the running statistics
            for name, network in (
                ("generator", state.gan.generator),
                ("discriminator", state.gan.discriminator),
            ):
                for key, value in network.named_buffers():
                    held = pack.buffers[name][key][index]
                    torch.testing.assert_close(held, value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"augment": ("translation",)}, "augmentations"),
        ({"spectral_norm": True}, "spectral norm"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({"discriminator": "tests.unit.gan.ensemble.test_steps:Forgetful"}, "random"),
    ],
)
def test_what_cannot_be_stacked_says_why(options: dict[str, Any], reason: str) -> None:
    settings = small_settings(**{"precision": "float32", **options})
    plain = small_settings(**{key: value for key, value in options.items() if key != "precision"})
    given = views(2)
    states = [begin(architecture(given[0], plain), plain, view.seed, device=CPU) for view in given]
    feed = Feed(given, states[0].gan.architecture, plain, CPU)
    batch, z = feed.batch(0)
    with pytest.raises(NotStackable, match=reason):
        Steps(Pack(states, plain), z, batch, settings.method, "grouped")


class Forgetful(torch.nn.Module):
    """A discriminator with dropout: members would share its random numbers."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(),
            torch.nn.Dropout(0.5),
            torch.nn.Linear(channels * image_size**2, 1),
        )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(images).squeeze(1)
        return logits
