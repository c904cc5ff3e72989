"""What D knows by heart, on logits whose distributions are known."""

import pytest
import torch
from scipy.special import ndtr

from ganatomy.errors import InputError
from ganatomy.metrics.generalisation import Generalisation, generalisation_gap


def _judge(gap: float, seed: int = 0, sd: float = 2.0) -> Generalisation:
    draw = torch.Generator().manual_seed(seed)
    train = 1 + gap + sd * torch.randn(900, generator=draw)
    held_out = 1 + sd * torch.randn(400, generator=draw)
    fakes = -3 + sd * torch.randn(500, generator=draw)
    return generalisation_gap(train, held_out, fakes, seed=seed)


@pytest.mark.parametrize("gap", [1.0, 3.0])
def test_planted_gap(gap: float) -> None:
    found = _judge(gap)
    assert found.gap == pytest.approx(gap, abs=0.4)
    assert found.gap_sd == pytest.approx(gap / 2, abs=0.2)
    expected = float(ndtr(gap / 2 / 2**0.5))
    assert found.auc_interval[0] < expected < found.auc_interval[1]
    assert found.auc_interval[0] < found.auc < found.auc_interval[1]
    assert found.over_fits
    assert found.train_accuracy == pytest.approx(float(ndtr((1 + gap) / 2)), abs=0.06)
    assert found.held_out_accuracy == pytest.approx(float(ndtr(0.5)), abs=0.06)
    assert found.fake_accuracy == pytest.approx(float(ndtr(1.5)), abs=0.06)
    assert found.auc_train_fake == pytest.approx(float(ndtr((4 + gap) / 2 / 2**0.5)), abs=0.03)
    assert found.auc_held_out_fake == pytest.approx(float(ndtr(2 / 2**0.5)), abs=0.03)


def test_without_a_gap_it_seldom_says_over_fits() -> None:
    found = [_judge(0.0, seed) for seed in range(40)]
    assert sum(one.over_fits for one in found) <= 5  # 1 of 40 expected
    inside = sum(one.auc_interval[0] <= 0.5 <= one.auc_interval[1] for one in found)
    assert inside >= 33
    assert sum(one.gap for one in found) / 40 == pytest.approx(0, abs=0.08)


def test_worked_out_by_hand() -> None:
    train, held_out = torch.tensor([1.0, 3, 5]), torch.tensor([-1.0, 0, 1])
    found = generalisation_gap(train, held_out, torch.tensor([-1.0, 0.0, 2, -4]), seed=0)
    assert (found.train_mean, found.held_out_mean, found.fake_mean) == (3, 0, -0.75)
    assert found.gap == 3
    assert found.gap_sd == pytest.approx(3 / 2.5**0.5)  # variances 4 and 1
    assert found.auc == pytest.approx(8.5 / 9)
    assert (found.train_accuracy, found.held_out_accuracy) == pytest.approx((1, 1 / 3))
    assert found.fake_accuracy == 0.5


def test_a_constant_discriminator_knows_nothing() -> None:
    found = generalisation_gap(torch.zeros(5), torch.zeros(4), torch.zeros(3), seed=0)
    assert (found.gap, found.gap_sd, found.auc) == (0, 0, 0.5)
    assert found.auc_interval == (0.5, 0.5)
    assert not found.over_fits


@pytest.mark.parametrize("bad", [torch.zeros(1), torch.zeros(3, 1), torch.tensor([0, torch.nan])])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_logits_that_cannot_be_judged(bad: torch.Tensor, position: int) -> None:
    sets = [torch.zeros(4)] * 3
    sets[position] = bad
    with pytest.raises(InputError, match="finite logits"):
        generalisation_gap(*sets, seed=0)
