"""Which baseline means something, on discriminators of which the answer is known."""

from dataclasses import replace

import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from ganatomy.errors import InputError
from ganatomy.explain.lime.baseline_check import NUM_CHECKED, said, settled
from ganatomy.explain.lime.hiding import fills_of
from ganatomy.explain.lime.settings import ORDER, BaselineCheck, Hiding
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import d_logit

SIDE = 16
DRAW = torch.Generator().manual_seed(2)
REALS = torch.rand(80, 1, SIDE, SIDE, generator=DRAW) * 1.6 - 0.8  # noise: detail everywhere
POOL = torch.rand(50, 1, SIDE, SIDE, generator=DRAW) * 1.6 - 0.8
HIDING = Hiding(segment_side=4)


class Detail(nn.Module):
    """Logit = sign * the mean step from a pixel to its neighbour: what is smooth has none."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.sign * (images[..., 1:] - images[..., :-1]).abs().mean((1, 2, 3))


def _brightness(offset: float = 0.0) -> nn.Module:
    linear = nn.Linear(SIDE**2, 1)
    nn.init.constant_(linear.weight, 1 / SIDE**2)
    nn.init.constant_(linear.bias, offset)
    return nn.Sequential(nn.Flatten(), linear, nn.Flatten(0))


def _found(discriminator: nn.Module, hiding: Hiding = HIDING) -> Hiding:
    return settled(hiding, d_logit(discriminator), REALS, POOL, seed=0)


def _checks(hiding: Hiding) -> dict[str, BaselineCheck]:
    return {each.baseline: each for each in hiding.checks}


def test_to_a_d_that_likes_detail_every_baseline_without_any_means_something() -> None:
    found = _found(Detail(1))
    assert found.baseline == "blur"
    checks = _checks(found)
    assert list(checks) == list(ORDER)
    for name in ("blur", "mean", "inpaint", "black"):
        assert checks[name].means_something
        assert checks[name].share == 0
    assert list(said(found)) == []


def test_to_a_d_that_likes_smooth_images_they_mean_nothing_and_are_named() -> None:
    checks = _checks(_found(Detail(-1)))
    for name in ("blur", "mean", "inpaint", "black"):
        assert checks[name].means_nothing
        assert checks[name].share == 1
    assert not checks["marginal"].means_nothing  # images of the same kind
    for name in ("blur", "black"):
        words = " ".join(said(_found(Detail(-1), replace(HIDING, baseline=name))))
        assert f"Hiding everything by {name} makes 100 % of 80 real images look MORE real" in words
        assert "what is shown is the baseline" in words
        assert "No baseline means anything to it." in words


def test_of_a_linear_d_the_shares_are_counted_by_hand() -> None:
    bright = REALS.mean((1, 2, 3))
    checks = _checks(_found(_brightness()))
    for name, level in (("black", -1.0), ("mean", float(POOL.mean()))):
        count = int((bright < level).sum())
        expected = stats.binomtest(count, len(REALS)).proportion_ci(method="exact")
        assert checks[name].share == count / len(REALS)
        assert (checks[name].low, checks[name].high) == pytest.approx((expected.low, expected.high))
        assert checks[name].num_images == len(REALS)
    assert 0.2 < checks["mean"].share < 0.8


def test_auto_takes_the_first_that_means_something_and_says_which_came_before() -> None:
    """The smooth ones look more real, black less: brightness outweighs smoothness."""

    class Both(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return functional.relu(images.mean((1, 2, 3)) + 0.5) + 0.1 * Detail(-1)(images)

    found = _found(Both())
    assert found.baseline == "black"
    words = " ".join(said(found))
    assert words.startswith("Hidden by black, the first baseline that makes most real images look ")
    shares = [f"{name} makes {_checks(found)[name].share:.0%}" for name in ORDER[:3]]
    assert ", ".join(shares).replace("%", " %") in words
    assert min(_checks(found)[name].low for name in ORDER[:3]) > 0.8
    named = _found(Both(), replace(HIDING, baseline="blur"))
    assert named.baseline == "blur"
    assert "Baselines that mean something to it: black." in " ".join(said(named))


def test_where_nothing_means_anything_it_is_the_one_that_fewest_look_more_real_by() -> None:
    found = _found(Detail(-1))
    assert found.baseline == "marginal"
    assert min(found.checks, key=lambda each: each.share).baseline == "marginal"
    assert "how an image differs from other real ones" in " ".join(said(found))


def test_a_d_that_sees_nothing_is_undecided_not_fine() -> None:
    blind = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 1), nn.Flatten(0))
    nn.init.zeros_(blind[1].weight)
    for check in _found(blind).checks:
        assert check.share == 0.5
        assert not check.means_something
        assert not check.means_nothing
    nn.init.constant_(blind[1].bias, float("nan"))
    assert {check.share for check in _found(blind).checks} == {0.5}


def test_few_images_are_no_proof() -> None:
    """Five of five may be chance: 2^-5 to either side is more than 2.5 %."""
    found = settled(HIDING, d_logit(Detail(-1)), REALS[:5], POOL)
    assert found.baseline == "marginal"
    assert not any(check.means_nothing for check in found.checks)
    named = settled(replace(HIDING, baseline="blur"), d_logit(Detail(-1)), REALS[:5], POOL)
    assert "Whether blur means anything to this D is not certain" in " ".join(said(named))
    enough = settled(HIDING, d_logit(Detail(-1)), REALS[:6], POOL)
    assert _checks(enough)["blur"].means_nothing


def test_without_a_pool_what_needs_one_is_neither_asked_about_nor_chosen() -> None:
    found = settled(HIDING, d_logit(_brightness()), REALS)
    assert [each.baseline for each in found.checks] == ["blur", "inpaint", "black"]
    alone = settled(HIDING, d_logit(_brightness()), REALS[:1], REALS[:1])
    assert "marginal" not in _checks(alone)


def test_what_was_settled_stays_and_only_the_first_images_are_asked() -> None:
    found = _found(Detail(1))
    assert settled(found, d_logit(Detail(-1)), REALS, POOL) is found
    many = REALS.repeat(3, 1, 1, 1)
    assert len(many) > NUM_CHECKED
    counts = {each.num_images for each in settled(HIDING, d_logit(Detail(1)), many, POOL).checks}
    assert counts == {NUM_CHECKED}


def test_what_is_not_settled_cannot_hide() -> None:
    with pytest.raises(InputError, match="not settled") as error:
        fills_of(HIDING, REALS, POOL)
    assert error.value.where == "baseline"
    assert fills_of(_found(Detail(1)), REALS, POOL).shape == (80, 1, 1, SIDE, SIDE)


def test_the_study_hides_by_what_means_something_and_warns_of_what_does_not() -> None:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, SIDE**2), nn.Unflatten(1, (1, SIDE, SIDE)), nn.Tanh())
    subjects = Subjects.of(generator, Detail(-1), real=REALS[:20], z=torch.randn(4, 3))
    told: list[str] = []
    hiding = replace(HIDING, baseline="mean")
    study = explain_by_lime(subjects, hiding=hiding, num_images=2, on_warning=told.append)
    assert study.hiding.baseline == "mean"
    assert any("Hiding everything by mean makes 100 % of 20 real images" in each for each in told)
    assert study.verdict().startswith("Hiding everything by mean makes 100 % of 20 real")
    assert study.metrics()["hidden_look_more_real/mean"] == 1
    assert study.share_below("d_real") > 0.9  # the artefact itself: all speaks for "fake"
    assert study.positive("d_real") == 0
    assert "Cut at 0, D calls none of them real" in study.verdict()
    other = explain_by_lime(subjects, hiding=HIDING, num_images=2)
    assert other.hiding.baseline == "marginal"
    assert 0.2 < other.share_below("d_real") < 0.8
