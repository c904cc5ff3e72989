"""A user's class keeps the first weights that it sets; ours are drawn by our convention."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.model import Gan, build_gan
from ganatomy.gan.networks import dcgan
from ganatomy.gan.networks.build import build_discriminator
from ganatomy.gan.networks.construct import construct_discriminator
from ganatomy.gan.networks.contract import check_discriminator
from ganatomy.gan.state import begin
from ganatomy.initialise import initialise
from tests.unit.gan.networks import styled
from tests.unit.gan.networks.both import images
from tests.unit.gan.small import CPU, small_settings

OWNED, STYLED = "tests.unit.gan.networks.owned", "tests.unit.gan.networks.styled"
STYLE = Architecture(16, 1, 8, 8, f"{STYLED}:Generator", f"{STYLED}:Discriminator")


def _architecture(name: str, **more: bool) -> Architecture:
    return Architecture(28, 1, 8, 4, discriminator=f"{OWNED}:{name}", **more)


def _elsewhere(number: int) -> None:
    """Every global generator somewhere else, as in another process."""
    torch.manual_seed(number)
    np.random.seed(number)
    random.seed(number)


def test_what_the_class_sets_is_what_training_starts_from() -> None:
    gan = build_gan(_architecture("Said"), seed=4)
    state = gan.discriminator.state_dict()
    assert bool((state["constant"] == 0.75).all())
    assert float(state["gain"]) == 0.0
    assert bool((state["embedding.weight"] == 0.25).all())
    assert bool((state["norm.weight"] == 3.0).all())
    assert bool((state["norm.bias"] == -0.5).all())
    assert bool((state["logit.bias"] == 7.0).all())
    rows = state["conv.weight"].flatten(1)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-5, rtol=0)
    bound = 1 / 64**0.5  # nn.Linear's own: uniform
    assert float(state["logit.weight"].abs().max()) <= bound
    assert float(state["logit.weight"].std()) == pytest.approx(bound / 3**0.5, rel=0.3)


def test_the_moving_average_starts_from_them_too() -> None:
    gan = build_gan(STYLE, seed=0)
    constant = gan.generator_ema.get_parameter("constant")
    assert torch.equal(constant, gan.generator.get_parameter("constant"))
    assert float(constant.std()) == pytest.approx(1, rel=0.2)


def _weights(gan: Gan) -> dict[str, torch.Tensor]:
    return gan.discriminator.state_dict()


@pytest.mark.parametrize("name", ["Said", "Drawn"])
def test_they_depend_on_the_seed_alone(name: str) -> None:
    """So ranks, resumed trainings and members of one seed start alike, whatever ran before."""
    found = []
    for number, seed in ((1, 5), (2, 5), (1, 6)):
        _elsewhere(number)
        found.append(_weights(begin(_architecture(name), small_settings(), seed, device=CPU).gan))
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])
    drawn = ["conv.weight", "logit.weight", *(["gain"] if name == "Drawn" else [])]
    assert all(not torch.equal(found[0][key], found[2][key]) for key in drawn)


def test_the_global_generators_are_left_alone() -> None:
    _elsewhere(3)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()
    build_gan(_architecture("Drawn"), seed=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]
    assert random.getstate() == before[2]


def test_ours_are_drawn_by_our_convention() -> None:
    gan = build_gan(Architecture(28, 1, 8, 4), seed=2)
    generator = dcgan.Generator(28, 1, 8, 4)
    discriminator = dcgan.Discriminator(28, 1, 4, norm="layer")
    initialise(generator, 2, "generator")
    initialise(discriminator, 2, "discriminator")
    for found, expected in ((gan.generator, generator), (gan.discriminator, discriminator)):
        state = found.state_dict()
        assert all(torch.equal(state[key], value) for key, value in expected.state_dict().items())


def test_what_is_frozen_stays_so() -> None:
    gan = build_gan(_architecture("Frozen"), seed=0)
    frozen = [name for name, p in gan.discriminator.named_parameters() if not p.requires_grad]
    assert frozen == ["embedding.weight"]


@pytest.mark.parametrize(
    ("name", "asked", "layer"),
    [
        ("Said", True, "conv"),
        ("Said", True, "logit"),
        ("OldNorm", False, "logit"),
        ("OldNorm", True, "logit"),
        ("DrawnUnderNorm", False, "conv"),
        ("DrawnUnderNorm", False, "logit"),
        ("DrawnUnderNorm", True, "conv"),
    ],
)
def test_spectral_norm_fits_the_first_weights_before_any_step(
    name: str, asked: bool, layer: str
) -> None:
    """In eval mode, as the first probe looks; against exact singular values."""
    network = build_discriminator(_architecture(name, spectral_norm=asked), seed=1)
    owner = network.get_submodule(layer)
    tensors = dict(owner.named_parameters())
    original = tensors.get("weight_orig", tensors.get("parametrizations.weight.original"))
    assert original is not None
    largest = torch.linalg.svdvals(original.detach().flatten(1))[0]
    network.eval()(images(2, 28))
    weight = owner.weight
    assert isinstance(weight, torch.Tensor)
    torch.testing.assert_close(weight, original / largest, rtol=0.02, atol=1e-6)


def test_spectral_norm_that_is_asked_for_leaves_the_weights_under_it() -> None:
    plain = build_discriminator(_architecture("Said"), seed=1).state_dict()
    normed = build_discriminator(_architecture("Said", spectral_norm=True), seed=1).state_dict()
    for layer in ("conv", "logit"):
        original = normed[f"{layer}.parametrizations.weight.original"]
        assert torch.equal(original, plain[f"{layer}.weight"])


def test_a_weight_of_zero_under_spectral_norm_is_refused() -> None:
    build_discriminator(_architecture("ZeroEnd"))
    with pytest.raises(InputError, match="Linear's is zero") as caught:
        build_discriminator(_architecture("ZeroEnd", spectral_norm=True))
    assert caught.value.where == "spectral_norm"


def test_a_class_that_starts_elsewhere_each_time_is_refused() -> None:
    architecture = _architecture("Unrepeatable")
    with pytest.raises(InputError, match=r"two instances of one seed start .* gain") as caught:
        build_discriminator(architecture)
    assert "seed" in caught.value.remedy


def test_a_last_layer_that_starts_at_zero_is_no_fault() -> None:
    architecture = _architecture("ZeroEnd")
    network = construct_discriminator(architecture)
    check_discriminator(network, architecture, architecture.discriminator)
    assert bool((network(images(2, 28)) == 7.0).all())


def test_weights_of_five_axes_are_trained() -> None:
    state = begin(STYLE, small_settings(), 0, device=CPU)
    assert isinstance(state.gan.generator, styled.Generator)
    assert state.gan.generator.first.weight.ndim == 5
    constant: nn.Parameter = state.gan.generator.constant
    assert constant.is_contiguous(memory_format=torch.channels_last)


def test_a_class_that_derives_from_ours_can_ask_for_our_convention() -> None:
    found = build_discriminator(_architecture("LikeOurs"), seed=3)
    again = build_discriminator(_architecture("LikeOurs"), seed=3)
    other = build_discriminator(_architecture("LikeOurs"), seed=4)
    weight = found.state_dict()["logit.weight"]
    assert float(weight.std()) == pytest.approx(0.02, rel=0.1)
    assert torch.equal(weight, again.state_dict()["logit.weight"])
    assert not torch.equal(weight, other.state_dict()["logit.weight"])
