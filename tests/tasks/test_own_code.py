"""A user's code is his file and all that it imports from the project."""

import hashlib
from pathlib import Path

import pytest

from tasks.shared import checkpoints
from tasks.shared.own_code import OwnCode, digests, files_of

FILES = {
    "nets/unet.py": (
        "import torch\n"
        "from . import blocks\n"
        "from ..shared import nothing\n"  # too far up: Python would refuse it
        "from .parts.norms import Norm\n"
        "def build():\n"
        "    import helpers\n"
        "    from importlib import import_module\n"
        "    import_module('late')\n"
        "    import_module('.sibling', __package__)\n"
        "    return open('scales.csv')\n"
    ),
    "nets/blocks.py": "from ganatomy.gan.networks import dcgan\nfrom tools.maths import cube\n",
    "nets/parts/__init__.py": "from nets.parts.deep import deeper\n",
    "nets/parts/norms.py": "from nets.unet import build\n",  # a circle
    "nets/parts/deep.py": "",
    "nets/sibling.py": "",
    "nets/scales.csv": "1,2\n",
    "nets/unused.py": "",
    "nets/unused.csv": "",
    "tools/maths.py": "",
    "tools/other.py": "",
    "helpers/__init__.py": "from helpers.one import *\nNAME = 'params.yaml'\n",
    "helpers/one.py": "import numpy\n",
    "late.py": "NAMES = ['dvc.lock', 'params.yaml', 'README.md']\n",
    "shared.py": "",
    "README.md": "of the project",
    "params.yaml": "a: 1\n",
    "dvc.lock": "stages: {}",
    "ganatomy/__init__.py": "",
    "ganatomy/gan/networks/dcgan.py": "import shared\n",
    "torch.txt": "",
}
CLOSURE = [
    "README.md",
    "helpers/__init__.py",
    "helpers/one.py",
    "late.py",
    "nets/blocks.py",
    "nets/parts/__init__.py",
    "nets/parts/deep.py",
    "nets/parts/norms.py",
    "nets/scales.csv",
    "nets/sibling.py",
    "nets/unet.py",
    "tools/maths.py",
]
NAME = "nets.unet:Unet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a network in a folder that is no package by itself."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_all_that_it_imports_from_the_project_counts(root: Path) -> None:
    assert [path.as_posix() for path in files_of(root, [NAME])] == CLOSURE


def test_there_is_a_digest_for_each_file(root: Path) -> None:
    found = digests(root, NAME)
    assert isinstance(found, dict)
    assert list(found) == CLOSURE
    expected = hashlib.sha256(FILES["tools/maths.py"].encode()).hexdigest()
    assert found["tools/maths.py"] == expected


@pytest.mark.parametrize("name", CLOSURE)
def test_an_edit_of_any_shows(root: Path, name: str) -> None:
    before = digests(root, NAME)
    with (root / name).open("a") as file:
        file.write("# edited\n")
    assert digests(root, NAME) != before


@pytest.mark.parametrize("name", sorted(set(FILES) - set(CLOSURE)))
def test_an_edit_of_what_it_does_not_read_does_not(root: Path, name: str) -> None:
    before = digests(root, NAME)
    with (root / name).open("a") as file:
        file.write("# edited\n")
    assert digests(root, NAME) == before


def test_ours_and_installed_ones_have_no_files(root: Path) -> None:
    assert digests(root, "dcgan") == ""
    assert digests(root, "somewhere.installed:Net") == "not a file of this project"
    assert files_of(root, ["dcgan", "contrast", "somewhere.installed:Net"]) == []


def test_a_file_that_is_not_python_counts_alone(root: Path) -> None:
    """The stage that imports it says what is wrong."""
    (root / "late.py").write_text("def (:\nimport shared\n")
    (root / "helpers" / "one.py").write_bytes(b"import shared\0\n")
    found = [path.as_posix() for path in files_of(root, [NAME])]
    assert found == [name for name in CLOSURE if name != "README.md"]


def test_a_package_hides_a_module_of_its_name(root: Path) -> None:
    (root / "helpers.py").write_text("import shared\n")
    assert [path.as_posix() for path in files_of(root, [NAME])] == CLOSURE


def test_what_is_kept_is_what_was_there_at_first(root: Path, tmp_path: Path) -> None:
    code = OwnCode(root, [NAME, "dcgan"])
    (root / "tools" / "maths.py").write_text("edited = True\n")
    code.save(tmp_path / "kept")
    found = {
        path.relative_to(tmp_path / "kept").as_posix(): path.read_text()
        for path in (tmp_path / "kept").rglob("*")
        if path.is_file()
    }
    assert found == {name: FILES[name] for name in CLOSURE}
    OwnCode(root, ["dcgan", "resnet"]).save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_checkpoints_are_those_of_the_code(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)

    def folder() -> Path:
        return checkpoints.folder_for("train", {"seed": 0}, files_of(Path(), [NAME]))

    first = folder()
    assert folder() == first
    (root / "helpers" / "one.py").write_text("import numpy as np\n")
    second = folder()
    assert second != first
    (root / "helpers" / "one.py").write_text(FILES["helpers/one.py"])
    assert folder() == first
