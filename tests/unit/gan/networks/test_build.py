"""From an architecture to networks, and what is said when that fails."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.networks import IMAGE_SIZES, dcgan, resnet
from ganatomy.gan.networks.build import build_discriminator, build_generator
from ganatomy.gan.settings import Method
from ganatomy.initialise import initialise
from tests.unit.gan.networks.both import images

MINE = """
import torch
from torch import nn
from ganatomy.gan.networks import dcgan

class G(dcgan.Generator):
    pass

class D(nn.Module):
    def __init__(self, image_size, channels, width, num_classes=0):
        super().__init__()
        self.built_with = dict(image_size=image_size, channels=channels, width=width,
                               num_classes=num_classes)
        self.register_buffer("noise", torch.randn(3))
        self.hidden = nn.Conv2d(channels, width, 4, 2, 1)
        self.logit = nn.Linear(width, 1)

    def forward(self, images, labels=None):
        hidden = torch.relu(self.hidden(images)).mean((2, 3))
        return self.logit(hidden).squeeze(1)

class Strict(D):
    def __init__(self, image_size, channels, width):
        super().__init__(image_size, channels, width)

class Fails(nn.Module):
    def __init__(self, **sizes):
        raise RuntimeError("too " + "wide")

def function(**sizes):
    return sizes
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder on sys.path with modules of the user's own."""
    (tmp_path / "my_networks.py").write_text(MINE)
    (tmp_path / "my_broken.py").write_text("import torch\n1 / 0\n")
    (tmp_path / "my_import.py").write_text("import surely_not_installed\n")
    (tmp_path / "my_exit.py").write_text("raise SystemExit('bye')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("my_")]:
        del sys.modules[name]


def _architecture(
    generator: str = "dcgan", discriminator: str = "dcgan", **more: object
) -> Architecture:
    return Architecture(28, 1, 8, 4, generator, discriminator, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "module"), [("dcgan", dcgan), ("resnet", resnet)])
def test_names(name: str, module: object) -> None:
    architecture = _architecture(name, name, num_classes=3)
    generator, discriminator = build_generator(architecture), build_discriminator(architecture)
    assert type(generator) is module.Generator  # type: ignore[attr-defined]
    assert type(discriminator) is module.Discriminator  # type: ignore[attr-defined]
    assert generator(torch.randn(2, 11)).shape == (2, 1, 28, 28)
    assert discriminator(images(2, 28), torch.tensor([0, 2])).shape == (2,)


@pytest.mark.parametrize("name", ["dcgan", "resnet", "my_networks:D"])
@pytest.mark.usefixtures("project")
def test_spectral_norm(name: str) -> None:
    network = build_discriminator(_architecture(discriminator=name, spectral_norm=True))
    initialise(network, 0, "d")
    plain = build_discriminator(_architecture(discriminator=name))
    initialise(plain, 0, "d")
    weights = {n: m for n, m in plain.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear))}
    for each, layer in weights.items():
        found = network.eval().get_submodule(each).weight
        assert isinstance(found, torch.Tensor)
        assert isinstance(layer.weight, torch.Tensor)
        largest = torch.linalg.svdvals(layer.weight.flatten(1))[0]
        torch.testing.assert_close(found, layer.weight / largest, rtol=0.05, atol=0)
    assert network(images(2, 28)).shape == (2,)


@pytest.mark.usefixtures("project")
def test_a_class_of_ones_own() -> None:
    generator = build_generator(_architecture(generator="my_networks:G"))
    assert generator(torch.randn(2, 8)).shape == (2, 1, 28, 28)
    without = build_discriminator(_architecture(discriminator="my_networks:D"))
    assert without.built_with == {"image_size": 28, "channels": 1, "width": 4, "num_classes": 0}
    with_classes = build_discriminator(_architecture(discriminator="my_networks:D", num_classes=5))
    assert with_classes.built_with["num_classes"] == 5  # type: ignore[index]
    build_discriminator(_architecture(discriminator="my_networks:Strict"))  # no num_classes given


@pytest.mark.usefixtures("project")
def test_what_a_constructor_draws_is_the_same_in_every_build() -> None:
    architecture = _architecture(discriminator="my_networks:D")
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        states.append(build_discriminator(architecture).state_dict())
        assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("stylegan", "no network 'stylegan'", "Use dcgan, "),
        ("my_networks.D", "no network 'my_networks.D'", "module:Class"),
        ("my_absent:D", "there is no module 'my_absent'", "my_absent.py"),
        ("my_absent.deep:D", "there is no module 'my_absent'", "my_absent/deep.py"),
        ("my_networks:E", "no 'E'", "Classes it has: D, Fails, G, Strict."),
        ("my_broken:D", "raised ZeroDivisionError: division by zero", "import my_broken"),
        ("my_import:D", "No module named 'surely_not_installed'", "import my_import"),
        ("my_exit:D", "raised SystemExit: bye", "import my_exit"),
        (":D", "ValueError", "import"),
        ("my_networks:Fails", ") raised RuntimeError: too wide", "constructor"),
        ("my_networks:function", "gave a dict", "torch.nn.Module"),
        ("my_networks:nn", "raised TypeError", "constructor"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_cannot_be_built(name: str, what: str, remedy: str) -> None:
    for build, architecture, where in (
        (build_generator, _architecture(generator=name), "generator"),
        (build_discriminator, _architecture(discriminator=name), "discriminator"),
    ):
        with pytest.raises(InputError) as caught:
            build(architecture)
        assert what in caught.value.what
        assert remedy in caught.value.remedy
        assert caught.value.where == where


@pytest.mark.usefixtures("project")
def test_own_networks_are_checked() -> None:
    with pytest.raises(InputError, match="raised TypeError"):
        build_generator(_architecture(generator="my_networks:D"))
    with pytest.raises(InputError, match=r"output of shape \(3, 1, 28, 28\), expected \(3,\)"):
        build_discriminator(_architecture(discriminator="tests.unit.gan.networks.test_build:Map"))


class Map(nn.Module):
    """A discriminator that gives a map."""

    def __init__(self, image_size: int, channels: int, width: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(channels, 1, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.layer(images)
        return result


@pytest.mark.parametrize(
    ("name", "alone"),
    [("dcgan", False), ("dcgan-plain", True), ("dcgan-layernorm", True), ("resnet", True)],
)
def test_which_discriminators_are_functions_of_their_image(name: str, alone: bool) -> None:
    """In train mode as in eval mode, whatever else is in the batch."""
    network = build_discriminator(_architecture(discriminator=name))
    some, others = images(4, 28), images(4, 28, seed=1) * 0.2
    with torch.no_grad():
        evaluated = network.eval()(some)
        trained = network.train()(torch.cat([some, others]))[:4]
    assert torch.allclose(trained, evaluated, atol=1e-6) == alone


@pytest.mark.parametrize("size", IMAGE_SIZES)
@pytest.mark.parametrize("options", [{}, {"num_classes": 3}, {"spectral_norm": True}])
def test_the_default_discriminator_judges_each_image_by_itself_to_the_bit(
    size: int, options: dict[str, Any]
) -> None:
    """Of every size, with classes and with spectral norm; one image among others or not."""
    architecture = Architecture(size, 3, 8, 4, **options)
    assert architecture.discriminator == Method().discriminator
    network = build_discriminator(architecture)
    some, others = images(4, size, 3), images(4, size, 3, seed=1) * 0.2
    given = (torch.tensor([0, 1, 2, 0]),) if architecture.num_classes else ()
    twice = [torch.cat([labels, labels]) for labels in given]
    with torch.no_grad():
        expected = network.eval()(torch.cat([some, some]), *twice)
        assert expected.shape == (8,)
        assert len(expected.unique()) > 1
        among_others = torch.cat([some, others])
        assert torch.equal(network(among_others, *twice)[:4], expected[:4])
        if not architecture.spectral_norm:  # whose power iteration goes on in train mode
            assert torch.equal(network.train()(among_others, *twice)[:4], expected[:4])
