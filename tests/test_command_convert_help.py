"""`ganatomy convert-help`: what it prints can be used as it stands."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import nn

from ganatomy import __main__ as command_line
from ganatomy.command import convert_help
from ganatomy.gan.adopt.adopted import Adopted, adopt
from ganatomy.gan.adopt.contract import examine_contract
from ganatomy.gan.adopt.reading import read_port
from tests.harness import ROOT, environment

NAMES = convert_help.names()
PICKLED = {"stylegan": "network-snapshot-025000.pkl", "r3gan": "network-snapshot-000010000.pkl"}


def _blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", convert_help.guide(name), re.DOTALL)


def _files(name: str) -> dict[str, str]:
    """The Python files of a guide, each named in its first line."""
    found = {}
    for block in _blocks(name, "python"):
        head = re.match(r"# (\w+\.py)\n", block)
        assert head, block
        found[head[1]] = block
    return found


def _values(name: str) -> dict[str, Any]:
    (block,) = _blocks(name, "yaml")
    values = yaml.safe_load(block)
    assert isinstance(values, dict)
    return values


def _main(*words: str) -> int:
    return command_line.main(["convert-help", *words])


def test_every_guide_is_listed_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert [
        *("dcgan", "lightweight-gan", "mimicry", "r3gan", "studiogan", "stylegan"),
        "stylegan2-pytorch",
    ] == NAMES
    assert _main() == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == NAMES
    for name in NAMES:
        assert _main(name) == 0
        assert capsys.readouterr().out == convert_help.guide(name)


def test_an_unknown_name_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert _main("StyleGAN2") == 2
    assert "Did you mean stylegan?" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_the_yaml_is_what_a_port_is_read_from(name: str, tmp_path: Path) -> None:
    values = _values(name)
    for network in ("generator", "discriminator"):
        path = tmp_path / values[network]["weights"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if "reference" in values:
        (tmp_path / values["reference"]).touch()
    port = read_port(values, "my-gan.yaml", tmp_path)
    assert port.generator is not None
    assert port.discriminator is not None
    for network in (port.generator, port.discriminator):
        module, _, member = network.build.partition(":")
        own = _files(name).get(f"{module}.py")
        assert member
        assert own is None or member in own or f"`{member}`" in convert_help.guide(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_code_is_python_and_unpickles_only_in_a_converter(name: str) -> None:
    for file, text in _files(name).items():
        ast.parse(text)
        unpickles = "weights_only=False" in text or "legacy" in text
        assert unpickles == (file == "convert.py")


@pytest.mark.parametrize("name", PICKLED)
def test_who_has_to_unpickle_is_told_what_that_means(name: str) -> None:
    assert "only with a file that you trust" in convert_help.guide(name)


# ---- the converters, run as a user does, with stand-ins for what the repositories have ----

_DNNLIB = """
class util:
    open_url = staticmethod(lambda path: open(path, "rb"))
"""
_LEGACY = """
import torch
def load_network_pkl(file):
    return torch.load(file, weights_only=False)
"""
_STYLEGAN = """
import torch
from torch import nn
class EasyDict(dict): pass
class Generator(nn.Module):
    def __init__(self, **told):
        super().__init__()
        self.init_kwargs = EasyDict(told)
        self.z_dim, self.c_dim = told["z_dim"], told["c_dim"]
        self.main = nn.ConvTranspose2d(self.z_dim + self.c_dim, 3, 8)
        self.register_buffer("noise", torch.randn(8, 8))
    def forward(self, z, c, noise_mode="random", force_fp32=False):
        noise = self.noise if noise_mode == "const" else torch.randn(8, 8)
        return self.main(torch.cat([z, c], 1)[..., None, None]) + noise
class Minibatch(nn.Module):
    group_size = 4
    def forward(self, x):
        groups = x.reshape(self.group_size, -1)
        return (groups - groups.mean(0)).square().mean().reshape(1, 1).expand(len(x), 1)
class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.mbstd = Minibatch()
class Discriminator(nn.Module):
    def __init__(self, **told):
        super().__init__()
        self.init_kwargs = EasyDict(told)
        self.c_dim = told["c_dim"]
        self.b4, self.main = Last(), nn.Conv2d(3, max(1, self.c_dim), 8)
    def forward(self, img, c, force_fp32=False):
        found = self.main(img).flatten(1)
        found = (found * c).sum(1, keepdim=True) if self.c_dim else found
        return found + 100 * self.b4.mbstd(found)
"""
_R3GAN = """
import torch
from torch import nn
class Model(nn.Module):
    def __init__(self, main):
        super().__init__()
        self.MainLayers = nn.ModuleList([main])
    def forward(self, x, y=None):
        main = self.MainLayers[0]
        assert getattr(main, "DataType", torch.float32) == torch.float32
        return main(x if y is None else torch.cat([x, y], 1))
class Generator(nn.Module):
    def __init__(self, NoiseDimension, c_dim, img_resolution, FP16Stages):
        super().__init__()
        self.z_dim, self.c_dim = NoiseDimension, c_dim
        main = nn.Linear(NoiseDimension + c_dim, 3 * 64), nn.Unflatten(1, (3, 8, 8))
        self.Model = Model(nn.Sequential(*main))
        for stage in FP16Stages:
            self.Model.MainLayers[stage].DataType = torch.bfloat16
    def forward(self, x, c):
        return self.Model(x, c)
class Discriminator(nn.Module):
    def __init__(self, c_dim, img_resolution, FP16Stages):
        super().__init__()
        main = nn.Conv2d(3, max(1, c_dim), 8), nn.Flatten()
        self.Model, self.c_dim = Model(nn.Sequential(*main)), c_dim
    def forward(self, x, c):
        found = self.Model(x)
        return (found * c).sum(1) if self.c_dim else found.flatten()
"""
_SNAPSHOT = {
    "stylegan": """
import torch
from training.networks import Discriminator, Generator
G, D = Generator(z_dim=512, c_dim={0}), Discriminator(c_dim={0})
torch.save({{"G": G, "D": D, "G_ema": G}}, "{1}")
""",
    "r3gan": """
import json, torch
from training.networks import Discriminator, Generator
more = {{"c_dim": {0}, "img_resolution": 8}}
G, D = Generator(NoiseDimension=64, FP16Stages=[-1], **more), Discriminator(FP16Stages=[], **more)
torch.save({{"G": G, "D": D, "G_ema": G}}, "{1}")
told = {{"G_kwargs": {{"class_name": "x", "NoiseDimension": 64, "FP16Stages": [-1]}},
        "D_kwargs": {{"class_name": "x", "FP16Stages": []}}}}
json.dump(told, open("training_options.json", "w"))
""",
}


def _repository(folder: Path, name: str) -> None:
    """What a guide needs of a repository, with small networks of the same manners."""
    (folder / "training").mkdir()
    (folder / "training" / "__init__.py").touch()
    networks = {"stylegan": _STYLEGAN, "r3gan": _R3GAN}[name]
    for path, text in (
        ("training/networks.py", networks),
        ("dnnlib.py", _DNNLIB),
        ("legacy.py", _LEGACY),
        *_files(name).items(),
    ):
        (folder / path).write_text(text)


_ADOPT = """
import json, sys, yaml, torch
from pathlib import Path
from ganatomy.gan.adopt.adopted import adopt
from ganatomy.gan.adopt.contract import examine_contract
from ganatomy.gan.adopt.reading import read_port
torch.set_num_threads(1)
sys.path.insert(0, ".")
adopted = adopt(read_port(yaml.safe_load(sys.stdin.read()), "my-gan.yaml", Path(".")))
found = examine_contract(adopted)
images = adopted.generator(adopted.latents(4, 0))
print(json.dumps({
    "same": {each.network: each.is_same for each in found.agreements},
    "most": max(each.most for each in found.agreements),
    "logits": adopted.discriminator(images).tolist(),
    "alone": adopted.discriminator(images[:1]).tolist(),
}))
"""


def _run(folder: Path, *words: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment() | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("num_classes", [0, 3])
@pytest.mark.parametrize("name", PICKLED)
def test_what_is_converted_answers_as_what_was_pickled(
    name: str, num_classes: int, tmp_path: Path
) -> None:
    _repository(tmp_path, name)
    _run(tmp_path, "-c", _SNAPSHOT[name].format(num_classes, PICKLED[name]))
    _run(tmp_path, "convert.py", PICKLED[name])
    values = _values(name)
    if num_classes:
        values["latent"] |= {"num_classes": num_classes, "classes": "one-hot"}
    if name == "r3gan":
        for network in ("generator", "discriminator"):
            told = {"image_size": 8, "num_classes": num_classes}
            values[network]["arguments"] |= told
    found = json.loads(_run(tmp_path, "-c", _ADOPT, given=yaml.safe_dump(values)))
    assert found["same"] == {"generator": True, "discriminator": True}
    assert found["most"] == 0
    assert len(set(found["logits"])) == 4
    assert found["alone"][0] == pytest.approx(found["logits"][0], rel=1e-5)
    reference = load_file(tmp_path / "reference.safetensors")
    assert {"latents", "images", "logits"} <= set(reference)


def test_the_dcgan_examples_own_weights_are_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classes as a user copies them below the guide's head: they read its names."""
    classes = """

class Generator(nn.Module):
    def __init__(self, ngpu):
        super().__init__()
        layers = [nn.ConvTranspose2d(nz, ngf, 4, bias=False), nn.BatchNorm2d(ngf), nn.ReLU(True)]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(ngf, nc, 4, 4, bias=False), nn.Tanh())
    def forward(self, input):
        return self.main(input)


class Discriminator(nn.Module):
    def __init__(self, ngpu):
        super().__init__()
        self.main = nn.Sequential(nn.Conv2d(nc, ndf, 4, 4), nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(ndf, 1, 4), nn.Sigmoid())
    def forward(self, input):
        return self.main(input).view(-1, 1).squeeze(1)
"""
    (tmp_path / "dcgan.py").write_text(_files("dcgan")["dcgan.py"] + classes)
    values = _values("dcgan")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dcgan", raising=False)
    module = __import__("dcgan")
    assert isinstance(module, ModuleType)
    networks: dict[str, nn.Module] = {}
    for name, class_name in (("generator", "Generator"), ("discriminator", "Discriminator")):
        networks[name] = getattr(module, class_name)(0).eval()
        torch.save(networks[name].state_dict(), tmp_path / values[name]["weights"])
    found = adopt(read_port(values, "my-gan.yaml", tmp_path))
    assert isinstance(found, Adopted)
    assert found.generator is not None
    assert found.discriminator is not None
    z = found.latents(4, 0)
    images = found.generator(z)
    torch.testing.assert_close(images, networks["generator"](z[..., None, None]))
    probabilities = networks["discriminator"](images)
    torch.testing.assert_close(found.discriminator(images).sigmoid(), probabilities)
    assert examine_contract(found).origins
    monkeypatch.delitem(sys.modules, "dcgan")
