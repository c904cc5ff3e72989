"""Is a discriminator that speaks another range or order than was said named, with the way out?"""

from itertools import product
from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.boundary import boundary
from ganatomy.data.images import to_float
from ganatomy.gan.adopt.feeds import REMEDIES, feeds_of
from ganatomy.gan.adopt.networks import AdoptedDiscriminator
from ganatomy.gan.adopt.port import ORDERS, RANGES, Images, Network
from ganatomy.gan.adopt.reading import read_port
from ganatomy.metrics.discriminator.findings import RULES, of_feeds
from ganatomy.metrics.discriminator.study import examine_discriminator
from ganatomy.metrics.discriminator.tables import Examined, feeds_table
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import fill
from ganatomy.report.sections.discriminator import SECTION
from tests.unit.metrics.discriminator.planted import By, by_brightness, reddish, trained
from tests.unit.metrics.discriminator.planted import Images as Given

SPEAKS = tuple(product(RANGES, ORDERS))


class Speaking(nn.Module):
    """A network of images in [-1, 1], RGB, as one that speaks another range and order."""

    def __init__(self, network: nn.Module, name: str, order: str) -> None:
        super().__init__()
        self.network = network
        self.middle, self.scale = RANGES[name]
        self.is_turned = order == "BGR"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        ours = (images - self.middle) / self.scale
        answer: torch.Tensor = self.network(ours.flip(1) if self.is_turned else ours)
        return answer


def _said(name: str, order: str) -> Images:
    middle, scale = RANGES[name]
    return Images((middle,), (scale,), order)


def _adopted(network: nn.Module, said: Images) -> nn.Module:
    return AdoptedDiscriminator(network, Network(build="a:b", images=said), 0).eval()


def _named(network: nn.Module, said: Images, given: Given) -> list[str]:
    """What is found of how it is fed, by the steps of the study that concern it."""
    images = {name: to_float(given[name]) for name in ("held_out", "fakes")}
    examined = Examined.of(_adopted(network, said), images, {})
    feeds = feeds_of(said, 3)
    found = of_feeds(feeds_table(examined, feeds), boundary(*examined.pair), feeds)
    return [each.text for each in found]


def _scattered(seed: int) -> Given:
    """Reals of about one colour, generated images of any, with some grain."""
    draw = torch.Generator().manual_seed(seed)
    grain = 5 * torch.randn(3, 60, 3, 16, 16, generator=draw)
    colour = torch.tensor([160.0, 120.0, 80.0]) + 15 * torch.randn(3, generator=draw)
    middles = [colour + 8 * torch.randn(60, 3, generator=draw) for _ in range(2)]
    middles.append(20 + 215 * torch.rand(60, 3, generator=draw))
    return {
        name: (middle[:, :, None, None] + own).round().clamp(0, 255).to(torch.uint8)
        for name, middle, own in zip(("train", "held_out", "fakes"), middles, grain)
    }


def _near_the_reals(images: Given) -> nn.Module:
    """The nearer an image's mean colour is to that of the reals, the higher the logit."""
    colour = to_float(images["train"]).mean((0, 2, 3))
    return By(lambda part: 2 - 8 * (part.mean((2, 3)) - colour).norm(dim=1))


@pytest.mark.parametrize("seed", range(6))
def test_one_that_speaks_otherwise_is_named_with_what_to_say_and_a_right_one_is_not(
    seed: int,
) -> None:
    images = _scattered(seed)
    name, order = speaks = SPEAKS[seed]
    network = Speaking(_near_the_reals(images), *speaks)
    for said in (speaks, SPEAKS[(seed + 1) % 6], SPEAKS[(seed + 2) % 6], SPEAKS[(seed + 3) % 6]):
        found = _named(network, _said(*said), images)
        expected = [f"`range: {name}`"] if said[0] != name else []
        expected += [f"`order: {order}`"] if said[1] != order else []
        if not expected:
            assert found == []
        else:
            assert len(found) == 1
            assert found[0].endswith(f"; say {' and '.join(expected)} of the discriminator")


@pytest.mark.parametrize("seed", range(4))
def test_of_a_trained_one_the_order_is_named_and_nothing_where_it_is_right(seed: int) -> None:
    """It tells reals by their colour, and hardly cares for the range."""
    images = reddish(seed, levels=(135, 120))
    network = trained(seed, images, norm=False, num_steps=150)
    for order, said in product(ORDERS, ORDERS):
        found = _named(Speaking(network, "[-1, 1]", order), _said("[-1, 1]", said), images)
        assert [text.rpartition("; ")[2] for text in found] == (
            [] if said == order else [f"say `order: {order}` of the discriminator"]
        )


@pytest.mark.parametrize("wants", [0, 2])
def test_one_that_looks_at_a_colour_alone_is_named_by_its_order(wants: int) -> None:
    """It wants its first channel, or its last, as large as red is in the reals."""
    network = By(lambda images: 10 * (images[:, wants] - images[:, 2 - wants]).mean((1, 2)) - 2)
    for order, is_right in (("RGB", wants == 0), ("BGR", wants == 2)):
        found = _named(network, _said("[-1, 1]", order), reddish(0))
        other = "RGB" if order == "BGR" else "BGR"
        assert [text.rpartition("; ")[2] for text in found] == (
            [] if is_right else [f"say `order: {other}` of the discriminator"]
        )


def test_the_remedy_is_taken_by_the_file() -> None:
    """What each says, said in the file, gives the images that it was tried with."""
    images = torch.rand(2, 3, 4, 4) * 2 - 1
    said = {"range": "[0, 1]", "order": "BGR"}
    spec = _spec(said)
    for feed in feeds_of(spec, 3).values():
        words = dict(part.split(": ", 1) for part in feed.remedy.split("`")[1::2])
        network = nn.Identity()
        by_change = _heard(network, spec, feed.change(images))
        torch.testing.assert_close(by_change, _heard(network, _spec({**said, **words}), images))


def _spec(said: dict[str, str]) -> Images:
    port = read_port({"discriminator": {"build": "a:b", **said}}, "the file", Path("."))
    assert port.discriminator is not None
    return port.discriminator.images


def _heard(network: nn.Module, spec: Images, images: torch.Tensor) -> torch.Tensor:
    heard: list[torch.Tensor] = []
    hook = network.register_forward_hook(lambda _, inputs, __: heard.append(inputs[0]))
    AdoptedDiscriminator(network, Network(build="a:b", images=spec), 0)(images)
    hook.remove()
    return heard[0]


def test_a_mean_and_a_deviation_are_another_range_and_grey_images_have_no_order() -> None:
    spec = Images((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))
    assert len(feeds_of(spec, 3)) == 2 * 4 - 1
    assert [*feeds_of(Images((0.5,), (0.5,)), 2)] == ["range: [-1, 1]", "range: [0, 255]"]


def test_the_study_names_it_with_the_remedies_of_the_file() -> None:
    images = reddish(0)
    in_0_to_1 = Speaking(nn.Sequential(by_brightness(), nn.Sigmoid()), "[0, 1]", "RGB")
    given = {name: images[name] for name in ("held_out", "fakes")}
    said = _said("[0, 255]", "RGB")
    health = examine_discriminator(
        _adopted(in_0_to_1, said), **given, feeds=feeds_of(said, 3), remedies=REMEDIES
    )
    texts = {each.rule: each.text for each in health.findings}
    assert texts["squashed"].endswith(REMEDIES["squashed"])
    assert list(health.feeds["words"]) == [feed.words for feed in feeds_of(said, 3).values()]
    page = render_page(PageFrame("a page"), [fill(SECTION, health)])
    assert "values in [0, 1] and channels in reversed order" in page


def test_remedies_are_of_rules_that_there_are() -> None:
    assert set(REMEDIES) <= set(RULES)
