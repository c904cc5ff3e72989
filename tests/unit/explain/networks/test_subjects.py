"""The networks and images that every explanation looks at, without any file."""

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED
from ganatomy.errors import InputError
from ganatomy.explain.networks.subjects import Subjects


def _networks() -> tuple[nn.Module, nn.Module, nn.Module]:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(5, 64), nn.Unflatten(1, (1, 8, 8)), nn.Tanh())
    discriminator = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 1), nn.Flatten(0)
    )
    evaluator = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
    return generator, discriminator, evaluator


def test_fakes_and_what_the_evaluator_sees_in_them_are_computed() -> None:
    generator, discriminator, evaluator = _networks()
    z, real = torch.randn(300, 5), torch.rand(4, 1, 8, 8) * 2 - 1
    found = Subjects.of(
        generator,
        discriminator,
        real=real,
        z=z,
        evaluator=evaluator,
        class_names=("a", "b", "c"),
        real_labels=torch.tensor([2, 0, 2, 0]),
        num_classes=2,
    )
    with torch.no_grad():
        expected = generator(z)
    torch.testing.assert_close(found.fake, expected)
    assert found.fake_labels.tolist() == evaluator(expected).argmax(1).tolist()
    assert found.latent_dim == 3
    assert found.size == (8, 8)
    assert found.d_layers.convolutions == ("0",)
    torch.testing.assert_close(
        found.mean_images(), {"a": real[1::2].mean(0), "c": real[::2].mean(0)}
    )
    maps = torch.randn(4, 8, 8)
    means = found.by_class(maps, found.real_labels)
    torch.testing.assert_close(means, {"a": maps[1::2].abs().mean(0), "c": maps[::2].abs().mean(0)})


def test_without_an_evaluator_no_image_has_a_label() -> None:
    generator, discriminator, _ = _networks()
    found = Subjects.of(generator, discriminator, real=torch.zeros(3, 1, 8, 8), z=torch.randn(2, 5))
    assert found.fake_labels.tolist() == [UNLABELLED] * 2
    assert found.real_labels.tolist() == [UNLABELLED] * 3
    assert list(found.mean_images()) == ["all"]


@pytest.mark.parametrize(("images", "latents", "labels"), [(0, 2, 0), (2, 0, 2), (2, 2, 3)])
def test_what_does_not_go_together_is_refused(images: int, latents: int, labels: int) -> None:
    generator, discriminator, evaluator = _networks()
    with pytest.raises(InputError) as error:
        Subjects.of(
            generator,
            discriminator,
            real=torch.zeros(images, 1, 8, 8),
            z=torch.zeros(latents, 5),
            evaluator=evaluator,
            class_names=("a", "b", "c"),
            real_labels=torch.zeros(labels, dtype=torch.int64),
        )
    assert error.value.where in ("real", "z", "real_labels")


def test_what_is_missing_is_missing_alone() -> None:
    """A GAN need not be whole: each part is looked at as far as it goes."""
    generator = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))
    discriminator = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(144, 1))
    z, real = torch.randn(3, 2), torch.rand(5, 1, 8, 8)
    of_g = Subjects.of(generator, None, z=z)
    assert (of_g.has_generator, of_g.has_discriminator, len(of_g.real)) == (True, False, 0)
    assert of_g.size == (8, 8)
    torch.testing.assert_close(of_g.fake, generator(z))
    with pytest.raises(InputError, match="there is no discriminator"):
        of_g.discriminator(of_g.fake)
    of_d = Subjects.of(None, discriminator, real=real, fake=real[:2])
    assert (of_d.has_generator, len(of_d.fake), of_d.z.numel()) == (False, 2, 0)
    assert of_d.d_layers.convolutions == ("0",)
    with pytest.raises(InputError, match="no image"):
        Subjects.of(None, discriminator)
    with pytest.raises(InputError, match="of shape"):
        Subjects.of(generator, None, z=z, real=torch.rand(2, 3, 8, 8))
