"""The training loop, step by step."""

import copy
import math
from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan import training
from ganatomy.gan.model import Gan, build_gan
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.step import Values
from ganatomy.gan.training import Diverged, architecture_for, num_steps, read, train
from ganatomy.rng import generator as random_generator
from tests.unit.conftest import MakeDataset
from tests.unit.gan.small import CPU, SMALL, OnStep, same, small_settings, train_small, weights

MEASURED = [
    "d_accuracy_fake",
    "d_accuracy_real",
    "d_fake_logit",
    "d_grad_norm",
    "d_loss",
    "d_real_logit",
    "g_grad_norm",
    "g_loss",
]


def _measure(images: torch.Tensor, on_step: OnStep, **options: Any) -> Gan:
    """Train with every step measured."""
    settings = small_settings(**options)
    state = begin(architecture_for(images, settings, 0), settings, 3, device=CPU)
    train(state, images, None, settings=settings, seed=3, on_step=on_step, measure_every=1)
    return state.gan


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(real images, latents) of every step that is run."""
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    fake_batch, d_step = training.fake_batch, training.discriminator_step
    latest: list[torch.Tensor] = []

    def see_latents(state: Any, rules: Any, z: torch.Tensor) -> torch.Tensor:
        latest.append(z.clone())
        return fake_batch(state, rules, z)

    def see_reals(state: Any, rules: Any, reals: torch.Tensor, **named: Any) -> Any:
        seen.append((reals.clone(), latest.pop()))
        return d_step(state, rules, reals, **named)

    monkeypatch.setattr(training, "fake_batch", see_latents)
    monkeypatch.setattr(training, "discriminator_step", see_reals)
    return seen


def _numbered(count: int) -> torch.Tensor:
    return torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).repeat(1, 1, 28, 28)


def test_two_runs_are_equal_bit_for_bit(make_dataset: MakeDataset) -> None:
    images = make_dataset(9, 3).images
    torch.manual_seed(1)
    one = train_small(images)
    torch.manual_seed(2)
    two = train_small(images)
    for name in ("generator", "discriminator", "generator_ema"):
        assert same(getattr(one, name), getattr(two, name))
    other = train_small(images, seed=4)
    assert not same(one.generator, other.generator)
    assert not same(one.discriminator, other.discriminator)


def test_every_epoch_shows_every_image_once_in_a_new_order(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    train_small(_numbered(12), epochs=3)
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
    train_small(_numbered(11), epochs=2)
    assert [len(real) for real, _ in batches] == [4] * 4


def test_latents_are_new_at_every_step_and_the_same_in_every_run(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    train_small(_numbered(12), epochs=2)
    train_small(_numbered(12).flip(0), epochs=2, width=8)
    latents = [z for _, z in batches]
    assert all(z.shape == (4, 5) for z in latents)
    assert all(torch.equal(one, two) for one, two in zip(latents[:6], latents[6:]))
    assert len({z.numpy().tobytes() for z in latents[:6]}) == 6


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_moving_average_is_the_closed_form(decay: float, make_dataset: MakeDataset) -> None:
    """Weights w_t averaged with factors d_t: sum of w_t (1 - d_t) times all later d."""
    history: list[dict[str, torch.Tensor]] = []
    start = build_gan(SMALL, seed=3).generator

    def remember(state: TrainingState, total: int, values: Values | None) -> None:
        history.append(weights(state.gan.generator))

    gan = train_small(make_dataset(12).images, remember, epochs=5, ema_decay=decay)
    assert len(history) == 15
    decays = [min(decay, (1 + t) / (10 + t)) for t in range(15)]
    for name, value in gan.generator_ema.named_parameters():
        expected = dict(start.named_parameters())[name].detach().double() * math.prod(decays)
        for t, earlier in enumerate(history):
            factor = (1 - decays[t]) * math.prod(decays[t + 1 :])
            expected += earlier[name].double() * factor
        torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-7)


def test_moving_average_has_the_generators_statistics(make_dataset: MakeDataset) -> None:
    gan = train_small(make_dataset(12).images)
    buffers = dict(gan.generator.named_buffers())
    assert any("running_mean" in name for name in buffers)
    for name, value in gan.generator_ema.named_buffers():
        assert torch.equal(value, buffers[name]), name
    assert int(buffers["norm.num_batches_tracked"]) == 6


def test_both_networks_learn_and_are_given_back_in_eval_mode(make_dataset: MakeDataset) -> None:
    start = build_gan(SMALL, seed=3)
    gan = train_small(make_dataset(12).images)
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

    def look(state: TrainingState, total: int, values: Values | None) -> None:
        assert values is not None
        gaps.append(float(values["d_real_logit"] - values["d_fake_logit"]))

    _measure(white, look, epochs=2, batch_size=8)
    assert gaps[-1] > gaps[0] + 1


def test_steps_follow_the_published_algorithm(make_dataset: MakeDataset) -> None:
    """D's step on reals and fakes, then G's step through the new D, each by plain Adam."""
    images = make_dataset(12).images
    found = train_small(images, epochs=1)
    start = build_gan(SMALL, seed=3)
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
    measured: list[Values] = []

    def listen(state: TrainingState, total: int, values: Values | None) -> None:
        told.append((state.step, total))
        assert values is not None
        measured.append(values)

    _measure(make_dataset(9).images, listen, epochs=3)
    assert told == [(done, 6) for done in range(1, 7)]
    assert all(sorted(values) == MEASURED for values in measured)
    assert abs(float(measured[0]["d_loss"]) - 2 * math.log(2)) < 0.3  # D knows nothing yet
    assert abs(float(measured[0]["g_loss"]) - math.log(2)) < 0.3
    losses = [read(values, 1)["d_loss"] for values in measured]  # read later, and still their own
    assert len(set(losses)) == len(losses)


@pytest.mark.parametrize(("every", "expected"), [(0, [6]), (1, [1, 2, 3, 4, 5, 6]), (4, [4, 6])])
def test_only_some_steps_are_measured(
    every: int, expected: list[int], make_dataset: MakeDataset
) -> None:
    images, settings = make_dataset(9).images, small_settings(epochs=3)
    state = begin(architecture_for(images, settings, 0), settings, 3, device=CPU)
    measured: list[int] = []

    def listen(state: TrainingState, total: int, values: Values | None) -> None:
        measured.extend([state.step] if values is not None else [])

    train(state, images, None, settings=settings, seed=3, on_step=listen, measure_every=every)
    assert measured == expected


def test_measuring_moves_nothing(make_dataset: MakeDataset) -> None:
    images = make_dataset(12).images
    looked_at = _measure(images, lambda *_: None)
    assert same(looked_at.generator, train_small(images).generator)


def test_measured_values_are_those_of_the_networks(make_dataset: MakeDataset) -> None:
    """Gradient norms and accuracies of the first step, from torch's own functions."""
    images = make_dataset(4).images
    found: list[dict[str, float]] = []
    _measure(images, lambda state, total, v: found.append(read(v or {}, 1)), epochs=1)
    start = build_gan(SMALL, seed=3)
    g, d = start.generator.train(), start.discriminator.train()
    order = torch.randperm(4, generator=random_generator(3, "order", 0))
    reals = images[order].float() / 127.5 - 1
    fakes = g(torch.randn(4, 5, generator=random_generator(3, "latent", 0)))
    real, fake = d(reals), d(fakes.detach())
    bce = torch.nn.BCEWithLogitsLoss()
    loss = bce(real, torch.ones(4)) + bce(fake, torch.zeros(4))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(d.parameters(), 1e9)
    assert found[0]["d_loss"] == pytest.approx(float(loss.detach()), rel=1e-5)
    assert found[0]["d_grad_norm"] == pytest.approx(float(norm), rel=1e-3)
    assert found[0]["d_accuracy_real"] == float((real > 0).float().mean())
    assert found[0]["d_accuracy_fake"] == float((fake < 0).float().mean())
    assert found[0]["d_real_logit"] == pytest.approx(float(real.detach().mean()), abs=1e-5)
    assert found[0]["d_fake_logit"] == pytest.approx(float(fake.detach().mean()), abs=1e-5)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_fewer_images_than_a_batch(count: int, make_dataset: MakeDataset) -> None:
    with pytest.raises(InputError, match=f"{count} training images are fewer than one batch of 4"):
        train_small(make_dataset(4).images[:count])
    assert train_small(make_dataset(4).images, epochs=1)


def test_divergence_is_an_error_when_looked_at(make_dataset: MakeDataset) -> None:
    def look(state: TrainingState, total: int, values: Values | None) -> None:
        read(values or {}, state.step)

    with pytest.raises(Diverged, match="diverged"):
        _measure(make_dataset(12).images, look, epochs=4, learning_rate=1e30)


def test_divergence_is_an_error_when_nobody_looks(make_dataset: MakeDataset) -> None:
    with pytest.raises(Diverged, match="no longer finite after 12 steps"):
        train_small(make_dataset(12).images, epochs=4, learning_rate=1e30)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["d_loss", "g_grad_norm"])
def test_the_value_that_diverged_is_named(name: str, value: float) -> None:
    values = {"d_loss": torch.tensor(0.5), "g_loss": torch.tensor(0.5)}
    values[name] = torch.tensor(value)
    with pytest.raises(Diverged, match=f"{name} is {value} at step 7"):
        read(values, 7)


def test_discriminator_may_take_several_steps(
    batches: list[tuple[torch.Tensor, torch.Tensor]],
) -> None:
    """As many images of each epoch, and latents of their own for every one of them."""
    settings = small_settings(epochs=4, n_dis=3)
    assert num_steps(12, settings) == 4
    gan = train_small(_numbered(12), epochs=4, n_dis=3)
    assert len(batches) == 12
    assert len({z.numpy().tobytes() for _, z in batches}) == 12
    assert int(gan.generator.norm.num_batches_tracked) == 12


def test_untrained_gan_depends_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = build_gan(SMALL, seed=0)
    torch.manual_seed(2)
    two, other = build_gan(SMALL, seed=0), build_gan(SMALL, seed=1)
    assert same(one.generator, two.generator)
    assert same(one.discriminator, two.discriminator)
    assert same(one.generator, one.generator_ema)
    assert one.generator is not one.generator_ema
    assert not same(one.generator, other.generator)
    assert not same(one.discriminator, other.discriminator)


def test_a_trained_network_can_be_copied(make_dataset: MakeDataset) -> None:
    """Torch's older spectral norm keeps what it computed in the last step."""
    name = "tests.unit.gan.networks.owned:OldNorm"
    gan = train_small(make_dataset(8).images, discriminator=name)
    copied = copy.deepcopy(gan.discriminator)
    assert same(copied, gan.discriminator)
    images = torch.ones(2, 1, 28, 28)
    assert torch.equal(copied(images), gan.discriminator(images))
