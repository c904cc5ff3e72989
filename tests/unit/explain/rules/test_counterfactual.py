"""The counterfactual check, of decisions and images in which it is known what causes what."""

from collections.abc import Callable

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.explain.rules.changes_of_features import Change, change_of
from ganatomy.explain.rules.changes_of_latents import WAY as BY_LATENTS
from ganatomy.explain.rules.changes_of_latents import Latents
from ganatomy.explain.rules.counterfactual import LEAST_FLIPPED, Held, check_changes
from ganatomy.explain.rules.equal_changes import of_other_images, sizes_of, smooth
from ganatomy.explain.rules.flipping import Decide, flipped
from ganatomy.explain.rules.measuring import Concepts
from ganatomy.explain.rules.rule import Condition, Rule
from ganatomy.explain.rules.table import ConceptTable

Control = Callable[[torch.Tensor, torch.Tensor, int], torch.Tensor]
LEFT, RIGHT = Condition("left", True, 0.0), Condition("right", True, 0.0)
ONLY_LEFT = Rule(((LEFT,),))


def _measure(images: torch.Tensor) -> ConceptTable:
    """The brightness of either half."""
    halves = [images[..., :4].mean((1, 2, 3)), images[..., 4:].mean((1, 2, 3))]
    return ConceptTable(("left", "right"), ("", ""), torch.stack(halves, 1).double())


def _shifted(images: torch.Tensor, others: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    changed = images.clone()
    own = images[..., :4].mean((1, 2, 3))
    changed[..., :4] += (values - own).view(-1, 1, 1, 1).to(images)
    return changed.clamp(-1, 1)


def _change(name: str) -> Change | None:
    return _shifted if name == "left" else None


def _is_left(images: torch.Tensor) -> torch.Tensor:
    return _measure(images).column("left") > 0


def _is_right(images: torch.Tensor) -> torch.Tensor:
    return _measure(images).column("right") > 0


def _images(alike: float = 0.0, count: int = 300) -> torch.Tensor:
    """Noise around a brightness of either half; alike is how much the right one has of the left."""
    draw = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, count, 1, 1, 1, generator=draw) * 0.3
    right = alike * left + (1 - alike) * right
    noise = 0.2 * torch.randn(count, 1, 8, 8, generator=draw)
    halves = torch.cat([left.expand(-1, 1, 8, 4), right.expand(-1, 1, 8, 4)], 3)
    return (halves + noise).clamp(-1, 1)


def _checked(
    rule: Rule, decide: Decide, images: torch.Tensor, latents: Latents | None = None
) -> pd.DataFrame:
    held = Held(images, _measure(images), decide(images), decide, _measure, _change, latents)
    return check_changes(rule, held, limit=100, seed=0)


def test_a_cause_moves_the_decision_of_every_image() -> None:
    row = _checked(ONLY_LEFT, _is_left, _images()).iloc[0]
    assert row["condition"] == "left > 0"
    assert row["way"] == "feature"
    assert row["by_rule"] == 1
    assert row["by_chance"] == 0  # the control leaves the concept where it was
    assert row["low"] > 0.8
    assert row["holds"]
    assert LEAST_FLIPPED <= row["num_images"] <= row["num_tried"] <= 100


def test_what_only_goes_along_moves_nothing() -> None:
    images = _images(alike=0.9)
    agree = (_is_left(images) == _is_right(images)).double().mean()
    assert agree > 0.9  # the rule describes
    row = _checked(ONLY_LEFT, _is_right, images).iloc[0]
    assert row["by_rule"] == 0
    assert not row["holds"]
    assert row["reason"] == ""


def test_a_decision_that_any_change_moves_speaks_for_no_rule() -> None:
    images = _images()
    known = {each.numpy().tobytes() for each in images}

    def decide(shown: torch.Tensor) -> torch.Tensor:
        is_new = torch.tensor([each.numpy().tobytes() not in known for each in shown])
        return _is_left(shown) & ~is_new

    held = Held(images, _measure(images), _is_left(images), decide, _measure, _change)
    row = check_changes(ONLY_LEFT, held, limit=200, seed=0).iloc[0]
    # of images with it, both changes make it say no; of those without, neither makes it say yes
    assert 0.3 < row["by_rule"] == row["by_chance"] < 0.7
    assert row["moved"] == 0
    assert not row["holds"]


def test_each_condition_is_turned_alone_and_what_cannot_be_is_said() -> None:
    both = Rule(((LEFT, RIGHT),))
    table = _checked(both, lambda images: _is_left(images) & _is_right(images), _images())
    assert table["condition"].tolist() == ["left > 0", "right > 0"]
    first, second = table.iloc[0], table.iloc[1]
    assert first["holds"]
    assert first["by_rule"] == 1
    assert second["way"] == ""
    assert second["reason"] == (
        "nothing changes it in an image; no generated images to move along a direction of G"
    )


class _Linear(nn.Module):
    """Brightness of the left half by the first latent, of the right half by the second."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        halves = 0.3 * z[:, :2].view(-1, 1, 1, 2)
        texture = 0.1 * z[:, 2:].view(-1, 1, 1, 6).repeat(1, 1, 8, 2)[..., :8]
        texture -= texture.unflatten(3, (2, 4)).mean((2, 4)).repeat_interleave(4, 2)[:, :, None]
        return (halves.repeat_interleave(4, 3).expand(-1, 1, 8, 8) + texture).clamp(-1, 1)


@pytest.mark.parametrize(("decide", "causes"), [(_is_right, True), (_is_left, False)])
def test_generated_images_are_moved_along_the_direction_of_a_concept(
    decide: Decide, causes: bool
) -> None:
    network = _Linear()
    z = torch.randn(600, 8, generator=torch.Generator().manual_seed(1))
    if not causes:  # in what is seen the two halves go together, in what G can make they need not
        z[:, 1] = z[:, 0].sign() * z[:, 1].abs()
    images = network(z[:300])
    known = torch.randn(300, 8, generator=torch.Generator().manual_seed(2))
    latents = Latents(network, z[:300], torch.arange(300), 8, known, _measure(network(known)))
    direction = latents.direction("right")
    assert direction.norm().item() == pytest.approx(1)
    assert direction[1].item() > 0.99
    row = _checked(Rule(((RIGHT,),)), decide, images, latents).iloc[0]
    assert row["way"] == BY_LATENTS
    assert row["by_rule"] == (1 if causes else 0)
    assert bool(row["holds"]) is causes


def test_a_rule_flips_by_one_condition_where_no_other_turns() -> None:
    rule = Rule(((LEFT, RIGHT),))
    names = (("left", "right"), ("", ""))
    before = ConceptTable(*names, torch.tensor([[1.0, 1], [1, 1], [1, -1], [1, 1]]).double())
    after = ConceptTable(*names, torch.tensor([[-1.0, 1], [-1, -1], [-1, -1], [1, -1]]).double())
    whole, alone = flipped(rule, LEFT, before, after)
    assert whole.tolist() == [True, True, False, False]
    assert alone.tolist() == [True, False, False, False]


@pytest.mark.parametrize("change", [of_other_images, smooth])
def test_controls_change_as_much_as_what_they_control(change: Control) -> None:
    images = 0.4 * _images(count=50)  # black and white leave room
    changes = _shifted(images, images, 0.2 - images[..., :4].mean((1, 2, 3))) - images
    made = change(images, changes, 0)
    assert sizes_of(made - images).tolist() == pytest.approx(sizes_of(changes).tolist(), rel=0.001)
    assert made.abs().max() <= 1
    assert not torch.equal(made, images + changes)


def test_what_is_content_is_exchanged_for_another_images() -> None:
    images = _images(count=40)
    concepts = Concepts.on(images)
    cell = change_of(concepts, "cell_0_0")
    assert cell is not None
    others = images.flip(0)
    made = cell(images, others, torch.zeros(40))
    assert torch.equal(made[..., :2, :2], others[..., :2, :2])
    assert torch.equal(made[..., 2:, :], images[..., 2:, :])
    contrast = change_of(concepts, "contrast")
    assert contrast is not None
    given = contrast(0.2 * images, others, torch.full((40,), 0.1))
    assert concepts.measure(given).column("contrast").tolist() == pytest.approx(40 * [0.1])
