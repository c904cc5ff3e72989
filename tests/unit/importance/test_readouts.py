"""Names of readouts: what they begin with, and what the page needs."""

import subprocess
import sys

import pytest

from ganatomy.importance.readouts import READOUTS, RELIANCE_READOUTS

ALL = {**READOUTS, **RELIANCE_READOUTS}


@pytest.mark.parametrize("name", ALL)
def test_name_and_title_say_whose_it_is(name: str) -> None:
    readout = ALL[name]
    letter = {"generator": "G", "discriminator": "D"}[readout.network]
    assert name.startswith(f"{letter.lower()}_")
    assert readout.title.startswith(f"{letter}: ")
    assert readout.title.count("\n") <= 1
    assert readout.meaning


def test_titles_and_meanings_tell_readouts_apart() -> None:
    assert len({readout.title for readout in ALL.values()}) == len(ALL)
    assert len({readout.meaning for readout in ALL.values()}) == len(ALL)


def test_they_are_read_without_torch() -> None:
    code = "import sys, ganatomy.importance.readouts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
