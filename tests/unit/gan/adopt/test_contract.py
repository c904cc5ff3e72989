"""What an adopted GAN is and does, told and kept; and whether it answers as it did elsewhere."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ganatomy.errors import InputError
from ganatomy.files import sha256_of
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.contract import Contract, examine_contract, latent_in_words
from ganatomy.gan.adopt.port import Latent
from ganatomy.gan.adopt.reading import read_port
from ganatomy.imports import importable_from
from tests.unit.gan.adopt.foreign import SIZE, Discriminator, Generator

HERE = "tests.unit.gan.adopt.foreign"
GENERATOR = {
    "build": f"{HERE}:Generator",
    "arguments": {"trained": True},
    "weights": "g.pt",
    "output": 1,
    "range": "[0, 255]",
    "order": "BGR",
}
DISCRIMINATOR = {
    "build": f"{HERE}:Discriminator",
    "weights": "d.pt",
    "output": "real",
    "range": [0, 255],
    "order": "BGR",
    "probability": True,
}
LATENT = {"dim": 8, "shape": "map"}


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Generator, Discriminator]:
    """Both networks where they were trained; their weights lie in the folder."""
    torch.manual_seed(3)
    networks = Generator(trained=True).eval(), Discriminator().eval()
    for name, network in zip("gd", networks):
        torch.save(network.state_dict(), tmp_path / f"{name}.pt")
    return networks


def _both(folder: Path, **more: Any) -> Adopted:
    given = {"generator": GENERATOR, "discriminator": DISCRIMINATOR, "latent": LATENT, **more}
    return adopt(read_port(given, "my-gan.yaml", folder))


def test_whose_it_is_is_told_by_class_file_and_hash(
    tmp_path: Path, trained: tuple[Generator, Discriminator]
) -> None:
    contract = examine_contract(_both(tmp_path))
    origin = contract.origins["generator"]
    assert origin.what == f"{HERE}:Generator"
    assert origin.weights_sha256 == hashlib.sha256((tmp_path / "g.pt").read_bytes()).hexdigest()
    assert origin.num_parameters == sum(each.numel() for each in trained[0].parameters())
    assert origin.package == ""
    assert sha256_of(tmp_path / "d.pt")[:16] in contract.verdict()
    assert contract.latent == "8 numbers, normal, of shape (n, 8, 1, 1)"
    assert contract.image_shape == (3, SIZE, SIZE)
    assert contract.agreements == ()


def test_a_contract_is_read_as_it_was_kept(
    tmp_path: Path, trained: tuple[Generator, Discriminator]
) -> None:
    given = {**GENERATOR, "range": "[-1, 1]"}
    contract = examine_contract(_both(tmp_path, generator=given))
    assert len(contract.findings) == 1
    contract.save(tmp_path / "kept")
    assert Contract.load(tmp_path / "kept") == contract
    assert list(Contract.load(tmp_path / "kept").origins) == ["generator", "discriminator"]
    (tmp_path / "kept" / "contract.json").write_text("{}")
    with pytest.raises(InputError, match="no whole result"):
        Contract.load(tmp_path / "kept")


def test_networks_are_asked_in_every_mode_and_left_as_they_were(
    tmp_path: Path, trained: tuple[Generator, Discriminator]
) -> None:
    adopted = _both(tmp_path)
    assert adopted.generator is not None
    before = {name: each.clone() for name, each in adopted.generator.state_dict().items()}
    contract = examine_contract(adopted)
    after = adopted.generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(module.training for module in adopted.generator.modules())
    manners = contract.manners["generator"]
    assert (manners.again, manners.noise) == (0, 0)
    assert manners.alone < 1e-4
    # the author's own network in train mode, on the same latents
    z = adopted.latents(8, 0, "probe")[:, :, None, None]
    with torch.no_grad():
        (_, still), (_, moving) = trained[0](z), trained[0].train()(z)
    expected = float((moving - still).square().mean().sqrt() / still.std())
    assert manners.train == pytest.approx(expected, rel=1e-4)
    assert any("train mode G answers otherwise" in words for words in manners.words("G"))
    assert contract.manners["discriminator"].train == 0


def _reference(folder: Path, networks: tuple[Generator, Discriminator], images: Any = None) -> None:
    z = torch.randn(5, 8, 1, 1, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        made = networks[0](z)[1]
        logits = networks[1](made)["real"]
    save_file(
        {"latents": z, "images": made if images is None else images, "logits": logits}, folder
    )


def test_a_reference_batch_is_compared_in_the_authors_own_terms(
    tmp_path: Path, trained: tuple[Generator, Discriminator]
) -> None:
    _reference(tmp_path / "batch.safetensors", trained)
    contract = examine_contract(_both(tmp_path, reference="batch.safetensors"))
    of_g, of_d = contract.agreements
    assert (of_g.network, of_d.network) == ("generator", "discriminator")
    assert of_g.most < 1e-5
    assert of_d.most < 1e-4
    assert of_g.is_same
    assert of_d.is_same
    assert contract.findings == ()


def test_another_network_than_that_of_the_reference_is_found(
    tmp_path: Path, trained: tuple[Generator, Discriminator]
) -> None:
    _reference(tmp_path / "batch.safetensors", trained)
    other = Generator(trained=True)
    torch.save(other.state_dict(), tmp_path / "g.pt")
    contract = examine_contract(_both(tmp_path, reference="batch.safetensors"))
    of_g, of_d = contract.agreements
    assert not of_g.is_same
    assert of_d.is_same
    assert "not the network that was trained" in contract.findings[0]
    assert not replace(of_g, most=float("nan")).is_same


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"latents": torch.zeros(2, 8, 1, 1)}, "it has latents"),
        ({"images": torch.zeros(2, 3, SIZE, SIZE)}, "it has images"),
        ({"latents": torch.zeros(2, 9), "images": torch.zeros(2, 3, 4, 4)}, "do not take it"),
        (
            {"latents": torch.zeros(2, 8, 1, 1), "images": torch.zeros(2, 3, 4, 4)},
            r"its images are \(2, 3, 4, 4\)",
        ),
    ],
)
def test_a_reference_that_cannot_be_asked_is_refused(
    tmp_path: Path,
    trained: tuple[Generator, Discriminator],
    tensors: dict[str, torch.Tensor],
    words: str,
) -> None:
    save_file(tensors, tmp_path / "batch.safetensors")
    with pytest.raises(InputError, match=words):
        examine_contract(_both(tmp_path, reference="batch.safetensors"))


@pytest.mark.parametrize(
    ("latent", "words"),
    [
        (Latent(1, distribution="uniform"), "1 number, uniform, of shape (n, 1)"),
        (
            Latent(2, distribution="truncated", truncation=1.5, num_classes=3, classes="index"),
            "2 numbers, normal, truncated at 1.5 standard deviations, of shape (n, 2), and one of "
            "3 classes",
        ),
    ],
)
def test_latents_in_words(latent: Latent, words: str) -> None:
    assert latent_in_words(latent) == words


def test_modules_of_a_folder_are_found_there_and_forgotten(tmp_path: Path) -> None:
    before = list(sys.path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shared_name.py").write_text(f"import torch\nWHICH = {name!r}\n")
        with importable_from(tmp_path / name):
            import shared_name  # type: ignore[import-not-found]

            assert name == shared_name.WHICH
        assert "shared_name" not in sys.modules
        assert [each.name for each in (tmp_path / name).iterdir()] == ["shared_name.py"]
    assert sys.path == before
    assert "torch" in sys.modules


def test_the_code_of_a_folder_is_told_apart(tmp_path: Path) -> None:
    """By what it says, and by what it imports from beside it."""
    digests = set()
    for layers in ("nn.Identity()", "nn.Sequential()", "nn.Identity()"):
        (tmp_path / "parts.py").write_text(f"from torch import nn\nBODY = {layers}\n")
        (tmp_path / "nets.py").write_text(
            "from torch import nn\nfrom parts import BODY\n"
            "class G(nn.Module):\n    def forward(self, z):\n"
            "        return z[:, :1, None, None].tanh().expand(-1, 1, 16, 16)\n"
        )
        with importable_from(tmp_path):
            given = {"generator": {"build": "nets:G"}, "latent": {"dim": 2}}
            contract = examine_contract(adopt(read_port(given, "g.yaml", tmp_path)))
        origin = contract.origins["generator"]
        assert (origin.code_files, origin.package) == (2, "")
        digests.add(origin.code_sha256)
    assert len(digests) == 2


def test_an_installed_package_is_told_with_its_version() -> None:
    given = {"discriminator": {"build": "torch.nn:Flatten", "heads": "first"}}
    images = torch.rand(9, 1, 8, 8) * 2 - 1
    contract = examine_contract(adopt(read_port(given, "d.yaml", Path())), images)
    origin = contract.origins["discriminator"]
    assert origin.package == f"torch {torch.__version__}".partition("+")[0] or origin.package
    assert origin.package.startswith("torch ")
    assert origin.code_files > 100
    assert isinstance(nn.Flatten(), nn.Module)
