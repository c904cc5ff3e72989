"""Latents, images and logits, whatever the batch size."""

import pytest
import torch

from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks import Discriminator, Generator
from ganatomy.gan.sampling import generate, latents, score
from tests.unit.conftest import MakeDataset


def _of(latent_dim: int, num_classes: int = 0) -> Architecture:
    return Architecture(28, 1, latent_dim, 4, num_classes=num_classes)


def test_latents_are_standard_normal() -> None:
    z = latents(500, _of(40), 0, "test").double()
    assert z.shape == (500, 40)
    assert abs(float(z.mean())) < 4 / 20_000**0.5
    assert abs(float(z.std()) - 1) < 4 / 40_000**0.5


def test_latents_depend_on_seed_and_purpose_alone() -> None:
    first = latents(3, _of(4), 0, "a", 1)
    torch.manual_seed(7)
    assert torch.equal(latents(3, _of(4), 0, "a", 1), first)
    for other in (
        latents(3, _of(4), 1, "a", 1),
        latents(3, _of(4), 0, "b", 1),
        latents(3, _of(4), 0, "a", 2),
    ):
        assert not torch.equal(other, first)


def test_classes_stand_at_the_end_and_move_no_random_number() -> None:
    plain, conditional = latents(200, _of(4), 0, "a"), latents(200, _of(4, 3), 0, "a")
    assert torch.equal(conditional[:, :4], plain)
    assert torch.equal(conditional[:, 4:].sum(1), torch.ones(200))
    assert all(40 < count < 95 for count in conditional[:, 4:].sum(0).tolist())
    wanted = torch.arange(200) % 3
    given = latents(200, _of(4, 3), 0, "a", labels=wanted)
    assert torch.equal(given[:, :4], plain)
    assert torch.equal(given[:, 4:].argmax(1), wanted)


@pytest.mark.parametrize("batch_size", [1, 4, 10, 100])
def test_generate_in_batches(batch_size: int) -> None:
    network = Generator(28, 1, 8, 4).eval()
    z = latents(10, _of(8), 0)
    images = generate(network, z, batch_size)
    assert not images.requires_grad
    torch.testing.assert_close(images, network(z).detach(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 4, 10, 100])
def test_score_in_batches(batch_size: int, make_dataset: MakeDataset) -> None:
    images = make_dataset(10, 3).images
    network = Discriminator(28, 3, 4).eval()
    logits = score(network, images, batch_size)
    assert logits.dtype == torch.float64
    assert not logits.requires_grad
    expected = network(images.float() / 127.5 - 1).detach().double()
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)
