"""A training state comes back to the last bit, or it is said why not."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.settings import TrainingSettings
from ganatomy.gan.state import TrainingState, begin
from ganatomy.gan.training import train
from tests.unit.conftest import MakeDataset
from tests.unit.gan.small import PLAIN

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(
    epochs=2,
    batch_size=4,
    latent_dim=5,
    width=4,
    learning_rate=1e-3,
    ema_decay=0.9,
    method=replace(PLAIN, spectral_norm=True),
)
SHAPE = Architecture(28, 1, 5, 4, spectral_norm=True)


def _begin(shape: Architecture = SHAPE) -> TrainingState:
    return begin(shape, SETTINGS, 0, device=CPU)


@pytest.fixture
def trained(make_dataset: MakeDataset) -> TrainingState:
    """Six steps old."""
    state = _begin()
    train(
        state,
        make_dataset(12).images,
        None,
        settings=SETTINGS,
        seed=0,
        on_step=lambda *_: None,
        measure_every=0,
    )
    return state


def test_comes_back(trained: TrainingState) -> None:
    saved = {name: value.clone() for name, value in trained.tensors().items()}
    draws = torch.rand(3)
    other = _begin()
    other.restore(saved, "here")
    assert other.step == 6
    assert torch.equal(torch.rand(3), draws)  # the global generator, too
    again = other.tensors() | {"rng/cpu": saved["rng/cpu"]}
    assert again.keys() == saved.keys()
    for name, value in saved.items():
        assert torch.equal(again[name], value), name
        assert again[name].dtype == value.dtype, name


def test_nothing_that_a_step_needs_is_left_out(trained: TrainingState) -> None:
    """Every parameter, buffer and moment of the networks and of Adam."""
    count = 0
    for network in (trained.gan.generator, trained.gan.discriminator):
        parameters = sum(p.numel() for p in network.parameters())
        count += 3 * parameters + sum(b.numel() for b in network.buffers())
    ema = trained.gan.generator_ema
    count += sum(t.numel() for t in (*ema.parameters(), *ema.buffers()))
    count += sum(
        len(list(n.parameters())) for n in (trained.gan.generator, trained.gan.discriminator)
    )
    found = sum(v.numel() for name, v in trained.tensors().items() if not name.startswith("rng"))
    assert found == count + 1  # and the step


def test_restored_moments_do_not_belong_to_the_file(trained: TrainingState) -> None:
    saved = trained.tensors()
    other = _begin()
    other.restore(saved, "here")
    optimiser = other.optimisers["generator"]
    for parameter in other.gan.generator.parameters():
        moments = optimiser.state[parameter]
        assert moments["exp_avg"].stride() == parameter.stride()
        moments["exp_avg"].add_(1)
        moments["step"].add_(1)
    assert all(
        float(value) == 6 for name, value in trained.tensors().items() if name.endswith("/step")
    )


@pytest.mark.parametrize(
    "shape",
    [Architecture(28, 1, 5, 8, spectral_norm=True), Architecture(28, 1, 5, 4)],
    ids=["wider", "not normalised"],
)
def test_other_networks_are_refused(shape: Architecture, trained: TrainingState) -> None:
    other = _begin(shape)
    before = {name: value.clone() for name, value in other.tensors().items()}
    with pytest.raises(InputError, match="of other networks") as caught:
        other.restore(trained.tensors(), "some/file")
    assert caught.value.where == "some/file"
    after = other.tensors()
    assert all(torch.equal(after[name], before[name]) for name in before)  # nothing half taken


@pytest.mark.parametrize(
    "missing", ["adam/generator/0/exp_avg", "discriminator/logit.bias", "step"]
)
def test_an_incomplete_state_is_refused(missing: str, trained: TrainingState) -> None:
    saved = trained.tensors()
    del saved[missing]
    with pytest.raises(InputError, match=f"{missing} should be .* is nothing"):
        _begin().restore(saved, "some/file")


def test_the_first_state_comes_back() -> None:
    """Adam has no moments yet."""
    fresh = _begin()
    other = _begin()
    nn.init.ones_(other.gan.generator.project.weight)
    other.restore(fresh.tensors(), "here")
    assert torch.equal(other.gan.generator.project.weight, fresh.gan.generator.project.weight)
    assert not any(other.optimisers["generator"].state.values())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("where", ["weight", "moment", "statistic"])
def test_what_is_not_finite_is_seen(value: float, where: str, trained: TrainingState) -> None:
    assert trained.is_finite()
    generator = trained.gan.generator
    place = {
        "weight": generator.project.weight.data,
        "moment": trained.optimisers["generator"].state[generator.project.weight]["exp_avg_sq"],
        "statistic": generator.norm.running_var,
    }[where]
    place.view(-1)[0] = value
    assert not trained.is_finite()
