"""Guards: each stays silent where nothing is wrong, and speaks where its fault was built."""

import copy
from functools import cache

import pytest
import torch
from torch import nn
from torch.nn import functional

from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.maps.explanation_guards import (
    FEWEST_OF_ONE_SIGN,
    GUARDS,
    guard_maps,
    guard_target,
)
from ganatomy.explain.maps.gradcam import gradcam
from ganatomy.explain.maps.methods import Methods, refusals
from ganatomy.explain.networks.targets import Target, class_logit, d_logit, d_logit_of_g, difference
from ganatomy.squashing import squashing


def _convolutional(channels: int = 1, columns: int = 1) -> nn.Sequential:
    """Images to logits of shape (n,), or (n, columns)."""
    return nn.Sequential(
        nn.Conv2d(channels, 4, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(4, 4, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(4 * 9, columns),
        nn.Flatten(0) if columns == 1 else nn.Identity(),
    )


def _images(count: int = 10, channels: int = 1, height: int = 12, width: int = 12) -> torch.Tensor:
    """Bright bars on black."""
    draw = torch.Generator().manual_seed(0)
    images = torch.full((count, channels, height, width), -1.0)
    for image in images:
        left = int(torch.randint(1, width - 4, (1,), generator=draw))
        image[:, 2:10, left : left + 3] = torch.rand(channels, 8, 3, generator=draw) * 2 - 1
    return images


def _trained(channels: int = 1, steps: int = 40) -> nn.Sequential:
    """A discriminator that tells bars from noise."""
    return copy.deepcopy(_trained_once(channels, steps))


@cache
def _trained_once(channels: int, steps: int) -> nn.Sequential:
    torch.manual_seed(0)
    network = _convolutional(channels)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    reals = _images(32, channels)
    for _ in range(steps):
        fakes = torch.rand_like(reals) * 2 - 1
        loss = functional.softplus(-network(reals)).mean()
        loss = loss + functional.softplus(network(fakes)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network


def _names(target: Target, images: torch.Tensor) -> list[str]:
    return [finding.guard for finding in guard_target(target, images)]


def _reason(target: Target, images: torch.Tensor) -> str:
    (finding,) = guard_target(target, images)
    assert finding.guard in GUARDS
    return finding.reason


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("steps", [0, 40])
def test_a_healthy_discriminator_passes(channels: int, steps: int) -> None:
    network = _trained(channels, steps).train()
    for side in ("real", "fake"):
        for count in (1, 10):
            assert guard_target(d_logit(network, side), _images(count, channels)) == []
    noise = torch.rand(4, channels, 12, 12) * 2 - 1
    assert guard_target(d_logit(network), noise) == []
    assert network.training


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_the_unit_of_the_logit_does_not_matter(scale: float) -> None:
    network = _trained()
    target = Target("scaled", network, lambda images: scale * network(images) + scale)
    assert guard_target(target, _images()) == []


def test_other_healthy_targets_pass() -> None:
    torch.manual_seed(0)
    network, classifier = _trained(), _convolutional(columns=3)
    images = _images()
    assert guard_target(class_logit(classifier, 1, "one"), images) == []
    assert guard_target(difference(network), images.view(5, 2, 1, 12, 12)) == []
    generator = nn.Sequential(nn.Linear(5, 144), nn.Tanh(), nn.Unflatten(1, (1, 12, 12)))
    assert guard_target(d_logit_of_g(generator, network), torch.randn(6, 5)) == []
    logits = network(images).detach()
    # the same network in its working range: neither bounded nor steep enough to saturate
    mild = Target("p", network, lambda x: torch.sigmoid((network(x) - logits.mean()) / 4))
    assert guard_target(mild, images) == []


def test_a_target_that_ignores_its_images() -> None:
    network = _trained()
    with torch.no_grad():
        linear = network[5]
        assert isinstance(linear, nn.Linear)
        linear.weight.zero_()
        linear.bias.fill_(2.5)
    assert "2.5 for every image" in _reason(d_logit(network), _images())
    assert _names(d_logit(network), _images()) == ["constant"]


def test_a_logit_that_noise_drives_far_away_is_not_saturated() -> None:
    """As of a network that answers to high frequencies: the images differ by tenths, noise by
    hundreds."""
    images, network = _images(), _trained()

    def rough(x: torch.Tensor) -> torch.Tensor:
        return (x[..., 1:] - x[..., :-1]).square().mean((1, 2, 3))

    usual = rough(images).max().item()
    target = Target("rough", network, lambda x: network(x) - 1e3 * (rough(x) - usual).relu())
    noise = torch.rand(1, *images.shape[1:]) * 2 - 1
    assert float(target.values(noise).detach()[0]) < -100
    assert guard_target(target, images) == []


@pytest.mark.parametrize("fault", ["module", "function", "log", "value", "negative"])
def test_softmax_over_one_logit(fault: str) -> None:
    network = _trained()
    made: dict[str, nn.Module] = {"module": nn.Sequential(network[:6], nn.Softmax(dim=1))}
    model = made.get(fault, network)
    scores = {
        "module": lambda x: model(x)[:, 0],
        "function": lambda x: functional.softmax(network(x)[:, None], dim=-1).squeeze(1),
        "log": lambda x: functional.log_softmax(network(x)[:, None], dim=1)[:, 0],
        "value": lambda x: functional.softmax(network(x)[:, None], dim=1).detach()[:, 0],
        "negative": lambda x: -functional.softmax(network(x)[:, None], dim=1)[:, 0],
    }
    target = Target("p(real)", model, scores[fault])
    assert _names(target, _images()) == ["softmax"]
    assert "softmax over a single logit" in _reason(target, _images())


def test_softmax_over_two_logits_is_fine() -> None:
    torch.manual_seed(0)
    network = _convolutional(columns=2)
    target = Target("p", network, lambda x: functional.softmax(network(x), dim=1)[:, 0])
    assert guard_target(target, _images()) == []


@pytest.mark.parametrize("function", [torch.sigmoid, torch.tanh])
@pytest.mark.parametrize("steepness", [40, 1e4])  # values that still differ, and not at all
def test_a_saturated_probability(function: object, steepness: float) -> None:
    assert callable(function)
    network = _trained(steps=60)
    target = Target("p(real)", network, lambda x: function(steepness * network(x)))
    assert _names(target, _images()) == ["saturated"]
    assert "saturated" in _reason(target, _images())
    assert getattr(function, "__name__") in _reason(target, _images())  # noqa: B009
    shifted = Target("p", network, lambda x: function(1e3 + network(x)))
    assert "saturated" in _reason(shifted, _images())


def test_a_probability_whose_gradient_is_only_almost_zero() -> None:
    network, images = _trained(), _images()
    size = network(images).abs().median().item()
    target = Target("p(real)", network, lambda x: torch.sigmoid(network(x) * 12 / size))
    values = target.values(images.requires_grad_())
    (gradient,) = torch.autograd.grad(values.sum(), images)
    assert gradient.flatten(1).norm(dim=1).min() > 0
    assert _names(target, images.detach()) == ["saturated"]


def test_a_target_without_a_gradient() -> None:
    network = _trained()
    target = Target("rounded", network, lambda x: network(x).mul(4).round())
    assert _names(target, _images()) == ["saturated"]


def test_a_few_images_without_a_gradient_do_not_matter() -> None:
    network = _trained()
    images = _images()
    cut = network(images).detach().sort().values[3]
    target = Target("hinge", network, lambda x: functional.relu(network(x) - cut))
    assert guard_target(target, images) == []


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_last(channels: int) -> None:
    images = _images(channels=channels).permute(0, 2, 3, 1)
    network = _trained(channels)
    assert _names(d_logit(network), images) == ["channels"]
    assert "channels last" in _reason(d_logit(network), images)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(channels * 144, 1), nn.Flatten(0))
    assert _names(d_logit(flat), images) == ["channels"]  # no convolution to refuse them


def test_grey_images_for_a_network_of_colours() -> None:
    assert "1 channels where the first convolution takes 3" in _reason(
        d_logit(_trained(3)), _images()
    )
    network = _trained(3)
    assert not any(each._forward_pre_hooks for each in network.modules())
    assert guard_target(d_logit(network), _images().expand(-1, 3, -1, -1)) == []


def test_channels_last_of_another_number_than_one_or_three() -> None:
    images = torch.rand(4, 12, 12, 4) * 2 - 1
    assert "the channels are last" in _reason(d_logit(_trained(4)), images)


def test_other_errors_of_a_network_are_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        guard_target(d_logit(_trained()), _images(height=20))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda images: (images + 1) / 2, "[0, 1]"),
        (lambda images: (images + 1) * 127.5, "[0, 255]"),
        (lambda images: ((images + 1) * 127.5).to(torch.uint8), "uint8"),
        (lambda images: images * 3, "between -3 and"),
    ],
)
def test_images_of_another_range(changed: object, words: str) -> None:
    assert callable(changed)
    findings = guard_target(d_logit(_trained()), changed(_images()))
    assert [finding.guard for finding in findings] == ["range"]
    assert words in findings[0].reason


def test_nan() -> None:
    network, images = _trained(), _images()
    images[3, 0, 0, 0] = torch.nan
    assert "1 of 10 images hold NaN" in _reason(d_logit(network), images)
    target = Target("log", network, lambda x: network(x).sub(1e3).log())
    assert _reason(target, _images()).startswith("log of 10 of 10 images is NaN")


def test_the_function_at_the_end_is_read_off_the_graph() -> None:
    x = torch.randn(4, 3, requires_grad=True)
    assert squashing(torch.softmax(x, -1)[:, 0] * 2 + 1) == ("Softmax", 3)
    assert squashing(-torch.log_softmax(x[:, :1], 1).squeeze(1)) == ("LogSoftmax", 1)
    assert squashing(functional.logsigmoid(x)[:, 0]) == ("LogSigmoid", 0)
    assert squashing(functional.hardsigmoid(x).mean(1)) == ("Hardsigmoid", 0)
    assert squashing(torch.tanh(x) @ torch.ones(3)) == ("", 0)  # a layer has followed
    assert squashing(x.sum(1)) == ("", 0)
    assert squashing(torch.zeros(3)) == ("", 0)


def _cams(method: str = "hirescam", layer: str = "0") -> torch.Tensor:
    found = gradcam(d_logit(_trained()), [layer], _images(), size=(12, 12), methods=(method,))
    maps: torch.Tensor = found.maps[method][layer]
    return maps


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "hirescam"])
@pytest.mark.parametrize("layer", ["0", "2"])
def test_real_cams_pass(method: str, layer: str) -> None:
    assert guard_maps(method, _cams(method, layer), _images()) == [""] * 10


def test_real_maps_of_one_sign_pass() -> None:
    """Grad-CAM at the first layer: one colour all over, but nobody took the sign away."""
    maps = _cams("gradcam")
    assert bool((maps > 0).all() or (maps < 0).all())
    assert guard_maps("Grad-CAM", maps, _images()) == [""] * 10
    assert guard_maps("Grad-CAM", _cams() + 10 * _cams().abs().max(), _images()) == [""] * 10


def test_a_flat_map_is_named_and_the_others_stay() -> None:
    maps = _cams()
    maps[2] = 0.25
    maps[5] = 0
    maps[6] = 0.25 + 1e-9 * torch.rand(12, 12)
    reasons = guard_maps("Grad-CAM", maps, _images())
    assert [at for at, reason in enumerate(reasons) if reason] == [2, 5, 6]
    assert "Grad-CAM: the map is flat (0.25 everywhere)" in reasons[2]
    assert all("flat" in reason for reason in guard_maps("x", torch.zeros(3, 12, 12), _images(3)))


def test_faint_maps_are_not_flat() -> None:
    maps = _cams()
    maps[1] *= 1e-3
    assert guard_maps("Grad-CAM", maps, _images()) == [""] * 10
    assert guard_maps("Grad-CAM", maps * 1e-12, _images()) == [""] * 10


def _stretched(maps: torch.Tensor) -> torch.Tensor:
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda maps: maps.relu(), "ReLU"),
        (lambda maps: maps.abs(), "absolute value"),
        (lambda maps: maps - maps.amin((1, 2), keepdim=True), "below zero"),
        (lambda maps: -maps.abs(), "above zero"),
        (_stretched, "stretched to [0, 1]"),
    ],
)
def test_signed_maps_that_lost_their_sign(changed: object, words: str) -> None:
    assert callable(changed)
    maps, told = changed(_cams()), list[str]()
    reasons = guard_maps("Grad-CAM", maps, _images(), of_negated=lambda: changed(-_cams()[:4]))
    assert all(words in reason for reason in reasons)
    unsigned = guard_maps("LayerCAM", maps, _images(), signed=False)
    assert unsigned == [""] * 10
    given = guard_maps("Grad-CAM", maps, _images(), on_warning=told.append)
    assert given == [""] * 10  # nobody can ask whoever made them: they may be true
    assert len(told) == 1
    assert words in told[0]


def test_one_signed_map_among_others_is_no_fault() -> None:
    maps = _cams()
    maps[1:] = maps[1:].abs()
    maps[0, 0, 0] = -1
    assert guard_maps("Grad-CAM", maps, _images()) == [""] * 10
    few = FEWEST_OF_ONE_SIGN - 1

    def judged(count: int) -> list[str]:
        own = maps[1 : count + 1]
        return guard_maps("Grad-CAM", own, _images(count), of_negated=lambda: own[:2])

    assert judged(few) == [""] * few
    assert all(judged(few + 1))


class _Pieces(nn.Module):
    """A sum of ReLU features of single pixels, each more the brighter: no place is against it.

    The left half has no weight at all, so that maps touch zero.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(seed)
        shape = (5, 12, 12)
        self.weights = torch.rand(shape, generator=draw) * (torch.arange(12) >= 6)
        self.thresholds = torch.rand(shape, generator=draw) * 2 - 1

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (self.weights * functional.relu(images - self.thresholds)).sum((1, 2, 3))


_METHODS = Methods((), LimeSampling(num_samples=64), Hiding(segment_side=3), num_steps=8)
_LOSSES = {
    "ReLU": torch.relu,
    "absolute": torch.abs,
    "stretched": _stretched,
    "from its minimum": lambda maps: maps - maps.amin((1, 2), keepdim=True),
}


def _made(target: Target, images: torch.Tensor) -> dict[str, torch.Tensor]:
    return _METHODS.maps(target, (), images, torch.full_like(images, -1)[:, None], 0)


@pytest.mark.parametrize("seed", range(20))
def test_true_maps_that_are_never_negative_pass_and_lost_signs_do_not(seed: int) -> None:
    """Integrated gradients, occlusion and LIME of a D that no pixel lowers, hidden by black."""
    draw = torch.Generator().manual_seed(seed)
    images = torch.rand(FEWEST_OF_ONE_SIGN, 1, 12, 12, generator=draw) * 2 - 1
    target = Target("pieces", network := _Pieces(seed), network)
    maps = _made(target, images)
    for name in ("integrated gradients", "occlusion"):
        assert float(maps[name].min()) >= 0
        assert float(maps[name].amin((1, 2)).max()) < 1e-3  # touches zero: the guard looks
    passed = refusals(target, images, maps, images=images, again=_made)
    assert passed == {name: [""] * len(images) for name in maps}
    for change in _LOSSES.values():

        def changed(
            other: Target, some: torch.Tensor, change: object = change
        ) -> dict[str, torch.Tensor]:
            assert callable(change)
            return {name: change(each) for name, each in _made(other, some).items()}

        found = refusals(target, images, changed(target, images), images=images, again=changed)
        for name in ("integrated gradients", "occlusion"):
            assert all(found[name])


def test_the_negated_target_is_asked_once_and_only_if_there_is_reason() -> None:
    images = torch.rand(FEWEST_OF_ONE_SIGN, 1, 12, 12) * 2 - 1
    target, calls = Target("pieces", network := _Pieces(0), network), list[int]()

    def again(other: Target, some: torch.Tensor) -> dict[str, torch.Tensor]:
        calls.append(len(some))
        return _made(other, some)

    maps = _made(target, images)
    refusals(target, images, maps, images=images, again=again)
    assert calls == [4]
    refusals(target, images, {"lime": maps["lime"] - 1}, images=images, again=again)
    assert calls == [4]


def test_maps_with_nan_are_named_and_the_others_judged() -> None:
    maps = _cams()
    maps[0, 1, 1] = torch.nan
    maps[1, 1, 1] = torch.inf
    maps[2] = 1
    reasons = guard_maps("LIME", maps, _images())
    assert ["NaN" in reason for reason in reasons] == [True, True] + [False] * 8
    assert "flat" in reasons[2]
    assert reasons[3:] == [""] * 7
    nothing = guard_maps("LIME", torch.full((2, 12, 12), torch.nan), _images(2))
    assert all("NaN" in reason for reason in nothing)


def test_maps_of_another_size() -> None:
    images = _images(height=12, width=16)
    draw = torch.Generator().manual_seed(0)
    maps = torch.randn(10, 12, 16, generator=draw)
    assert guard_maps("LIME", maps, images) == [""] * 10
    exchanged = guard_maps("LIME", maps.mT, images)
    assert len(exchanged) == 10
    assert all("height and width are exchanged" in reason for reason in exchanged)
    for wrong in (maps[:9], maps[:, :6], maps[:, None]):
        assert all("not one map" in reason for reason in guard_maps("LIME", wrong, images))
