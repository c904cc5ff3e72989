"""The section on learned directions: strips first, and no name that is not clear."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.study import DirectionsSettings, find_directions
from ganatomy.report.figures.direction_strip import direction_strip
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, gather
from ganatomy.report.sections.directions import SECTION
from ganatomy.report.sections.directions_words import caption
from tests.pages import unexplained
from tests.unit.explain.directions.planted import Alike, Blob, Classed
from tests.unit.explain.directions.test_judges import Pixels, Projection

QUICK = DirectionsSettings(num_random=4, num_held_out=24, num_images=300)


@pytest.fixture(scope="module")
def studies() -> dict[str, DirectionsStudy]:
    z = torch.randn(300, 12, generator=torch.Generator().manual_seed(0))
    return {
        "blob": find_directions(Blob(), z, settings=QUICK),
        "alike": find_directions(Alike(), z, settings=QUICK),
    }


def _page(study: DirectionsStudy, reports: Path) -> tuple[str, Part]:
    study.save(reports / "directions")
    parts, _ = gather(reports)
    (part,) = [each for each in parts if each.section is SECTION]
    return unexplained(render_page(PageFrame("A title"), [part])), part


def test_each_direction_that_stands_out_has_a_strip_with_its_name(
    studies: dict[str, DirectionsStudy], tmp_path: Path
) -> None:
    html, part = _page(studies["blob"], tmp_path)
    assert list(part.figures) == ["direction_01", "direction_02", "direction_03"]
    titles = [part.pictures[name].title for name in part.figures]
    assert "place of what is bright from left to right, +" in titles[0]
    assert "place of what is bright from top to bottom, +" in titles[1]
    assert html.rindex("<figure ") < html.index("<table")
    assert html.count("<figure ") == 3
    places = [html.index(f"Direction {number}: ") for number in (1, 2, 3)]
    assert places == sorted(places)
    assert html.count("does not stand out") == 2
    assert "3 of 5 learned directions stand out" in html
    assert part.pictures["direction_01"].source == "directions/directions.safetensors"
    assert not re.search(r"\bnan\b|cell_|position_", re.sub(r"data:image[^\"]*", "", html))


def test_where_none_stands_out_the_first_is_shown_without_a_name(
    studies: dict[str, DirectionsStudy], tmp_path: Path
) -> None:
    html, part = _page(studies["alike"], tmp_path)
    assert list(part.figures) == ["direction_01"]
    assert "No learned direction of 5 stands out" in html
    assert part.pictures["direction_01"].title.endswith("changes no more than any direction does.")


def test_a_direction_without_a_name_says_so_and_what_it_moves_a_little(
    studies: dict[str, DirectionsStudy], tmp_path: Path
) -> None:
    study = studies["blob"]
    of_second = study.effects["direction"] == 2
    effects = study.effects.assign(effect=study.effects["effect"].where(~of_second, 0.3))
    html, part = _page(replace(study, effects=effects), tmp_path)
    assert part.pictures["direction_02"].title.startswith("Direction 2, unnamed: ")
    assert "It moves, not enough for a name: " in part.pictures["direction_02"].caption
    assert "It moves, too: " in part.pictures["direction_01"].caption
    assert "1 has no name: see the strips." in html
    assert "<td>unnamed</td>" in html


def test_what_a_direction_moves_is_told_by_size(studies: dict[str, DirectionsStudy]) -> None:
    """The most certain effects, the largest of them first."""
    study = studies["blob"]
    certain, effects = study.clear_effects(2).index[:3], study.effects.copy()
    assert len(certain) == 3
    effects.loc[certain, "effect"] = [0.31, -0.35, 0.33]
    told = caption(replace(study, effects=effects), 2, is_first=False).partition("It moves")[2]
    assert re.findall(r"[+-]\d\.\d+", told) == ["-0.35", "+0.33", "+0.31"]


def test_what_others_make_of_directions_stands_below_the_strips(tmp_path: Path) -> None:
    classes = torch.nn.functional.one_hot(torch.arange(300) % 3).float()
    z = torch.randn(300, 12, generator=torch.Generator().manual_seed(0))
    study = find_directions(
        Classed(),
        torch.cat([z, classes], 1),
        num_classes=3,
        class_names=("plain", "strong", "turned"),
        discriminator=Projection(),
        real=torch.randn(40, 1, 8, 8, generator=torch.Generator().manual_seed(1)),
        evaluator=Pixels(),
        features="the pixels",
        history=[(0, Classed()), (7, Classed())],
        settings=QUICK,
    )
    html, part = _page(study, tmp_path)
    assert list(part.figures)[-2:] == ["judges", "history"]
    assert part.pictures["judges"].title.startswith("D’s logit moves most along direction ")
    assert "1.00 at step 0 and of 1.00 at step 7" in part.pictures["history"].title
    assert "of its distance where nothing is moved, in the pixels" in " ".join(html.split())
    rows = re.findall(r"<tr><th scope=\"row\" class=\"name\">(.*?)</tr>", html, re.S)
    assert {"plain", "strong", "turned"} <= {row.split("<")[0] for row in rows}
    assert html.count("found there: ") == 3 * 5
    bare = re.sub(r"data:image[^\"]*", "", html)
    assert not re.search(r"\bnan\b|is not known", bare)


def test_what_was_not_measured_says_why(
    studies: dict[str, DirectionsStudy], tmp_path: Path
) -> None:
    html, part = _page(studies["blob"], tmp_path)
    assert "What each does to D’s logit is not known: no discriminator was given." in html
    assert "How far each leads from the data is not known: no real images were given." in html
    assert "history" not in part.figures


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 20), (7, 30, 10)])
def test_strips_keep_the_shape_of_the_images(shape: tuple[int, int, int]) -> None:
    strip = torch.randint(0, 256, (2, 5, *shape), dtype=torch.uint8)
    pixels = direction_strip(strip, ["-2", "-1", "as it is", "+1", "+2"])
    height, width = pixels.shape[:2]
    rows = (height / 150 - 0.2) / 2
    assert (rows - 0.04) / (width / 150 / 5 - 0.04) == pytest.approx(shape[1] / shape[2], rel=0.03)
    image = direction_strip(torch.full_like(strip, 200), [""] * 5)
    assert set(image[150, 100].tolist()) == {200}
