"""Every target against a plain computation."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.networks.concepts import Concept
from ganatomy.explain.networks.targets import (
    Chain,
    Target,
    class_logit,
    concept,
    d_logit,
    d_logit_of_g,
    difference,
    region,
)
from ganatomy.gan.networks import Discriminator, Generator
from ganatomy.metrics.evaluator import Evaluator


@pytest.fixture
def generator() -> nn.Module:
    torch.manual_seed(0)
    return Generator(28, 1, 6, 4).eval()


@pytest.fixture
def discriminator() -> nn.Module:
    torch.manual_seed(1)
    return Discriminator(28, 1, 4).eval()


@pytest.fixture
def evaluator() -> Evaluator:
    torch.manual_seed(2)
    return Evaluator(channels=1, num_classes=5, width=4).eval()


def _z(count: int = 4) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(0))


def test_d_logit_of_either_side(generator: nn.Module, discriminator: nn.Module) -> None:
    images = generator(_z()).detach()
    logits = discriminator(images)
    real, fake = d_logit(discriminator), d_logit(discriminator, "fake")
    assert (real.name, fake.name) == ("d_logit(real)", "d_logit(fake)")
    assert real.model is fake.model is discriminator
    torch.testing.assert_close(real.values(images), logits)
    torch.testing.assert_close(fake.values(images), -logits)
    with pytest.raises(InputError, match=r"no side 'both'.*real or fake"):
        d_logit(discriminator, "both")


def test_d_logit_of_a_class() -> None:
    torch.manual_seed(0)
    network = Discriminator(28, 1, 4, num_classes=3).eval()
    images = torch.rand(4, 1, 28, 28)
    parts = []
    for index in range(3):
        target = d_logit(network, "fake", index)
        assert target.name == f"d_logit(fake, class {index})"
        parts.append(target.values(images))
        torch.testing.assert_close(parts[-1], -network(images, torch.full((4,), index)))
    torch.testing.assert_close(d_logit(network, "fake").values(images), sum(parts) / 3)


def test_d_logit_of_g(generator: nn.Module, discriminator: nn.Module) -> None:
    target = d_logit_of_g(generator, discriminator)
    assert target.name == "d_logit_of_g"
    torch.testing.assert_close(target.values(_z()), discriminator(generator(_z())))
    names = dict(target.model.named_modules())
    assert names["generator.layers.0"] is generator.get_submodule("layers.0")
    assert names["discriminator.logit"] is discriminator.get_submodule("logit")


@pytest.mark.parametrize("channels", [1, 3])
def test_region_is_the_mean_inside(channels: int) -> None:
    """Value and gradient: 1 / (pixels * channels) inside, nothing outside."""
    images = torch.rand(2, channels, 5, 6).mul(2).sub(1).requires_grad_()
    mask = torch.zeros(5, 6, dtype=torch.bool)
    mask[1:3, 2:6] = True
    mask[4, 0] = True
    target = region(nn.Identity(), mask, "corner")
    assert target.name == "region(corner)"
    inside = [(y, x) for y in (1, 2) for x in (2, 3, 4, 5)] + [(4, 0)]
    values = target.values(images)
    for index in range(2):
        total = sum(images[index, c, y, x].item() for c in range(channels) for y, x in inside)
        assert values[index].item() == pytest.approx(total / (9 * channels), rel=1e-5)
    (gradient,) = torch.autograd.grad(values.sum(), images)
    expected = mask.float().expand_as(images) / (9 * channels)
    torch.testing.assert_close(gradient, expected)


def test_region_must_be_a_mask_of_the_images_size(generator: nn.Module) -> None:
    for mask in (torch.zeros(28, 28, dtype=torch.bool), torch.ones(28, 28)):
        with pytest.raises(InputError, match="region r is empty"):
            region(generator, mask, "r")
    target = region(generator, torch.ones(14, 14, dtype=torch.bool), "r")
    with pytest.raises(InputError, match=r"mask of region r is \(14, 14\), the image \(28, 28\)"):
        target.values(_z())


def test_class_logit(generator: nn.Module, evaluator: Evaluator) -> None:
    images = generator(_z()).detach()
    of_image = class_logit(evaluator, 3, "three")
    of_z = class_logit(evaluator, 3, "three", generator=generator)
    assert of_image.name == of_z.name == "class(three)"
    assert of_image.model is evaluator
    expected = evaluator(images)[:, 3]
    torch.testing.assert_close(of_image.values(images), expected)
    torch.testing.assert_close(of_z.values(_z()), expected)
    assert "generator.layers.0" in dict(of_z.model.named_modules())
    for index in (-1, 5):
        target = class_logit(evaluator, index, "odd")
        with pytest.raises(InputError, match=rf"class odd is logit {index} .* \(4, 5\)"):
            target.values(images)


def test_concept(generator: nn.Module, evaluator: Evaluator) -> None:
    images = generator(_z()).detach()
    features = evaluator.features(images)
    what = Concept("thickness", torch.linspace(-1, 1, features.shape[1]), 0.25, 0.9)
    of_image = concept(evaluator, what)
    of_z = concept(evaluator, what, generator)
    assert of_image.name == of_z.name == "concept(thickness)"
    expected = (features * what.weights).sum(1) + 0.25
    torch.testing.assert_close(of_image.values(images), expected)
    torch.testing.assert_close(of_z.values(_z()), expected)
    assert of_image.model is evaluator
    names = dict(of_z.model.named_modules())
    assert names["generator"] is generator
    assert names["evaluator"] is evaluator


def test_difference_is_real_minus_fake(generator: nn.Module, discriminator: nn.Module) -> None:
    fake = generator(_z()).detach()
    real = torch.rand(fake.shape)
    target = difference(discriminator)
    assert (target.name, target.views) == ("difference(real, fake)", 2)
    found = target.values(torch.stack([real, fake], 1))
    torch.testing.assert_close(found, discriminator(real) - discriminator(fake))
    for wrong in (real, torch.stack([real, fake, fake], 1)):
        with pytest.raises(InputError, match=r"Give pairs of images: shape \(n, 2, c, h, w\)"):
            target.values(wrong)


class Shaped(nn.Module):
    """Images to what `shape` makes of their four quarters' sums."""

    def __init__(self, shape: Callable[[torch.Tensor], object]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, images: torch.Tensor) -> object:
        return self.shape(nn.functional.avg_pool2d(images, 2, divisor_override=1))


IMAGES = torch.arange(48.0).view(3, 1, 4, 4) / 48
QUARTERS = IMAGES.unfold(2, 2, 2).unfold(3, 2, 2).sum((-2, -1))  # (3, 1, 2, 2)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (lambda q: q[:, 0, 0, 0], QUARTERS[:, 0, 0, 0]),
        (lambda q: q[:, :, 0, 0], QUARTERS[:, 0, 0, 0]),
        (lambda q: q[:, :, :1, :1], QUARTERS[:, 0, 0, 0]),
        (lambda q: q, QUARTERS.mean((1, 2, 3))),
    ],
)
def test_a_discriminator_may_return_a_logit_in_every_usual_shape(
    shape: Callable[[torch.Tensor], object], expected: torch.Tensor
) -> None:
    network = Shaped(shape)
    torch.testing.assert_close(d_logit(network).values(IMAGES), expected)
    torch.testing.assert_close(d_logit(network, "fake").values(IMAGES), -expected)
    torch.testing.assert_close(d_logit_of_g(nn.Identity(), network).values(IMAGES), expected)
    pairs = torch.stack([IMAGES, IMAGES.flip(0)], 1)
    torch.testing.assert_close(difference(network).values(pairs), expected - expected.flip(0))


def test_a_single_image_may_have_a_logit_without_any_axis() -> None:
    network = Shaped(lambda quarters: quarters.sum())
    torch.testing.assert_close(d_logit(network).values(IMAGES[:1]), IMAGES[:1].sum().view(1))


def test_more_than_a_tensor_is_refused() -> None:
    with pytest.raises(InputError, match="a tuple, not a tensor") as error:
        d_logit(Shaped(lambda quarters: (quarters, quarters))).values(IMAGES)
    assert error.value.where == "discriminator"


TWO = Shaped(lambda quarters: quarters.flatten(1)[:, :2])


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: d_logit(TWO), (3, 1, 4, 4)),
        (lambda: d_logit(TWO, "fake"), (3, 1, 4, 4)),
        (lambda: d_logit_of_g(nn.Identity(), TWO), (3, 1, 4, 4)),
        (lambda: Target("own", TWO, TWO), (3, 1, 4, 4)),
    ],
)
def test_one_scalar_per_input_is_asked_for(
    make: Callable[[], Target], shape: tuple[int, ...]
) -> None:
    target = make()
    with pytest.raises(InputError, match=r"gave a tensor of shape \(3, 2\) for 3 inputs") as caught:
        target.values(torch.zeros(shape))
    assert target.name in caught.value.what
    assert "shape (3,)" in caught.value.remedy


def test_a_chain_runs_its_parts_in_order_each_as_often_as_it_is_named() -> None:
    double, square = nn.Linear(1, 1, bias=False), nn.Module()
    square.forward = lambda values: values**2  # type: ignore[method-assign,assignment]
    nn.init.constant_(double.weight, 2)
    values = torch.tensor([[3.0], [5.0]])
    torch.testing.assert_close(Chain(first=double, second=square)(values), (2 * values) ** 2)
    torch.testing.assert_close(Chain(first=square, second=double)(values), 2 * values**2)
    again = Chain(first=double, second=square, third=double)
    torch.testing.assert_close(again(values), 2 * (2 * values) ** 2)
