"""How much `prepare` holds at a time, beside the data itself."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.harness import ROOT

_MEASURE = r"""
import re, sys, tempfile
from pathlib import Path
import torch
from torch.nn import functional
from ganatomy.data.card import describe
from ganatomy.data.prepare import prepare
from ganatomy.data.reading import Limits
from ganatomy.data.sources import Raw

def peak():
    # of this process alone: what getrusage says begins with what its parent holds
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) * 1024

def run(files):
    unknown = torch.full((len(files),), -1)
    raw = Raw(None, unknown, unknown, (), files, "test")
    found = prepare(
        raw, 128, 0, test_fraction=0.2, min_images=2, limits=Limits(10**6), seed=0,
        progress=lambda done, total: None, duplicates="keep",
    )
    describe(found.train)
    with tempfile.TemporaryDirectory() as folder:
        found.train.save(Path(folder), "train")

path = Path(sys.argv[1])
run((path,) * 20)  # what the packages take for themselves
before = peak()
run((path,) * 2000)
print((peak() - before) / (2000 * 3 * 128 * 128))
"""


def test_prepare_holds_the_data_about_three_times(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.bmp")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path / "a.bmp")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert 1 < float(done.stdout) < 4
