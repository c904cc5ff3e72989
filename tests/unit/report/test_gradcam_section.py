"""The section on maps of a GAN of which parts were not given, and of any number of channels."""

import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.explain.maps.study import explain_by_maps
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, fill
from ganatomy.report.sections import gradcam_words
from ganatomy.report.sections.gradcam import SECTION

SIZE = (8, 12)


def _generator(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(4, 6 * 4 * 6),
        nn.Unflatten(1, (6, 4, 6)),
        nn.ReLU(),
        nn.ConvTranspose2d(6, 6, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, channels, 3, padding=1),
        nn.Tanh(),
    )


def _discriminator(channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, padding=1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(576, 1)
    )


def _subjects(given: str, channels: int) -> Subjects:
    torch.manual_seed(0)
    images = torch.rand(4, channels, *SIZE) * 2 - 1
    g, d = _generator(channels), _discriminator(channels)
    z = torch.randn(6, 4)
    return {
        "all": lambda: Subjects.of(g, d, real=images, z=z),
        "G": lambda: Subjects.of(g, None, z=z),
        "D": lambda: Subjects.of(None, d, real=images),
        "D and fakes": lambda: Subjects.of(None, d, fake=images),
        "D, reals and fakes": lambda: Subjects.of(None, d, real=images, fake=-images),
        "G and D": lambda: Subjects.of(g, d, z=z),
    }[given]()


def _part(given: str, channels: int, folder: Path) -> Part:
    study = explain_by_maps(
        _subjects(given, channels), num_images=3, num_ablated=5, num_random=2, num_units=6
    )
    study.save(folder / "gradcam")
    return fill(SECTION, SECTION.load(folder / "gradcam"), folder)


def _text(part: Part) -> str:
    """What the section itself says: not the key of letters that every page has."""
    page = render_page(PageFrame("t"), [part])
    sections = re.findall(r'<section id="(?:gradcam|within-g)">.*?</section>', page, re.DOTALL)
    return unescape(re.sub(r"<[^>]*>", "", " ".join(sections)))


DRAWN = {
    "G": {"g_targets", "causal", "units", "dissection"},
    "D": {"d_maps", "causal", "classes"},
    "D and fakes": {"d_maps", "causal", "classes"},
    "D, reals and fakes": {"d_maps", "causal", "classes"},
    "G and D": {"d_maps", "g_maps", "causal", "classes", "dissection"},
    "all": {"d_maps", "g_maps", "causal", "classes", "dissection"},
}
MAY_BE = {"disagreement", "units"}  # where something stands out


@pytest.mark.parametrize("given", list(DRAWN))
def test_what_there_is_is_drawn_and_said(given: str, tmp_path: Path) -> None:
    part = _part(given, 3, tmp_path)
    assert DRAWN[given] - MAY_BE <= set(part.figures) <= DRAWN[given] | MAY_BE
    said = _text(part)
    assert ("No generator was given, so" in said) == given.startswith("D")
    assert said.count("No discriminator was given, so") == (given == "G")
    assert ("No real images were given" in said) == (given in ("D and fakes", "G and D"))
    assert ("No generated images were given" in said) == (given == "D")
    if given == "G":
        assert "channels of G, 1st convolution (3) are taken away" in said
        assert not re.search(r"\bD\b", said)
        assert "tests which channels count, not the places" in said
        assert "brightness, contrast, strength of colours and 7 more" in said
    if given.startswith("D"):
        assert not re.search(r"\bG\b", said)
    assert ("Those of generated images" in said) == (given in ("all", "D, reals and fakes"))


@pytest.mark.parametrize("given", ["all", "G"])
@pytest.mark.parametrize("channels", [2, 5])
def test_any_number_of_channels_is_drawn(given: str, channels: int, tmp_path: Path) -> None:
    part = _part(given, channels, tmp_path)
    assert DRAWN[given] - MAY_BE <= set(part.figures)
    assert all(pixels.startswith(b"\x89PNG") for pixels in part.figures.values())


def test_falls_of_a_target_are_told_in_its_standard_deviations() -> None:
    falls = ["drop_top", "drop_random", "drop_bottom", "difference", "low", "high"]
    row = {"layer": "G 3", "target": "contrast", "sd": 0.5, **dict.fromkeys(falls, 2.0)}
    told = gradcam_words.by_target(pd.DataFrame([row]))
    assert told["layer"].tolist() == ["contrast"]
    assert told[falls].iloc[0].tolist() == [4.0] * 6


def test_a_check_that_points_the_wrong_way_names_the_target() -> None:
    rows = [("contrast", False, -0.2), ("contrast", False, -0.1), ("brightness", True, 0.4)]
    table = pd.DataFrame(rows, columns=["layer", "passes", "high"])
    said = gradcam_words.causes(table, "for")
    assert said.endswith("for contrast Grad-CAM’s credit points the wrong way")
    assert "1 of 3 checks" in said
