"""What Grad-CAM asks for, refuses and leaves behind; its figures are tested beside its peers."""

import gc
import weakref
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.maps.gradcam import METHODS, Cams, gradcam
from ganatomy.explain.networks.targets import Target, d_logit, difference
from ganatomy.gan.networks import Discriminator, convolutions
from ganatomy.gan.networks.resnet import Discriminator as ResnetDiscriminator

SIZE = (28, 28)


def _images(size: int = 28, count: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(count, 1, size, size, generator=draw) * 2 - 1


def _own(*layers: nn.Module, size: int = 8) -> nn.Sequential:
    """Layers behind a convolution, then one logit."""
    torch.manual_seed(0)
    pixels = 3 * (size - 2) ** 2
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), *layers, nn.Flatten(), nn.Linear(pixels, 1), nn.Flatten(0)
    )


def _target(network: nn.Module) -> Target:
    return Target("own", network, network)


def _same(found: Cams, expected: Cams, tolerance: float = 1e-6) -> None:
    for method, maps in expected.maps.items():
        for layer, value in maps.items():
            scale = float(value.abs().max())
            assert scale > 0
            torch.testing.assert_close(
                found.maps[method][layer], value, rtol=0, atol=tolerance * scale
            )
    torch.testing.assert_close(found.contributions, expected.contributions)
    torch.testing.assert_close(found.scores, expected.scores)


def test_what_is_given() -> None:
    network = Discriminator(28, 1, 4).eval()
    images = _images()
    cams = gradcam(
        d_logit(network), ["layers.0", "layers.2"], images, size=(20, 30), methods=METHODS
    )
    assert list(cams.maps) == list(METHODS)
    for maps in cams.maps.values():
        assert list(maps) == ["layers.0", "layers.2"]
        assert all(each.shape == (3, 20, 30) for each in maps.values())
        assert all(each.dtype == torch.float32 for each in maps.values())
        assert not any(each.requires_grad for each in maps.values())
    assert {name: tuple(each.shape) for name, each in cams.contributions.items()} == {
        "layers.0": (3, 4),
        "layers.2": (3, 8),
    }
    torch.testing.assert_close(cams.scores, network(images).detach())


@pytest.mark.parametrize("method", METHODS)
def test_all_layers_at_once_are_as_one_by_one_and_twice_is_the_same(method: str) -> None:
    network = ResnetDiscriminator(28, 1, 4).eval()
    layers = list(convolutions(network))
    assert len(layers) == 6
    cams = gradcam(d_logit(network), layers, _images(), size=SIZE, methods=[method])
    again = gradcam(d_logit(network), layers, _images(), size=SIZE, methods=[method])
    for layer in layers:
        alone = gradcam(d_logit(network), [layer], _images(), size=SIZE, methods=METHODS)
        torch.testing.assert_close(cams.maps[method][layer], alone.maps[method][layer])
        assert torch.equal(cams.maps[method][layer], again.maps[method][layer])


def test_batch_mates_do_not_matter() -> None:
    """In train mode and with BatchNorm too: the network is explained in eval mode."""
    network = Discriminator(28, 1, 4).train()
    layers, images = list(convolutions(network)), _images(count=5)
    together = gradcam(d_logit(network), layers, images, size=SIZE, methods=METHODS)
    _same(
        gradcam(d_logit(network), layers, images, size=SIZE, methods=METHODS, batch_size=2),
        together,
    )
    alone = gradcam(d_logit(network), layers, images[3:4], size=SIZE)
    for layer in layers:
        torch.testing.assert_close(
            alone.maps["gradcam"][layer][0], together.maps["gradcam"][layer][3]
        )


def test_halves_the_batch_where_memory_runs_out_and_says_so() -> None:
    network = Discriminator(28, 1, 4).train()
    tried: list[int] = []

    def score(images: torch.Tensor) -> torch.Tensor:
        tried.append(len(images))
        logits: torch.Tensor = network(images)
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return logits

    images, warnings = _images(count=7), list[str]()
    target = Target("t", network, score)
    found = gradcam(target, ["layers.2"], images, size=SIZE, on_warning=warnings.append)
    assert tried == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert [text[-2:] for text in warnings] == [" 3", " 1"]
    _same(found, gradcam(d_logit(network), ["layers.2"], images, size=SIZE))


def _state(network: nn.Module) -> list[object]:
    return [
        [module.training for module in network.modules()],
        [parameter.requires_grad for parameter in network.parameters()],
        [id(parameter.grad) for parameter in network.parameters()],
        sum(len(module._forward_hooks) for module in network.modules()),
        {name: value.tolist() for name, value in network.state_dict().items()},
    ]


@pytest.mark.parametrize("fails", [False, True])
def test_network_and_inputs_are_given_back_as_they_were(fails: bool) -> None:
    network = Discriminator(28, 1, 4).train()
    network.layers[3].eval()
    network.logit.weight.requires_grad_(False)
    network.logit.bias.grad = torch.ones(1)
    images, before = _images(), _state(network)

    def score(images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = network(images)
        if fails:
            raise KeyError("half-way")
        return logits

    with suppress(KeyError):
        gradcam(
            Target("t", network, score),
            list(convolutions(network)),
            images,
            size=SIZE,
            methods=METHODS,
        )
        assert not fails
    assert _state(network) == before
    assert network.logit.bias.grad.tolist() == [1]
    assert not images.requires_grad
    assert images.grad is None


@pytest.mark.parametrize("fails", [False, True])
def test_a_thousand_calls_leave_nothing_behind(fails: bool) -> None:
    """Each call's graph is over 100 KB: kept ones would be more than 100 MB."""
    network = _own(nn.Tanh(), size=16)
    images = _images(16, 8)
    alive: list[weakref.ref[torch.Tensor]] = []

    def score(images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = network(images)
        alive.append(weakref.ref(logits))
        if fails:
            raise KeyError
        return logits

    def calls(count: int) -> None:
        for _ in range(count):
            with suppress(KeyError):
                gradcam(Target("t", network, score), ["0", "1"], images, size=(4, 4))

    process = psutil.Process()
    calls(30)
    gc.collect()
    num_tensors, rss = _num_tensors(), process.memory_info().rss
    calls(1000)
    assert sum(each() is not None for each in alive) <= 1
    alive.clear()
    gc.collect()
    assert _num_tensors() <= num_tensors
    assert process.memory_info().rss - rss < 20 * 2**20
    assert not any(module._forward_hooks for module in network.modules())


def _num_tensors() -> int:
    return sum(isinstance(each, torch.Tensor) for each in gc.get_objects())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_switched_off(mode: Callable[[], torch.no_grad]) -> None:
    network = Discriminator(28, 1, 4).eval()
    expected = gradcam(d_logit(network), ["layers.0"], _images(), size=SIZE)
    with mode():
        found = gradcam(d_logit(network), ["layers.0"], _images(), size=SIZE)
    _same(found, expected, 0)


def test_nothing_before_the_first_layer_is_differentiated() -> None:
    class Opaque(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            assert not images.requires_grad
            return torch.from_numpy(images.numpy() * 2)

    network = _own()
    images = _images(8)
    found = gradcam(_target(nn.Sequential(Opaque(), *network)), ["1"], images, size=(8, 8))
    expected = gradcam(_target(network), ["0"], 2 * images, size=(8, 8))
    torch.testing.assert_close(found.maps["gradcam"]["1"], expected.maps["gradcam"]["0"])


class _Functional(nn.Module):
    """Writes in place without a module that says so."""

    def __init__(self, view: bool) -> None:
        super().__init__()
        self.view = view

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        changed = hidden.view(-1) if self.view else hidden
        nn.functional.leaky_relu_(changed, 0.2)
        return hidden


@pytest.mark.parametrize(
    "activation", [nn.LeakyReLU(0.2, inplace=True), _Functional(False), _Functional(True)]
)
@pytest.mark.parametrize("behind", [[], [nn.Identity()], [nn.BatchNorm2d(3)]])
def test_in_place_activation_behind_a_layer(activation: nn.Module, behind: list[nn.Module]) -> None:
    """Of the first layer, where the graph begins, and of later ones."""
    images = _images(8, 5)
    layers = [str(place) for place in range(len(behind) + 1)]
    plain, odd = _own(*behind, nn.LeakyReLU(0.2)), _own(*behind, activation)
    odd.load_state_dict(plain.state_dict())
    expected = gradcam(_target(plain), layers, images, size=(8, 8), methods=METHODS)
    _same(
        gradcam(_target(odd), layers, images, size=(8, 8), methods=METHODS, batch_size=2), expected
    )


@pytest.mark.parametrize(
    ("activation", "num_passes"), [(nn.ReLU(inplace=True), 3), (_Functional(False), 4)]
)
def test_a_pass_is_repeated_once_at_most(activation: nn.Module, num_passes: int) -> None:
    """Three batches: only where nothing says that it writes in place, the first is repeated."""
    network = _own(activation)
    calls: list[int] = []
    network.register_forward_hook(lambda *_: calls.append(1))
    network.register_forward_pre_hook(lambda *_: calls.append(0))
    gradcam(_target(network), ["0"], _images(8, 6), size=(8, 8), batch_size=2)
    assert calls.count(0) == num_passes
    assert calls.count(1) == 3


def test_layers_that_pass_the_same_tensor_on_have_the_same_map() -> None:
    inner = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Identity())
    network = nn.Sequential(inner, nn.Identity(), nn.Flatten(), nn.Linear(108, 1), nn.Flatten(0))
    maps = gradcam(_target(network), ["0.0", "0.1", "0", "1"], _images(8), size=(8, 8)).maps[
        "gradcam"
    ]
    assert float(maps["0.0"].abs().max()) > 0
    assert all(torch.equal(each, maps["0.0"]) for each in maps.values())


def test_a_layer_that_returns_the_inputs_or_a_buffer_leaves_them_alone() -> None:
    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("constant", torch.ones(3, 1, 8, 8))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.get_buffer("constant")

    class Sum(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.same, self.constant = nn.Identity(), Constant()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            both: torch.Tensor = 3 * self.same(images) + 2 * self.constant(images)
            return both.sum((1, 2, 3))

    network, images = Sum(), _images(8)
    maps = gradcam(_target(network), ["same", "constant"], images, size=(8, 8)).maps["gradcam"]
    torch.testing.assert_close(maps["same"], 3 * images[:, 0])
    torch.testing.assert_close(maps["constant"], torch.full((3, 8, 8), 2.0))
    assert not images.requires_grad
    assert not network.constant.get_buffer("constant").requires_grad


def test_pairs_have_one_map_for_each_image() -> None:
    """A difference of two logits: the maps are those of the logit, and of its negative."""
    network = Discriminator(28, 1, 4).train()
    pairs = torch.stack([_images(count=3), _images(count=3).flip(3)], 1)
    layers = list(convolutions(network))
    found = gradcam(difference(network), layers, pairs, size=SIZE, methods=METHODS, batch_size=2)
    real = gradcam(d_logit(network, "real"), layers, pairs[:, 0], size=SIZE, methods=METHODS)
    fake = gradcam(d_logit(network, "fake"), layers, pairs[:, 1], size=SIZE, methods=METHODS)
    for layer in layers:
        for method in METHODS:
            maps = found.maps[method][layer]
            assert maps.shape == (3, 2, *SIZE)
            torch.testing.assert_close(maps[:, 0], real.maps[method][layer])
            torch.testing.assert_close(maps[:, 1], fake.maps[method][layer])
        torch.testing.assert_close(found.contributions[layer][:, 0], real.contributions[layer])
        torch.testing.assert_close(found.contributions[layer][:, 1], fake.contributions[layer])
    torch.testing.assert_close(found.scores, real.scores + fake.scores)


def _refused(words: str, target: Target, layers: list[str], **given: object) -> InputError:
    inputs = given.pop("inputs", _images())
    methods = given.pop("methods", ("gradcam",))
    before = _state(target.model)
    with pytest.raises(InputError, match=words) as caught:
        gradcam(target, layers, inputs, size=SIZE, methods=methods)  # type: ignore[arg-type]
    assert _state(target.model)[:4] == before[:4]
    return caught.value


def test_unknown_layer_names_the_valid_ones() -> None:
    network = Discriminator(28, 1, 4)
    error = _refused(r"no layer 'layers\.9'", d_logit(network), ["layers.9"])
    assert all(name in error.remedy for name in convolutions(network))
    assert "Discriminator" in error.where


def test_unknown_method_and_nothing_to_explain() -> None:
    target = d_logit(Discriminator(28, 1, 4))
    error = _refused("no method 'eigencam'", target, ["layers.0"], methods=("eigencam",))
    assert all(method in error.remedy for method in METHODS)
    _refused("0 layers, 1 methods, 3 inputs", target, [])
    _refused("1 layers, 0 methods, 3 inputs", target, ["layers.0"], methods=())
    _refused("1 layers, 1 methods, 0 inputs", target, ["layers.0"], inputs=_images()[:0])


@pytest.mark.parametrize(
    "shape", [lambda y: y[:, None], lambda y: y.sum(), lambda y: y[:-1], lambda y: y.expand(2, -1)]
)
def test_target_of_another_shape_is_refused(
    shape: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    network = Discriminator(28, 1, 4)
    target = Target("odd one", network, lambda images: shape(network(images)))
    _refused(r"target odd one gave a tensor of shape .* for 3 inputs", target, ["layers.0"])


def test_layer_without_a_map_of_each_input_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    words = r"layer logit returns \(3, 1\), not a feature map"
    _refused(words, d_logit(network), ["layers.0", "logit"])
    pairs = Target("t", network, difference(network).score)  # of one view, by mistake
    words = r"layer layers\.0 returns 6 feature maps for 3 inputs of 1 view"
    _refused(words, pairs, ["layers.0"], inputs=torch.zeros(3, 2, 1, 28, 28))


def test_layer_that_runs_twice_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    target = Target("t", network, lambda images: network(images) - network(-images))
    _refused(r"layer layers\.0 runs more than once", target, ["layers.0"])
    shared = ResnetDiscriminator(28, 1, 4)
    _refused(
        r"layer layers\.3\.activation runs more than once", d_logit(shared), ["layers.3.activation"]
    )


def test_layer_that_does_not_run_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    network.add_module("unused", nn.Conv2d(1, 1, 1))
    words = "layer unused does not run for target d_logit"
    _refused(words, d_logit(network), ["layers.0", "unused"])


def test_target_that_does_not_depend_on_the_layer_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    detached = Target("t", network, lambda images: network(images).detach())
    _refused(r"target t does not depend on layer layers\.0", detached, ["layers.0"])

    def brightness(images: torch.Tensor) -> torch.Tensor:
        network(images)
        return images.mean((1, 2, 3))

    beside = Target("t", network, brightness)
    _refused(r"target t does not depend on layer layers\.0", beside, ["layers.0"])

    def first_only(images: torch.Tensor) -> torch.Tensor:
        first: torch.Tensor = network.layers[0](images)
        network.layers[2](first)
        return first.mean((1, 2, 3))

    part = Target("t", network, first_only)
    _refused(r"depend on layer layers\.2", part, ["layers.0", "layers.2"])


def test_what_is_not_finite_is_refused() -> None:
    network = Discriminator(28, 1, 4)
    images = _images()
    images[1, 0, 3, 3] = torch.nan
    words = r"target d_logit\(real\) is not finite for 1 of 3 inputs"
    _refused(words, d_logit(network), ["layers.0"], inputs=images)
    root = Target("t", network, lambda images: (network(images) * 0).abs().sqrt())
    _refused(r"map of layer layers\.0 for target t is not finite", root, ["layers.0"])


def test_layer_of_whole_numbers_is_refused() -> None:
    class Rounded(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.long()

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rounded = Rounded()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            whole: torch.Tensor = self.rounded(images)
            return whole.float().mean((1, 2, 3))

    _refused(r"layer rounded returns torch\.int64", _target(Network()), ["rounded"])
