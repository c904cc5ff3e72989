"""Every breach of the contract is found and named; sound networks pass and stay as they are."""

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks.construct import construct_discriminator, construct_generator
from ganatomy.gan.networks.contract import check_discriminator, check_generator
from ganatomy.gan.networks.graph import leaves
from ganatomy.squashing import squashing
from tests.unit.gan.networks import faulty

FAULTY = "tests.unit.gan.networks.faulty"


def _check(kind: str, name: str, num_classes: int = 0, size: int = 28, channels: int = 1) -> None:
    architecture = Architecture(size, channels, 8, 4, name, name, num_classes)
    if kind == "generator":
        check_generator(construct_generator(architecture), architecture, name)
    else:
        check_discriminator(construct_discriminator(architecture), architecture, name)


@pytest.mark.parametrize("kind", ["generator", "discriminator"])
@pytest.mark.parametrize("name", ["dcgan", "resnet"])
@pytest.mark.parametrize(("num_classes", "size", "channels"), [(0, 28, 1), (3, 28, 1), (2, 64, 3)])
def test_ours_are_sound(kind: str, name: str, num_classes: int, size: int, channels: int) -> None:
    _check(kind, name, num_classes, size, channels)


@pytest.mark.parametrize("num_classes", [0, 3])
def test_sound_ones_of_ones_own(num_classes: int) -> None:
    _check("generator", f"{FAULTY}:Generator", num_classes)
    _check("discriminator", f"{FAULTY}:Discriminator", num_classes)


@pytest.mark.parametrize(
    ("name", "finish"),
    [
        ("Column", lambda logits: logits.squeeze(1)),
        ("Pooled", lambda logits: logits.mean((2, 3), keepdim=True).flatten()),
        ("Patches", lambda logits: logits.mean((1, 2, 3))),
        ("FlatPatches", lambda logits: logits.squeeze(1).mean((1, 2))),
        ("Features", lambda logits: logits[:, :1].mean((1, 2, 3))),
    ],
)
def test_the_remedy_for_a_shape_mends_it(
    name: str, finish: Callable[[torch.Tensor], torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getattr(faulty, name), "finish", lambda _self, logits: finish(logits))
    _check("discriminator", f"{FAULTY}:{name}")


def test_what_is_not_trained_need_not_be_used() -> None:
    _check("discriminator", f"{FAULTY}:Frozen")


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("NotSquashed", "expected [-1, 1]", "torch.tanh"),
        ("TransparentG", "shape (3, 4, 28, 28), expected (3, 1, 28, 28)", "image_size"),
        ("DoubleG", "torch.float64, expected torch.float32", "Cast"),
        ("NanG", "not finite", "division"),
        ("PairG", "gave a tuple, expected a tensor of shape (3, 1, 28, 28)", "one tensor"),
        ("NoisyG", "differ in eval mode", "self.training"),
        ("LaterNoisyG", "eval mode, once its first weights have moved", "self.training"),
        ("FlatG", "shape (3, 784), expected (3, 1, 28, 28)", "images.reshape(-1, 1, 28, 28)"),
        ("NoChannelG", "shape (3, 28, 28), expected (3, 1, 28, 28)", "images.unsqueeze(1)"),
        ("ChannelsBehindG", "shape (3, 28, 28, 1)", "images.permute(0, 3, 1, 2)"),
        ("SmallG", "shape (3, 1, 14, 14)", "image_size"),
        ("NeedsMoreG", "missing 1 required positional argument: 'truncation'", "a default"),
    ],
)
def test_faults_of_a_generator(name: str, what: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        _check("generator", f"{FAULTY}:{name}")
    assert caught.value.what.startswith(f"{FAULTY}:{name}: ")
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.where == "generator"


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("Column", "shape (3, 1), expected (3,)", "return logits.squeeze(1)"),
        ("Patches", "shape (3, 1, 14, 14), expected (3,)", "logits.mean((1, 2, 3))"),
        ("FlatPatches", "shape (3, 14, 14), expected (3,)", "logits.mean((1, 2))"),
        ("Folded", "shape (588,), expected (3,)", "first axis"),
        ("Pooled", "shape (3, 1, 1, 1), expected (3,)", "return logits.flatten()"),
        ("Features", "shape (3, 3, 14, 14), expected (3,)", "convolution to one channel"),
        ("PerClass", "shape (3, 5), expected (3,)", "nn.Linear(..., 1)"),
        ("Summed", "shape (), expected (3,)", "leave out the mean"),
        ("Probability", "end in a Sigmoid", "Leave out the Sigmoid"),
        ("ProbabilityModule", "end in a Sigmoid", "Leave out the Sigmoid"),
        ("Detached", "no gradient reaches the images", "detach"),
        ("Rounded", "no gradient reaches the images", "rounding"),
        ("NoGradient", "carries no gradient", "detach"),
        ("Unused", "no gradient reaches spare.weight", "requires_grad"),
        ("PlainList", "shape (1, 1, 3, 3) that is not among parameters()", "nn.ModuleList"),
        ("BatchStatistics", "depends on the rest of the batch", "running statistics"),
        ("StandardDeviation", "depends on the rest of the batch", "running statistics"),
        ("NotInState", "same state_dict gives another output", "register_buffer"),
        ("OtherShapes", "does not load into another instance", "same shapes"),
        ("ViewOfMap", "in eval mode with channels_last", "flatten"),
        ("StridesMatter", "another one with channels_last", "as_strided"),
        ("Lazy", "no shape before the first forward", "lazy"),
        ("Empty", "no trainable parameters", "nn.ModuleList"),
        ("Generator", "missing 1 required positional argument: 'latent_dim'", "constructor"),
    ],
)
def test_faults_of_a_discriminator(name: str, what: str, remedy: str) -> None:
    with pytest.raises(InputError) as caught:
        _check("discriminator", f"{FAULTY}:{name}")
    assert name in caught.value.what
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.where == "discriminator"


def test_a_conditional_discriminator_must_take_labels() -> None:
    words = r"TypeError in train mode .* \(3, 1, 28, 28\) and \(3,\)"
    with pytest.raises(InputError, match=words) as caught:
        _check("discriminator", f"{FAULTY}:Unlabelled", num_classes=3)
    assert "labels=None" in caught.value.remedy
    _check("discriminator", f"{FAULTY}:Unlabelled")


@pytest.mark.parametrize("name", ["Discriminator", "Detached"])
def test_networks_are_left_as_they_were(name: str) -> None:
    """After a failure too; what the check itself left would be in weights, buffers or modes."""
    architecture = Architecture(28, 1, 8, 4, discriminator=f"{FAULTY}:{name}")
    network = construct_discriminator(architecture)
    network.get_submodule("norm").eval()
    (network(torch.ones(2, 1, 28, 28)).sum() * 2).backward()
    state = {key: value.clone() for key, value in network.state_dict().items()}
    gradients = [p.grad.clone() for p in network.parameters() if p.grad is not None]
    modes = [module.training for module in network.modules()]
    torch.manual_seed(3)
    before = torch.get_rng_state()
    if name == "Detached":
        with pytest.raises(InputError):
            check_discriminator(network, architecture, architecture.discriminator)
    else:
        check_discriminator(network, architecture, architecture.discriminator)
    assert torch.equal(torch.get_rng_state(), before)
    assert [module.training for module in network.modules()] == modes
    assert modes.count(False) == 1
    found = network.state_dict()
    assert all(torch.equal(state[key], found[key]) for key in state)
    assert float(found["calls"]) == 1
    kept = [p.grad for p in network.parameters() if p.grad is not None]
    assert len(kept) == 6
    assert all(torch.equal(one, other) for one, other in zip(gradients, kept))


def test_leaves_are_what_an_output_was_computed_from() -> None:
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    found = leaves((a * a + b.detach() * 3) * nn.functional.softplus(c + a))
    assert {id(leaf) for leaf in found} == {id(a), id(c)}
    assert len(found) == 2


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        (lambda x: x.sigmoid().squeeze(1), "Sigmoid"),
        (lambda x: x.sigmoid()[:, 0].reshape(-1), "Sigmoid"),
        (lambda x: x.tanh().view(-1), "Tanh"),
        (lambda x: functional.hardsigmoid(x)[:, 0], "Hardsigmoid"),
        (lambda x: functional.log_softmax(x, 1).T[0], "LogSoftmax"),
        (lambda x: x.sigmoid() * 3, ""),
        (lambda x: x.squeeze(1), ""),
        (lambda x: (x.sigmoid() @ torch.ones(1, 1)).squeeze(1), ""),
    ],
)
def test_a_squashing_end_is_seen(finish, expected: str) -> None:  # type: ignore[no-untyped-def]
    x = torch.ones(3, 1, requires_grad=True)
    assert squashing(finish(x * 2), scaled=False)[0] == expected
    assert squashing(torch.ones(3), scaled=False) == ("", 0)
