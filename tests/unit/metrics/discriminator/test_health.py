"""Is what is wrong with a discriminator named, and nothing of one that is in order?"""

from pathlib import Path

import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import nn

from ganatomy.boundary import boundary
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.networks.fixed_statistics import fixed_statistics
from ganatomy.metrics.discriminator.findings import HealthFinding, is_off
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.level import logits_have_level
from ganatomy.metrics.discriminator.study import examine_discriminator
from tests.unit.metrics.discriminator.planted import (
    By,
    bright_and_dark,
    by_brightness,
    reddish,
    trained,
)


def _rules(health: DiscriminatorHealth) -> set[str]:
    return {each.rule for each in health.findings}


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_said_of_one_in_order(seed: int) -> None:
    images = bright_and_dark(seed, channels=1 + 2 * (seed % 2))
    health = examine_discriminator(by_brightness(), **images, seed=seed)
    assert not health.findings
    assert "But" not in health.verdict()
    assert "depends on this image alone" in health.verdict()


@pytest.mark.parametrize("seed", range(3))
def test_batch_norm_is_named_and_only_that(seed: int) -> None:
    images = bright_and_dark(seed)
    with_norm = trained(seed, images, norm=True)
    without = trained(seed, images, norm=False)
    assert "batch" in _rules(examine_discriminator(with_norm, **images, batch_size=16))
    health = examine_discriminator(without, **images, batch_size=16)
    assert "batch" not in _rules(health)
    assert health.record["batch_trained"]["companions_train"] == 0
    assert health.record["batch_trained"]["companions_eval"] == 0


def test_fixed_statistics_are_examined_in_its_place() -> None:
    images = bright_and_dark(0)
    network = trained(0, images, norm=True)
    fixed = fixed_statistics(network, images["train"], images["fakes"], num_of_each=40)
    health = examine_discriminator(network, **images, explained=fixed, num_reference=40)
    assert list(health.forwards["mode"]) == ["trained", "saved", "explained"]
    assert health.record["batch_explained"]["companions_eval"] == 0
    text = next(each.text for each in health.findings if each.rule == "batch")
    assert "fixed from 40 reals and 40 fakes" in text
    with torch.no_grad():
        own = fixed(to_float(images["held_out"]))
    assert torch.allclose(health.logits["held_out"].sort().values, own.double().sort().values)


def _squashed(scale: float) -> nn.Module:
    return nn.Sequential(By(lambda images: scale * images.mean((1, 2, 3))), nn.Sigmoid())


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_a_sigmoid_at_the_end_is_named(scale: float) -> None:
    rules = _rules(examine_discriminator(_squashed(scale), **bright_and_dark(0)))
    assert "squashed" in rules
    assert ("saturated" in rules) == (scale > 1)


def test_logits_that_no_sigmoid_resolves_are_named() -> None:
    network = By(lambda images: 1000 * images.mean((1, 2, 3)))
    assert _rules(examine_discriminator(network, **bright_and_dark(0))) == {"saturated"}
    for unlike in ({"has_level": False, "has_sigmoid": False}, {"has_sigmoid": False}):  # hinge
        assert not examine_discriminator(network, **bright_and_dark(0), **unlike).findings


def test_one_that_was_fed_bgr_is_named() -> None:
    """Its third channel is red: it wants red as large as in the reals."""
    in_bgr = By(lambda images: 10 * (images[:, 2] - images[:, 0]).mean((1, 2)) - 2)
    in_rgb = By(lambda images: 10 * (images[:, 0] - images[:, 2]).mean((1, 2)) - 2)
    wrong = examine_discriminator(in_bgr, **reddish(0))
    texts = [each.text for each in wrong.findings if each.rule == "feed"]
    assert len(texts) == 1
    assert "channels in reversed order" in texts[0]
    assert "feed" not in _rules(examine_discriminator(in_rgb, **reddish(0)))


def test_one_that_was_fed_0_to_1_is_named() -> None:
    """In [0, 1] reals are about 0.67 and generated images 0.35; 0.5 is its boundary."""
    in_0_to_1 = By(lambda images: 8 * (images.mean((1, 2, 3)) - 0.5))
    wrong = examine_discriminator(in_0_to_1, **bright_and_dark(0))
    texts = [each.text for each in wrong.findings if each.rule == "feed"]
    assert len(texts) == 1
    assert "values in [0, 1]" in texts[0]
    assert "it was trained on such images" in texts[0]


def test_one_that_ranks_noise_above_reals_is_named() -> None:
    """It asks for grain, of which noise has the most and a blurred image none."""
    grainy = By(lambda images: 40 * images.diff(dim=-1).abs().mean((1, 2, 3)) - 1.5)
    images = bright_and_dark(0)
    images["fakes"] = (
        images["fakes"]
        .float()
        .mean((2, 3), keepdim=True)
        .expand_as(images["fakes"])
        .to(torch.uint8)
        .contiguous()
    )
    health = examine_discriminator(grainy, **images)
    text = next(each.text for each in health.findings if each.rule == "unreal")
    assert "uniform noise" in text
    assert "blurred" not in text


def test_a_sign_turned_around_and_a_blind_one_are_named() -> None:
    turned = By(lambda images: -4 * images.mean((1, 2, 3)))
    text = examine_discriminator(turned, **bright_and_dark(0)).findings[0].text
    assert "its sign is turned around" in text
    images = bright_and_dark(0)
    images["fakes"] = bright_and_dark(1)["held_out"]
    text = examine_discriminator(by_brightness(), **images).findings[0].text
    assert "does not tell held-out reals from fakes" in text


def test_one_at_chance_or_turned_around_is_blamed_for_that_alone() -> None:
    images = bright_and_dark(0)
    images["fakes"] = bright_and_dark(1)["held_out"]
    at_chance = examine_discriminator(by_brightness(), **images)
    assert "draws the line" not in at_chance.verdict()
    assert _rules(at_chance) == {"separation"}
    turned = By(lambda part: -4 * part.mean((1, 2, 3)))
    assert not _rules(examine_discriminator(turned, **bright_and_dark(0))) & {
        *("boundary", "harmless", "feed")
    }


def test_a_level_that_drifted_is_not_said_to_be_another_feed() -> None:
    drifted = By(lambda images: 10 * images.mean((1, 2, 3)) - 5)
    texts = {each.rule: each.text for each in _findings(drifted)}
    assert "its boundary between real and fake lies at" in texts["boundary"]
    assert "or its level has drifted" in texts["feed"]
    assert "it was fed otherwise" not in texts["feed"]


def _findings(network: nn.Module) -> tuple[HealthFinding, ...]:
    return examine_discriminator(network, **bright_and_dark(0)).findings


def test_running_statistics_of_single_images_are_named() -> None:
    """No image depends on its companions, and yet eval mode is another function."""
    images = bright_and_dark(0)
    torch.manual_seed(0)
    network = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.InstanceNorm2d(4, track_running_stats=True), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(4 * 14 * 14, 1), nn.Flatten(0)),
    )
    network.train()(to_float(images["train"]))
    health = examine_discriminator(network.eval(), **images)
    assert health.record["batch_trained"]["companions_train"] < 1e-4
    text = next(each.text for each in health.findings if each.rule == "batch")
    assert "in eval mode, in which it is explained, it is another function" in text


@pytest.mark.parametrize("count", [20, 50])
def test_a_boundary_at_0_is_seldom_blamed_on_few_images(count: int) -> None:
    """Reals N(0.35, 1) and generated N(-0.35, 1): 0 is the best threshold of the population."""
    draw = torch.Generator().manual_seed(count)
    blamed = 0
    for _ in range(300):
        reals, fakes = (torch.randn(count, generator=draw).double() + at for at in (0.35, -0.35))
        blamed += is_off(boundary(reals, fakes))
    assert blamed <= 9  # 3 %; with two standard errors it would be 30 and more


def test_figures_are_those_of_scikit_learn() -> None:
    images = bright_and_dark(3)
    images["fakes"] = (images["fakes"].int() + 50).clamp(0, 255).to(torch.uint8)
    health = examine_discriminator(by_brightness(), **images)
    reals, fakes = health.logits["held_out"], health.logits["fakes"]
    truth = [1] * len(reals) + [0] * len(fakes)
    scores = torch.cat([reals, fakes])
    assert health.metrics()["auc"] == pytest.approx(roc_auc_score(truth, scores))

    def at(threshold: float) -> float:
        return float(balanced_accuracy_score(truth, scores > threshold))

    cut = boundary(reals, fakes)
    assert cut.accuracy_at_0 == pytest.approx(at(0))
    assert cut.accuracy_at_best == pytest.approx(at(cut.best))
    assert cut.accuracy_at_best == pytest.approx(
        max(at(float(each)) for each in [*scores, scores.min() - 1])
    )
    assert f"{cut.accuracy_at_best:.2f}" in health.verdict()


def test_it_survives_being_saved(tmp_path: Path) -> None:
    health = examine_discriminator(by_brightness(), **bright_and_dark(0))
    health.save(tmp_path)
    again = DiscriminatorHealth.load(tmp_path)
    assert again.metrics() == health.metrics()
    assert again.verdict() == health.verdict()
    assert again.findings == health.findings
    assert all(torch.equal(again.logits[name], part) for name, part in health.logits.items())
    assert all(torch.equal(again.examples[name], part) for name, part in health.examples.items())


def test_the_network_stays_as_it_is() -> None:
    images = bright_and_dark(0)
    network = trained(0, images, norm=True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    state = torch.get_rng_state()
    examine_discriminator(network, **images)
    assert torch.equal(torch.get_rng_state(), state)
    assert not network.training
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())


def test_what_cannot_be_examined() -> None:
    images = bright_and_dark(0)
    few = {**images, "fakes": images["fakes"][:3]}
    with pytest.raises(InputError, match="3 images"):
        examine_discriminator(by_brightness(), **few)
    floats = {**images, "train": to_float(images["train"])}
    with pytest.raises(InputError, match="float32"):
        examine_discriminator(by_brightness(), **floats)
    broken = By(lambda part: part.mean((1, 2, 3)) / 0)
    with pytest.raises(InputError, match="finite"):
        examine_discriminator(broken, **images)


@pytest.mark.parametrize(
    ("loss", "has"), [("bce", True), ("hinge", True), ("wgan", False), ("relativistic", False)]
)
def test_which_losses_give_logits_a_level(loss: str, has: bool) -> None:
    assert logits_have_level(loss) == has
