"""BatchNorm with fixed statistics: what it computes, of which images, and what it leaves alone."""

import copy

import pytest
import torch
from torch import nn

from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.networks.fixed_statistics import fixed_statistics, normalises_by_batch
from ganatomy.gan.model import build_gan
from tests.unit.gan.small import SMALL, same, weights


def _images(count: int, seed: int) -> torch.Tensor:
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def _dcgan() -> nn.Module:
    """Its running statistics are those of no images: it has seen one batch of noise."""
    network = build_gan(SMALL, 0).discriminator
    with torch.no_grad():
        network.train()(3 * _images(16, 9))
    return network


def test_of_its_reference_it_says_what_the_network_says_in_train_mode() -> None:
    network, reals, fakes = _dcgan(), _images(24, 0), _images(24, 1) * 0.3
    fixed = fixed_statistics(network, reals, fakes)
    reference = torch.cat([reals, fakes])
    with torch.no_grad():
        trained = copy.deepcopy(network).train()(reference)
        saved = copy.deepcopy(network).eval()(reference)
        torch.testing.assert_close(fixed(reference), trained, rtol=1e-4, atol=1e-5)
    assert float((saved - trained).abs().max()) > 0.01  # there was something to mend


def test_each_logit_depends_on_its_image_alone() -> None:
    fixed = fixed_statistics(_dcgan(), _images(24, 0), _images(24, 1))
    one, others = _images(3, 2), _images(13, 3)
    with torch.no_grad():
        together = fixed(torch.cat([one, others]))[:3]
        torch.testing.assert_close(together, fixed(torch.cat([one, -others]))[:3], rtol=0, atol=0)
    assert not any(module.training for module in fixed.modules())
    assert not any(parameter.requires_grad for parameter in fixed.parameters())


def test_reals_and_fakes_are_half_of_the_reference_each() -> None:
    """A layer that normalises the images themselves: the statistics are known."""
    network = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(4, 1))
    reals, fakes = torch.full((90, 1, 2, 2), 0.5), torch.full((10, 1, 2, 2), -1.0)
    norm = fixed_statistics(network, reals, fakes)[0]  # type: ignore[index]
    torch.testing.assert_close(norm.running_mean, torch.tensor([-0.25]))
    torch.testing.assert_close(norm.running_var, torch.tensor([0.75**2]))


def test_the_number_and_the_seed_decide_which_images() -> None:
    network, reals, fakes = _dcgan(), _images(64, 0), _images(64, 1)
    first, again, other, all_of_them = (
        fixed_statistics(network, reals, fakes, num_of_each=count, seed=seed)
        for count, seed in ((16, 0), (16, 0), (16, 1), (64, 0))
    )
    assert same(first, again)
    assert not same(first, other)
    assert not same(first, all_of_them)


def test_images_of_both_kinds_of_numbers_are_one() -> None:
    network, reals = _dcgan(), (_images(16, 0) * 127 + 128).to(torch.uint8)
    of_bytes, of_floats = (
        fixed_statistics(network, images, _images(16, 1)) for images in (reals, to_float(reals))
    )
    assert same(of_bytes, of_floats)


def test_a_network_without_batch_norm_is_given_back_itself() -> None:
    network = nn.Sequential(nn.Flatten(), nn.LayerNorm(4), nn.Linear(4, 1))
    assert not normalises_by_batch(network)
    assert fixed_statistics(network, torch.empty(0), torch.empty(0)) is network


def test_the_network_stays_as_it_was() -> None:
    network = _dcgan()
    before, modes = weights(network), [module.training for module in network.modules()]
    fixed_statistics(network, _images(8, 0), _images(8, 1))
    after = weights(network)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert [module.training for module in network.modules()] == modes
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_batch_norm_without_running_statistics_gets_some() -> None:
    norm = nn.BatchNorm2d(1, track_running_stats=False)
    network = nn.Sequential(norm, nn.Flatten(), nn.Linear(784, 1)).eval()
    reals, fakes = _images(32, 0), _images(32, 1)
    with torch.no_grad():
        trained = network(torch.cat([reals, fakes]))
        fixed = fixed_statistics(network, reals, fakes)
        torch.testing.assert_close(fixed(reals), trained[:32])
        assert not torch.allclose(network(reals), trained[:32])
    assert norm.running_mean is None


def test_a_network_with_the_older_spectral_norm_can_be_copied() -> None:
    layer = torch.nn.utils.spectral_norm(nn.Conv2d(1, 2, 3))
    network = nn.Sequential(layer, nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(1352, 1))
    network(_images(4, 0)).sum().backward()
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(network)
    assert normalises_by_batch(fixed_statistics(network, _images(4, 0), _images(4, 1)))


@pytest.mark.parametrize(
    ("reals", "fakes"),
    [((0, 1, 28, 28), (4, 1, 28, 28)), ((4, 1, 28, 28), (4, 3, 28, 28)), ((4, 784), (4, 784))],
)
def test_what_is_no_pair_of_kinds_is_refused(
    reals: tuple[int, ...], fakes: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="reals, fakes"):
        fixed_statistics(_dcgan(), torch.zeros(reals), torch.zeros(fakes))
