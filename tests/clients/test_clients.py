"""GANs as other packages have them, adopted untouched by one file and one command.

What is installed goes to a folder of its own, from a list with hashes.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.cases import CLIENTS
from tests.clients.drive import PAGE
from tests.harness import ROOT, environment
from tests.pages import unexplained

pytestmark = pytest.mark.slow
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
_AWAY = ("error sending request", "failed to fetch", "dns error", "could not connect", "timed out")
_CLOSE = 1e-4
_WITHOUT_PAGE = {"lightweight-gan"}  # its D looks at 512 maps of 32 px, whatever its size: too slow


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the packages; skipped where the index cannot be reached."""
    folder = tmp_path_factory.mktemp("packages")
    command = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--no-deps"]
    command += ["--python", sys.executable, "--target", str(folder), "--link-mode", "copy"]
    done = subprocess.run(
        [*command, "--require-hashes", "-r", str(_REQUIREMENTS)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode and any(words in done.stderr.lower() for words in _AWAY):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    return folder


def _drive(folder: Path, packages: Path, *words: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(packages)])
    return subprocess.run(
        [sys.executable, "-m", "tests.clients.drive", *words],
        cwd=folder,
        env=environment() | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=500,
    )


@pytest.fixture(scope="session")
def trained(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a client, with its weights, made when it is first asked for."""

    @cache
    def folder_of(name: str) -> Path:
        folder = tmp_path_factory.mktemp("client")
        client = CLIENTS[name]
        (folder / "my-gan.yaml").write_text(yaml.safe_dump(client.port))
        for file, text in client.modules.items():
            (folder / file).write_text(text)
        done = _drive(folder, packages, name, "train")
        assert done.returncode == 0, done.stderr
        return folder

    return folder_of


def _asked(folder: Path, packages: Path, name: str, step: str) -> Any:
    done = _drive(folder, packages, name, step)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", [name for name in CLIENTS if name not in _WITHOUT_PAGE])
def test_a_published_gan_is_explained_untouched(
    name: str,
    packages: Path,
    trained: Callable[[str], Path],
    record_property: Callable[[str, object], None],
) -> None:
    client, folder = CLIENTS[name], trained(name)
    found = _asked(folder, packages, name, "explain")
    record_property("peak_mib", round(found["peak_mib"]))
    assert found["code"] == 0
    page = (folder / PAGE).read_text()
    sections = re.findall(r'<section id="([^"]+)"', unexplained(page))
    by_lime = "lime-figures" if "discriminator" in client.port else "lime-latents"
    assert {"contract", "gradcam", by_lime} <= set(sections)
    assert "cannot be shown" not in page
    assert "not possible here" not in page
    assert all(found["unchanged"].values()), found["unchanged"]
    assert set(found["rules"]) == client.rules, found["words"]
    if "discriminator" in client.port:
        assert found["captum"] <= _CLOSE


@pytest.mark.parametrize("name", CLIENTS)
def test_a_published_gan_is_followed_as_autograd_has_it(
    name: str, packages: Path, trained: Callable[[str], Path]
) -> None:
    client = CLIENTS[name]
    found = _asked(trained(name), packages, name, "structure")
    assert len(found) == len({"generator", "discriminator"} & set(client.port))
    for drawn in found:
        assert drawn["edges"] > drawn["layers"] > 0
        assert drawn["edges apart"] == []
        assert drawn["shapes apart"] == []
        assert drawn["counted"] >= drawn["layers"] - 2
        ours, theirs = drawn["parameters"]
        assert ours == theirs
