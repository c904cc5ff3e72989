"""What a method changes in the training loop: schedule, loss, penalties, classes."""

from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.gan.state import TrainingState
from ganatomy.gan.step import Values
from ganatomy.gan.training import train_gan
from ganatomy.rng import generator as random_generator
from tests.unit.conftest import MakeDataset
from tests.unit.gan.small import CPU, same, small_settings, train_small


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_learning_rate_follows_its_schedule(schedule: str, make_dataset: MakeDataset) -> None:
    rates: list[float] = []

    def look(state: TrainingState, total: int, values: Values | None) -> None:
        rates.extend(
            group["lr"]
            for optimiser in state.optimisers.values()
            for group in optimiser.param_groups
        )

    train_small(make_dataset(12).images, look, epochs=4, schedule=schedule, warmup=0.25)
    of_g = rates[::2]
    assert of_g == rates[1::2]
    assert max(of_g) == pytest.approx(1e-3)
    assert of_g[0] < of_g[2]
    assert of_g[-1] < 0.12 * max(of_g)


METHODS: list[dict[str, Any]] = [
    {"loss": "hinge"},
    {"loss": "wgan", "gradient_penalty": 10.0, "n_dis": 2},
    {"loss": "relativistic", "r1": 1.0, "r2": 1.0},
    {"r1": 10.0, "penalty_every": 4},
    {"augment": ("translation", "cutout", "colour")},
    {"spectral_norm": True},
    {"generator": "resnet", "discriminator": "resnet", "loss": "relativistic", "r1": 1.0},
    pytest.param(
        {"precision": "bfloat16"},
        marks=pytest.mark.skipif(
            not torch.cpu._is_avx512_bf16_supported(), reason="this CPU has no bfloat16"
        ),
    ),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: "-".join(map(str, method)))
def test_every_method_trains_the_same_twice(
    method: dict[str, Any], make_dataset: MakeDataset
) -> None:
    images = make_dataset(9).images
    torch.manual_seed(1)
    one = train_small(images, **method)
    torch.manual_seed(2)
    two = train_small(images, **method)
    plain = train_small(images, n_dis=method.get("n_dis", 1))
    for name in ("generator", "discriminator", "generator_ema"):
        assert same(getattr(one, name), getattr(two, name))
    assert not same(one.discriminator, plain.discriminator)


def test_penalty_is_weighted_and_lazy(make_dataset: MakeDataset) -> None:
    """At step 0 a penalty every 4 steps weighs 4 times as much; at steps 1 to 3 there is none."""
    images = make_dataset(4).images
    every_step = train_small(images, epochs=1, r1=8.0)
    lazily = train_small(images, epochs=1, r1=2.0, penalty_every=4)
    assert same(every_step.discriminator, lazily.discriminator)
    assert not same(every_step.discriminator, train_small(images, epochs=1).discriminator)


def test_conditional_fakes_have_the_classes_of_the_reals(make_dataset: MakeDataset) -> None:
    data = make_dataset(12)
    settings = small_settings(conditional=True)
    seen: list[torch.Tensor] = []

    def look(state: TrainingState, total: int, values: Values | None) -> None:
        if state.step == 1:
            state.gan.generator.register_forward_pre_hook(lambda _, z: seen.append(z[0]))

    gan = train_gan(
        data.images, settings, 3, device=CPU, on_step=look, labels=data.labels, num_classes=3
    )
    assert gan.architecture.num_classes == 3
    order = torch.randperm(12, generator=random_generator(3, "order", 0))
    for turn, z in enumerate(seen[:2], start=1):
        assert z.shape == (4, 5 + 3)
        assert torch.equal(z[:, 5:].argmax(1), data.labels[order[turn * 4 : turn * 4 + 4]])


def test_conditional_without_classes_is_refused(make_dataset: MakeDataset) -> None:
    data = make_dataset(12)
    for labels in (None, torch.full((12,), -1)):
        with pytest.raises(InputError, match="needs the class of every") as caught:
            train_gan(
                data.images,
                small_settings(conditional=True),
                3,
                device=CPU,
                on_step=lambda *_: None,
                labels=labels,
                num_classes=3,
            )
        assert caught.value.where == "conditional"
