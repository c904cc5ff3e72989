"""A discriminator of which not all images are there: what is left is found, the rest told."""

from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.metrics.discriminator.given import left_out
from ganatomy.metrics.discriminator.health import DiscriminatorHealth
from ganatomy.metrics.discriminator.study import examine_discriminator
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import fill
from ganatomy.report.sections.discriminator import SECTION, what_reals_are
from ganatomy.report.verdict.gate import Gate
from ganatomy.report.verdict.questions.discriminator import discriminator
from tests.unit.metrics.discriminator.planted import (
    By,
    Images,
    bright_and_dark,
    by_brightness,
    trained,
)

KINDS = (("held_out", "fakes"), ("held_out",), ("fakes",), ("train", "fakes"))
IMAGES = bright_and_dark(0)


def _only(kinds: tuple[str, ...], images: Images = IMAGES) -> Images:
    return {kind: images[kind] for kind in kinds}


def _rules(health: DiscriminatorHealth) -> set[str]:
    return {each.rule for each in health.findings}


@pytest.mark.parametrize("kinds", KINDS)
def test_of_one_in_order_nothing_is_said_but_what_was_not_asked(
    kinds: tuple[str, ...], tmp_path: Path
) -> None:
    health = examine_discriminator(by_brightness(), **_only(kinds))
    assert not health.findings
    assert list(health.left_out) == left_out(kinds)
    assert health.left_out
    has_pair = {"held_out", "fakes"} <= {*kinds}
    assert ("auc" in health.metrics()) == has_pair
    assert ("separation" in health.asked) == has_pair
    assert ("unreal" in health.asked) == ("held_out" in kinds) == bool(len(health.unreal))
    assert "held-out" not in health.verdict()
    folder = tmp_path / "discriminator"
    folder.mkdir()
    health.save(folder)
    again = DiscriminatorHealth.load(folder)
    assert again.verdict() == health.verdict()
    assert again.metrics() == health.metrics()
    assert what_reals_are(tmp_path.parent / "none") == "real, held out"
    assert (again.asked, again.unasked) == (health.asked, health.unasked)
    assert again.reals == ("held-out" if "train" in kinds else "given")
    assert what_reals_are(tmp_path) == f"real, {again.reals.replace('-', ' ')}"
    clause = discriminator(again, Gate())
    assert clause.outcome == ("yes" if has_pair else "unknown")
    page = render_page(PageFrame("a page"), [fill(SECTION, again)])
    for reason in health.left_out:
        assert reason in page
    assert "held-out" not in page


def test_figures_are_those_of_a_discriminator_of_which_all_is_known() -> None:
    known = examine_discriminator(by_brightness(), **IMAGES)
    given = examine_discriminator(by_brightness(), **_only(("held_out", "fakes")))
    figures = {name: each for name, each in known.metrics().items() if "auc_train" not in name}
    assert given.metrics() == figures
    for name in ("forwards", "unreal", "harmless", "feeds"):
        assert getattr(given, name).equals(getattr(known, name))
    alone = examine_discriminator(by_brightness(), **_only(("held_out",)))
    assert alone.unreal.equals(known.unreal)
    assert list(alone.harmless["change"]) == list(known.harmless["change"])
    assert alone.harmless["auc"].isna().all()


@pytest.mark.parametrize("kinds", KINDS[1:3])
@pytest.mark.parametrize("seed", range(2))
def test_batch_norm_is_named_without_the_other_kind(kinds: tuple[str, ...], seed: int) -> None:
    images = bright_and_dark(seed)
    for norm in (True, False):
        network = trained(seed, images, norm=norm)
        found = examine_discriminator(network, **_only(kinds, images), batch_size=16)
        assert ("batch" in _rules(found)) == norm


def test_dropout_of_the_training_is_named_and_does_not_disturb_what_is_explained() -> None:
    network = nn.Sequential(
        nn.Flatten(), nn.Dropout(0.5), nn.Linear(256, 1, bias=False), nn.Flatten(0)
    )
    torch.nn.init.constant_(network[2].weight, 4 / 256)  # type: ignore[arg-type]
    for kinds in KINDS[:2]:
        found = examine_discriminator(network, **_only(kinds))
        text = next(each.text for each in found.findings if each.rule == "batch")
        assert "running statistics, or dropout" in text
        assert found.record["batch_explained"]["companions_eval"] < 1e-5


def test_what_needs_no_generated_images_is_found_without_any() -> None:
    squashed = nn.Sequential(by_brightness(), nn.Sigmoid())
    found = examine_discriminator(squashed, **_only(("held_out",)))
    assert "squashed" in _rules(found)
    clause = discriminator(found, Gate())
    assert clause.outcome == "no"
    assert "it ends in a bounded function" in clause.words
    likes_grain = By(lambda images: images.diff(dim=-1).abs().mean((1, 2, 3)))
    found = examine_discriminator(likes_grain, **_only(("held_out",)))
    assert _rules(found) == {"unreal"}
    assert "given" in fill(SECTION, found).pictures["logits"].title


def test_remedies_stand_behind_what_was_seen() -> None:
    squashed = nn.Sequential(by_brightness(), nn.Sigmoid())
    found = examine_discriminator(
        squashed, **_only(("held_out", "fakes")), remedies={"squashed": "take it off"}
    )
    texts = {each.rule: each.text for each in found.findings}
    assert texts["squashed"].endswith("is no logit; take it off")


@pytest.mark.parametrize("shape", [(2, 12, 20), (5, 9, 8), (16, 8, 8)])
def test_images_of_any_shape(shape: tuple[int, int, int]) -> None:
    draw = torch.Generator().manual_seed(0)
    reals, fakes = (
        torch.randint(low, low + 60, (30, *shape), generator=draw).to(torch.uint8)
        for low in (150, 60)
    )
    found = examine_discriminator(by_brightness(), held_out=reals, fakes=fakes)
    assert not found.findings
    assert "jpeg" not in set(found.harmless["change"])
    assert "order" not in set(found.feeds["change"])


def test_without_any_image_it_says_so() -> None:
    with pytest.raises(InputError, match="no image to examine it with"):
        examine_discriminator(by_brightness())
    with pytest.raises(InputError, match="no image to examine it with"):
        examine_discriminator(by_brightness(), train=IMAGES["train"])
