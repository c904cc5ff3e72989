"""Networks come back from disk as they were, or the file is named."""

from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.files import write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import load_gan, save_gan
from ganatomy.gan.model import build_gan

CPU = torch.device("cpu")
SHAPE = Architecture(image_size=32, channels=3, latent_dim=6, width=4)
NETWORKS = ["generator", "discriminator", "generator_ema"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained GAN on disk."""
    save_gan(build_gan(SHAPE, seed=0), tmp_path / "gan")
    return tmp_path / "gan"


def test_comes_back(tmp_path: Path) -> None:
    gan = build_gan(SHAPE, seed=0)
    with torch.no_grad():
        gan.generator_ema.project.weight.add_(1)
        gan.generator_ema.norm.running_mean.add_(2)
        for network in (gan.generator, gan.discriminator):
            network.to(memory_format=torch.channels_last)
    save_gan(gan, tmp_path)
    found = load_gan(tmp_path, CPU)
    assert found.architecture == SHAPE
    for name in NETWORKS:
        expected = getattr(gan, name).state_dict()
        network = getattr(found, name)
        assert network.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[k]) for k, value in network.state_dict().items())
        assert not any(module.training for module in network.modules())
        assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("name", [*(f"{name}.safetensors" for name in NETWORKS), "networks.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damage_is_named(name: str, damage: str, folder: Path) -> None:
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError) as caught:
        load_gan(folder, CPU)
    assert caught.value.where == str(path)


@pytest.mark.parametrize("change", [{"width": 8}, {"channels": 1}, {"image_size": 28}])
def test_weights_that_do_not_fit_are_named(change: dict[str, int], folder: Path) -> None:
    write_json(folder / "networks.json", {**SHAPE.to_json(), **change})
    with pytest.raises(InputError, match="do not fit") as caught:
        load_gan(folder, CPU)
    assert caught.value.where.endswith(".safetensors")


@pytest.mark.parametrize(
    "broken",
    [[], {"image_size": 28}, {**SHAPE.to_json(), "depth": 3}, {**SHAPE.to_json(), "width": "4"}],
    ids=["no mapping", "missing", "unknown", "wrong type"],
)
def test_what_is_no_architecture_is_named(broken: object, folder: Path) -> None:
    write_json(folder / "networks.json", broken)
    with pytest.raises(InputError, match="not an architecture") as caught:
        load_gan(folder, CPU)
    assert caught.value.where.endswith("networks.json")


def test_conditional_normalised_networks_come_back(tmp_path: Path) -> None:
    shape = Architecture(28, 1, 6, 4, num_classes=3, spectral_norm=True)
    gan = build_gan(shape, seed=0)
    save_gan(gan, tmp_path)
    found = load_gan(tmp_path, CPU)
    images, labels = torch.rand(4, 1, 28, 28), torch.tensor([0, 1, 2, 0])
    gan.discriminator.eval()
    assert torch.equal(found.discriminator(images, labels), gan.discriminator(images, labels))
