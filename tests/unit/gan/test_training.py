"""The training loop, step by step."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan import training
from ganatomy.gan.networks import Discriminator, Generator
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.training import Gan, build_gan, train_gan
from ganatomy.rng import generator as random_generator
from tests.unit.conftest import MakeDataset

CPU = torch.device("cpu")
Losses = Callable[[], dict[str, float]]
OnStep = Callable[[int, int, Losses, Gan], None]


def _train(images: torch.Tensor, on_step: OnStep = lambda *_: None, **options: Any) -> Gan:
    settings: dict[str, Any] = {
        "epochs": 2,
        "batch_size": 4,
        "latent_dim": 5,
        "width": 4,
        "learning_rate": 1e-3,
        "beta1": 0.5,
        "beta2": 0.999,
        "ema_decay": 0.9,
    } | options
    seed, device = settings.pop("seed", 3), settings.pop("device", CPU)
    return train_gan(images, TrainingSettings(**settings), seed, device, on_step)


def _weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def _same(one: torch.nn.Module, two: torch.nn.Module) -> bool:
    first, second = _weights(one), _weights(two)
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(real images, latents) of every step that is run."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    step = training._step

    def spy(gan: Gan, optimisers: Any, real: torch.Tensor, z: torch.Tensor) -> Any:
        seen.append((real.clone(), z.clone()))
        return step(gan, optimisers, real, z)

    monkeypatch.setattr(training, "_step", spy)
    return seen


def _numbered(count: int) -> torch.Tensor:
    return torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 1, 28, 28)


def test_two_runs_are_equal_bit_for_bit(make_dataset: MakeDataset) -> None:
    images = make_dataset(9, 3).images
    torch.manual_seed(1)
    one = _train(images)
    torch.manual_seed(2)
    two = _train(images)
    for name in ("generator", "discriminator", "generator_ema"):
        assert _same(getattr(one, name), getattr(two, name))
    other = _train(images, seed=4)
    assert not _same(one.generator, other.generator)
    assert not _same(one.discriminator, other.discriminator)


def test_every_epoch_shows_every_image_once_in_a_new_order(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    _train(_numbered(12), epochs=3)
    assert len(batches) == 9
    shown = [((real[:, 0, 0, 0] + 1) * 127.5).round().int().tolist() for real, _ in batches]
    orders = [[*first, *second, *third] for first, second, third in zip(*[iter(shown)] * 3)]
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3
    for epoch, order in enumerate(orders):
        draw = random_generator(3, "order", epoch)
        assert order == torch.randperm(12, generator=draw).tolist()


def test_what_is_left_of_a_batch_is_dropped(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    _train(_numbered(11), epochs=2)
    assert [len(real) for real, _ in batches] == [4] * 4


def test_latents_are_new_at_every_step_and_the_same_in_every_run(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    _train(_numbered(12), epochs=2)
    _train(_numbered(12).flip(0), epochs=2, width=8)
    latents = [z for _, z in batches]
    assert all(z.shape == (4, 5) for z in latents)
    assert all(torch.equal(one, two) for one, two in zip(latents[:6], latents[6:]))
    assert len({z.numpy().tobytes() for z in latents[:6]}) == 6


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_moving_average_is_the_closed_form(decay: float, make_dataset: MakeDataset) -> None:
    """Weights w_t averaged with factors d_t: sum of w_t (1 - d_t) times all later d."""
    history: list[dict[str, torch.Tensor]] = []
    start = build_gan(28, 1, 5, 4, seed=3).generator

    def remember(done: int, total: int, losses: Losses, gan: Gan) -> None:
        history.append(_weights(gan.generator))

    gan = _train(make_dataset(12).images, remember, epochs=5, ema_decay=decay)
    assert len(history) == 15
    decays = [min(decay, (1 + t) / (10 + t)) for t in range(15)]
    for name, value in gan.generator_ema.named_parameters():
        expected = dict(start.named_parameters())[name].detach().double() * math.prod(decays)
        for t, weights in enumerate(history):
            factor = (1 - decays[t]) * math.prod(decays[t + 1 :])
            expected += weights[name].double() * factor
        torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-7)


def test_moving_average_has_the_generators_statistics(make_dataset: MakeDataset) -> None:
    gan = _train(make_dataset(12).images)
    buffers = dict(gan.generator.named_buffers())
    assert any("running_mean" in name for name in buffers)
    for name, value in gan.generator_ema.named_buffers():
        assert torch.equal(value, buffers[name]), name
    assert int(buffers["norm.num_batches_tracked"]) == 6


def test_both_networks_learn_and_are_given_back_in_eval_mode(make_dataset: MakeDataset) -> None:
    start = build_gan(28, 1, 5, 4, seed=3)
    gan = _train(make_dataset(12).images)
    for name in ("generator", "discriminator"):
        before, after = getattr(start, name), getattr(gan, name)
        assert all(
            not torch.equal(one, two) for one, two in zip(before.parameters(), after.parameters())
        )
    for network in (gan.generator, gan.discriminator, gan.generator_ema):
        assert not any(module.training for module in network.modules())
    assert all(p.requires_grad for p in gan.discriminator.parameters())
    assert not any(p.requires_grad for p in gan.generator_ema.parameters())


def test_discriminator_learns_to_tell_easy_fakes() -> None:
    """With a still generator, D must score white reals above what G makes."""
    white = torch.full((64, 1, 28, 28), 255, dtype=torch.uint8)
    gaps: list[float] = []

    def look(done: int, total: int, losses: Losses, gan: Gan) -> None:
        values = losses()
        gaps.append(values["d_real_logit"] - values["d_fake_logit"])

    _train(white, look, epochs=2, batch_size=8)
    assert gaps[-1] > gaps[0] + 1


def test_steps_follow_the_published_algorithm(make_dataset: MakeDataset) -> None:
    """D's step on reals and fakes, then G's step through the new D, each by plain Adam."""
    images = make_dataset(12).images
    found = _train(images, epochs=1)
    start = build_gan(28, 1, 5, 4, seed=3)
    g, d = start.generator.train(), start.discriminator.train()
    adam_d, adam_g = (
        torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999)) for network in (d, g)
    )
    order = torch.randperm(12, generator=random_generator(3, "order", 0))
    bce = torch.nn.BCEWithLogitsLoss()
    for step, batch in enumerate(order.split(4)):
        z = torch.randn(4, 5, generator=random_generator(3, "latent", step))
        fakes = g(z)
        reals = images[batch].float() / 127.5 - 1
        loss = bce(d(reals), torch.ones(4)) + bce(d(fakes.detach()), torch.zeros(4))
        adam_d.zero_grad()
        loss.backward()
        adam_d.step()
        loss = bce(d(fakes), torch.ones(4))
        adam_g.zero_grad()
        loss.backward()
        adam_g.step()
    for ours, theirs in ((found.generator, g), (found.discriminator, d)):
        for name, value in theirs.named_parameters():
            if name == "layers.2.bias":  # BatchNorm follows: its gradient is rounding noise
                continue
            moved = dict(ours.named_parameters())[name]
            torch.testing.assert_close(moved, value, rtol=0, atol=5e-5, msg=name)


def test_steps_are_told(make_dataset: MakeDataset) -> None:
    told: list[tuple[int, int]] = []
    values: list[dict[str, float]] = []

    def listen(done: int, total: int, losses: Losses, gan: Gan) -> None:
        told.append((done, total))
        values.append(losses())
        assert isinstance(gan.generator, Generator)
        assert isinstance(gan.discriminator, Discriminator)

    _train(make_dataset(9).images, listen, epochs=3)
    assert told == [(done, 6) for done in range(1, 7)]
    assert all(
        sorted(losses) == ["d_fake_logit", "d_loss", "d_real_logit", "g_loss"] for losses in values
    )
    assert abs(values[0]["d_loss"] - 2 * math.log(2)) < 0.3  # D knows nothing yet
    assert abs(values[0]["g_loss"] - math.log(2)) < 0.3


def test_losses_read_later_are_those_of_their_step(make_dataset: MakeDataset) -> None:
    now: list[dict[str, float]] = []
    later: list[Losses] = []

    def keep(done: int, total: int, losses: Losses, gan: Gan) -> None:
        now.append(losses())
        later.append(losses)

    _train(make_dataset(12).images, keep)
    assert [losses() for losses in later] == now
    assert len({tuple(losses.values()) for losses in now}) == len(now)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_images_than_a_batch(count: int, make_dataset: MakeDataset) -> None:
    with pytest.raises(InputError, match=f"{count} training images are fewer than one batch of 4"):
        _train(make_dataset(4).images[:count])
    assert _train(make_dataset(4).images, epochs=1)


def test_divergence_is_an_error_when_looked_at(make_dataset: MakeDataset) -> None:
    def look(done: int, total: int, losses: Losses, gan: Gan) -> None:
        losses()

    with pytest.raises(FloatingPointError, match="diverged"):
        _train(make_dataset(12).images, look, epochs=4, learning_rate=1e30)


def test_divergence_is_an_error_when_nobody_looks(make_dataset: MakeDataset) -> None:
    with pytest.raises(FloatingPointError, match="diverged"):
        _train(make_dataset(12).images, epochs=4, learning_rate=1e30)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["d_loss", "g_loss", "d_real_logit", "d_fake_logit"])
def test_the_value_that_diverged_is_named(name: str, value: float) -> None:
    losses = {key: torch.tensor(0.5) for key in ("d_loss", "g_loss", "d_real_logit")}
    losses[name] = torch.tensor(value)
    with pytest.raises(FloatingPointError, match=f"{name} is {value} at step 7"):
        training._read(losses, 7)


def test_untrained_gan_depends_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = build_gan(28, 1, 8, 4, seed=0)
    torch.manual_seed(2)
    two, other = build_gan(28, 1, 8, 4, seed=0), build_gan(28, 1, 8, 4, seed=1)
    assert _same(one.generator, two.generator)
    assert _same(one.discriminator, two.discriminator)
    assert _same(one.generator, one.generator_ema)
    assert one.generator is not one.generator_ema
    assert not _same(one.generator, other.generator)
    assert not _same(one.discriminator, other.discriminator)
