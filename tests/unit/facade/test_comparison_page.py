"""The page of a comparison: the verdict first, both GANs' images, and each readout beside noise."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from ganatomy.facade.comparison_page import comparison_page
from ganatomy.importance.comparison import COLUMNS, Comparison, ComparisonFacts
from ganatomy.report.beside import Beside
from tests.pages import unexplained


def _comparison(band: float, num_rows: int = 2) -> Comparison:
    rows = [
        ("g_fcd", 2.31, 1.84, -0.47, -0.6, -0.3, 0.01, 0.01, band, 0.02, 0.02, 2.0),
        ("g_recall", 0.5, 0.51, 0.01, -0.1, 0.1, 0.8, 0.8, band, 0.9, 0.9, 0.5),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)[:num_rows]
    if np.isnan(band):
        table[["noise_p", "noise_q", "level_of_noise"]] = np.nan
    facts = ComparisonFacts("<old>", "new", 500, num_rows > 0, True, 0.3, "12 trainings")
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    return Comparison(table, facts, images, images + 9)


@pytest.mark.parametrize(
    ("band", "cells"),
    [(0.35, ["0.01", "0.35", "0.02"]), (float("nan"), ["0.01", "–", "–"])],
)
def test_readouts_are_told_with_their_noise(band: float, cells: list[str]) -> None:
    comparison = _comparison(band)
    page = unexplained(comparison_page(comparison))
    assert "<b>new is closer to the data than &lt;old&gt;: fcd 1.84 against 2.31" in page
    assert "<old>" not in page
    row = page.partition("<code>g_fcd</code>")[2].partition("</tr>")[0]
    told = re.findall(r'<td class="figure ?(\w*)">([^<]*)', row)
    assert told == [("", "2.31"), ("", "1.84"), ("out", "-0.47"), *(("", cell) for cell in cells)]
    other = page.partition("<code>g_recall</code>")[2].partition("</tr>")[0]
    assert 'class="figure in">+0.01' in other
    assert page.count("<img ") == 3


def test_without_readouts_images_alone_are_shown() -> None:
    page = comparison_page(_comparison(0.35, num_rows=0))
    assert "cannot be told apart" in page
    assert "Readout by readout" not in page
    assert page.count("<img ") == 2


def test_images_that_are_too_many_for_a_page_lie_beside_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 3, 2000, 2000), dtype=np.uint8)
    large = replace(_comparison(0.35, num_rows=0), samples_b=torch.from_numpy(noise))
    beside = Beside("figures")
    page = comparison_page(large, beside=beside)
    assert len(page.encode()) < 10_000_000
    assert page.count("<img ") == 1
    assert "<code>figures/comparison/b.png</code>" in page
    beside.write(tmp_path)
    with Image.open(tmp_path / "figures" / "comparison" / "b.png") as image:
        assert np.array_equal(np.asarray(image)[2:2002, 2:2002], noise[0].transpose(1, 2, 0))
