"""Classes in G and D."""

import pytest
import torch

from tests.unit.gan.networks.both import NAMES, discriminator, generator, images, latents

both = pytest.mark.parametrize("name", NAMES)


@both
def test_a_logit_is_linear_in_the_class_embedding(name: str) -> None:
    network = discriminator(name, 28, num_classes=4).eval()
    real = images(5, 28)
    with torch.no_grad():
        embedding = network.get_parameter("embedding.weight")
        by_class = torch.stack([network(real, torch.full((5,), k)) for k in range(4)], 1)
        without = network(real)
        hidden = network.get_submodule("layers")(real).flatten(1)
        plain = network.get_submodule("logit")(network.get_submodule("layers")(real)).squeeze(1)
        mixed = torch.tensor([3, 0, 1, 2, 3])
        found = network(real, mixed)
    torch.testing.assert_close(by_class, plain[:, None] + hidden @ embedding.T, rtol=0, atol=1e-5)
    torch.testing.assert_close(without, by_class.mean(1), rtol=0, atol=1e-5)
    assert torch.equal(found, by_class[torch.arange(5), mixed])
    assert float(by_class.std(1).min()) > 1e-3


@both
def test_labels_move_the_embedding_of_their_class_alone(name: str) -> None:
    network = discriminator(name, 28, num_classes=4)
    network(images(3, 28), torch.tensor([2, 0, 2])).sum().backward()
    gradient = network.get_parameter("embedding.weight").grad
    assert gradient is not None
    assert [bool(row.any()) for row in gradient] == [True, False, True, False]


@both
def test_a_class_changes_an_image_as_much_as_a_new_latent(name: str) -> None:
    network = generator(name, 28, num_classes=4).eval()
    z = latents(40, 4)
    other_class = torch.cat([z[:, :8], z[:, 8:].roll(1, 1)], 1)
    other_noise = torch.cat([z[:, :8].roll(4, 0), z[:, 8:]], 1)
    with torch.no_grad():
        by_class, by_noise = (
            float((network(changed) - network(z)).pow(2).mean().sqrt())
            for changed in (other_class, other_noise)
        )
    assert 0.6 < by_class / by_noise < 1.6


@both
def test_labels_without_classes_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="without classes"):
        discriminator(name, 28)(images(2, 28), torch.tensor([0, 1]))


@both
def test_without_classes_there_is_nothing_to_condition(name: str) -> None:
    assert not any("embedding" in each for each in discriminator(name, 28).state_dict())
    assert generator(name, 28).get_parameter("project.weight").shape[1] == 8
    assert generator(name, 28, 3).get_parameter("project.weight").shape[1] == 11
