"""An adopted GAN on disk comes back as it was, whatever its author's file was like."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganatomy.absent import is_there
from ganatomy.errors import InputError
from ganatomy.files import read_json, write_json
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.folder import save_adopted
from ganatomy.gan.adopt.reading import read_port
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import generate, latents, score
from tests.unit.gan.adopt.foreign import SIZE, Discriminator, Generator

HERE = "tests.unit.gan.adopt.foreign"
G = {"build": f"{HERE}:Generator", "output": 1, "range": "[0, 255]", "order": "BGR"}
D = {"build": f"{HERE}:Discriminator", "output": "real", "range": [0, 1], "probability": True}
LATENT = {"dim": 8, "shape": "map"}


def _values(folder: Path) -> dict[str, Any]:
    """A port whose weights lie deep in one file, under a prefix."""
    torch.manual_seed(3)
    nets = {"G": Generator(trained=True), "D": Discriminator()}
    states = {k: {f"module.{n}": v for n, v in net.state_dict().items()} for k, net in nets.items()}
    torch.save({"epoch": 7, **states}, folder / "all.pt")
    file = {"weights": "all.pt", "prefix": "module."}
    return {
        "generator": {**G, **file, "key": "G"},
        "discriminator": {**D, **file, "key": "D"},
        "latent": LATENT,
        "seed": 4,
    }


def _adopted(values: dict[str, Any], folder: Path) -> Adopted:
    return adopt(read_port(values, "my-gan.yaml", folder))


def test_both_come_back_without_the_file_that_they_came_from(tmp_path: Path) -> None:
    values = _values(tmp_path)
    adopted = _adopted(values, tmp_path)
    z = adopted.latents(5, 0)
    assert adopted.generator is not None
    assert adopted.discriminator is not None
    images = adopted.generator(z)
    logits = adopted.discriminator(images)
    save_adopted(adopted, values, tmp_path / "gan", image_shape=(3, SIZE, SIZE))
    (tmp_path / "all.pt").unlink()
    gan = load_gan(tmp_path / "gan")
    assert torch.equal(gan.generator_ema(z), images)
    assert torch.equal(gan.discriminator(images), logits)
    assert gan.architecture.image_shape == (3, SIZE, SIZE)
    assert (gan.architecture.latent_dim, gan.architecture.num_classes) == (8, 0)
    networks = (gan.generator, gan.discriminator)
    assert not any(each.training for net in networks for each in net.modules())
    assert not any(each.requires_grad for net in networks for each in net.parameters())


def test_the_usual_calls_work_on_it(tmp_path: Path) -> None:
    values = _values(tmp_path)
    save_adopted(_adopted(values, tmp_path), values, tmp_path / "gan", image_shape=(3, SIZE, SIZE))
    gan = load_gan(tmp_path / "gan")
    z = latents(6, gan.architecture, 1, "test")
    images = generate(gan.generator_ema, z, batch_size=4)
    assert images.shape == (6, 3, SIZE, SIZE)
    assert float(images.abs().max()) <= 1
    shown = ((images + 1) * 127.5).round().to(torch.uint8)
    assert score(gan.discriminator, shown).shape == (6,)


@pytest.mark.parametrize("kept", ["generator", "discriminator"])
def test_what_was_not_given_is_absent(kept: str, tmp_path: Path) -> None:
    values = _values(tmp_path)
    given = {kept: values[kept], **({"latent": LATENT} if kept == "generator" else {})}
    save_adopted(_adopted(given, tmp_path), given, tmp_path / "gan", image_shape=(3, SIZE, SIZE))
    gan = load_gan(tmp_path / "gan")
    assert is_there(gan.generator_ema) == is_there(gan.generator) == (kept == "generator")
    assert is_there(gan.discriminator) == (kept == "discriminator")
    missing = gan.discriminator if kept == "generator" else gan.generator_ema
    with pytest.raises(InputError, match=f"there is no {missing.name}"):
        missing(torch.zeros(1, 3, SIZE, SIZE))


class Tied(nn.Module):
    """Two names of one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4, bias=False)
        self.second = nn.Linear(4, 4, bias=False)
        self.second.weight = self.first.weight

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Rows of a small picture."""
        row = self.second(self.first(z)).tanh()[:, None, None]
        return row.repeat(1, 1, 8, 4)


def test_tied_weights_and_images_that_are_not_square(tmp_path: Path) -> None:
    state = {name: torch.full_like(each, 0.3) for name, each in Tied().state_dict().items()}
    torch.save(state, tmp_path / "g.pt")
    values = {"generator": {"build": f"{__name__}:Tied", "weights": "g.pt"}, "latent": {"dim": 4}}
    adopted = _adopted(values, tmp_path)
    save_adopted(adopted, values, tmp_path / "gan", image_shape=(1, 8, 16))
    gan, z = load_gan(tmp_path / "gan"), adopted.latents(3, 0)
    assert gan.architecture.image_shape == (1, 8, 16)
    assert gan.generator_ema(z).shape == (3, 1, 8, 16)
    # by hand: each number of z through the same matrix of 0.3 twice
    expected = (z.sum(1, keepdim=True) * 0.3 * 4 * 0.3).tanh().expand(-1, 4)
    assert torch.allclose(gan.generator_ema(z)[:, 0, 0, :4], expected, atol=1e-6)


def test_a_program_is_copied(tmp_path: Path) -> None:
    judge = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 1))
    torch.jit.trace(judge, torch.zeros(2, 3, 8, 8)).save(str(tmp_path / "d.ts"))
    values = {"discriminator": {"file": "d.ts"}}
    save_adopted(_adopted(values, tmp_path), values, tmp_path / "gan", image_shape=(3, 8, 8))
    (tmp_path / "d.ts").unlink()
    images = torch.rand(4, 3, 8, 8)
    found = load_gan(tmp_path / "gan").discriminator(images)
    assert torch.allclose(found, judge(images)[:, 0], atol=1e-6)


def test_the_same_gan_is_the_same_bytes(tmp_path: Path) -> None:
    values = _values(tmp_path)
    for name in ("a", "b"):
        adopted = _adopted(values, tmp_path)
        save_adopted(adopted, values, tmp_path / name, image_shape=(3, SIZE, SIZE))
    names = ["adopted.json", "discriminator.safetensors", "generator.safetensors"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_code_beside_the_weights_is_named_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"discriminator": {"build": "judges_of_a_stranger:Judge"}}
    folder = tmp_path / "gan"
    code = folder / "code"
    code.mkdir(parents=True)
    ran = tmp_path / "ran"
    (code / "judges_of_a_stranger.py").write_text(
        f"from pathlib import Path\nfrom torch import nn\n\nPath({str(ran)!r}).touch()\n\n\n"
        "class Judge(nn.Flatten):\n    pass\n"
    )
    about = {"image_shape": [1, 8, 8], "port": values, "origin": {}}
    write_json(folder / "adopted.json", about)
    with pytest.raises(InputError, match="PYTHONPATH"):
        load_gan(folder)
    assert not ran.exists()
    monkeypatch.syspath_prepend(str(code))
    assert is_there(load_gan(folder).discriminator)
    assert ran.exists()
    sys.modules.pop("judges_of_a_stranger")


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"image_shape": [1, 8], "port": {}, "origin": {}},
        {"image_shape": "none", "port": {}, "origin": {}},
        {"image_shape": [1, 8, 8], "port": {"generater": {}}, "origin": {}},
    ],
)
def test_a_damaged_description_is_named(about: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "adopted.json", about)
    with pytest.raises(InputError) as caught:
        load_gan(tmp_path)
    assert caught.value.where == str(tmp_path / "adopted.json")


def test_the_origin_is_kept(tmp_path: Path) -> None:
    values = _values(tmp_path)
    origin = {"file": "my-gan.yaml", "sha256": "0" * 64}
    adopted = _adopted(values, tmp_path)
    save_adopted(adopted, values, tmp_path / "a", image_shape=(3, SIZE, SIZE), origin=origin)
    assert read_json(tmp_path / "a" / "adopted.json")["origin"] == origin


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"train": "mine"}, "no colon"),
        ({"train": "mine:train"}, "no discriminator to train"),
        ({"generator": {**G, "loss": "bce"}}, "unknown key 'loss'"),
        ({"discriminator": {**D, "loss": "bec"}}, "discriminator.loss: 'bec'"),
    ],
)
def test_what_cannot_be_said_of_a_training(parts: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_port({"generator": G, "latent": LATENT, **parts}, "my-gan.yaml", Path())


def test_loss_and_training_are_read() -> None:
    given = {"generator": G, "discriminator": {**D, "loss": "hinge"}, "latent": LATENT}
    port = read_port({**given, "train": "mine:train"}, "my-gan.yaml", Path())
    assert port.train == "mine:train"
    assert port.discriminator is not None
    assert port.discriminator.loss == "hinge"
