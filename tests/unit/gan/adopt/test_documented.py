"""docs/adopt.md: every key of the file is there, and its example is one."""

import re
from pathlib import Path

import pytest
import yaml

from ganatomy.errors import InputError
from ganatomy.gan.adopt import reading
from ganatomy.gan.adopt.reading import read_port
from tests.harness import ROOT

PAGE = (ROOT / "docs" / "adopt.md").read_text()
TABLES = re.findall(r"^\| key \|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    ("place", "known"), enumerate((reading._PORT, reading._OF_DISCRIMINATOR, reading._LATENT))
)
def test_every_key_is_explained_and_no_other(place: int, known: tuple[str, ...]) -> None:
    rows = [line.split("|")[1] for line in TABLES[place].splitlines()[1:]]
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(known)


def test_the_example_is_read_up_to_its_package() -> None:
    example, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    lines = example.strip().splitlines()
    assert len(lines) <= 10
    given = yaml.safe_load(example)
    try:
        port = read_port(given, "face-gan.yaml", Path())
    except InputError as error:  # the package is not installed here
        assert "no package 'gan_face_generate'" in error.what  # noqa: PT017
        given["generator"].pop("weights")
        port = read_port(given, "face-gan.yaml", Path())
    assert port.latent is not None
    assert (port.latent.dim, port.latent.shape) == (100, "map")
