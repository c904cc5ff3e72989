"""The sections of LIME and of trust, of a GAN of which a part is missing."""

from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.explain.faithfulness.effort import Effort
from ganatomy.explain.faithfulness.study import judge_explanations
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.maps.methods import Methods
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target
from ganatomy.report.page import PageFrame, render_page
from ganatomy.report.parts import Part, gather
from tests.pages import unexplained

SAMPLING, HIDING = LimeSampling(num_samples=64), Hiding(segment_side=4, baseline="black")
EFFORT = Effort(num_steps=3, num_perturbations=2, num_seeds=2)
HEIGHT, WIDTH = 12, 16


def _networks(channels: int) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    generator = nn.Sequential(
        nn.Linear(3, channels * HEIGHT * WIDTH), nn.Unflatten(1, (channels, HEIGHT, WIDTH))
    )
    head = nn.Flatten(), nn.Linear(4 * HEIGHT * WIDTH, 1), nn.Flatten(0)
    return generator, nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.Tanh(), *head)


def _subjects(parts: str, channels: int) -> Subjects:
    generator, discriminator = _networks(channels)
    images = {
        kind: torch.rand(4, channels, HEIGHT, WIDTH) * 2 - 1
        for kind in ("real", "fake")
        if kind in parts
    }
    if "G" in parts:
        images["z"] = torch.randn(5, 3)
    return Subjects.of(
        generator if "G" in parts else None, discriminator if "D" in parts else None, **images
    )


def _page(
    parts: str, channels: int, folder: Path, *, is_judged: bool = True
) -> tuple[str, dict[str, Part]]:
    subjects = _subjects(parts, channels)
    of_g = subjects.generator
    left = Target("left", of_g, lambda z: of_g(z)[..., : WIDTH // 2].mean((1, 2, 3)))
    lime = explain_by_lime(
        subjects, sampling=SAMPLING, hiding=HIDING, further={"left": left}, num_images=2
    )
    lime.save(folder / "lime")
    if is_judged:
        methods = Methods(("hirescam",), SAMPLING, lime.hiding, num_steps=2)
        judge_explanations(subjects, methods, effort=EFFORT).save(folder / "faithfulness")
    filled, _ = gather(folder)
    page = unexplained(render_page(PageFrame("a page"), filled))
    return page, {part.section.name: part for part in filled}


@pytest.fixture(scope="module")
def of_reals(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Part]]:
    """A discriminator alone, on real images."""
    return _page("D real", 3, tmp_path_factory.mktemp("reports"))


def _check(page: str, filled: dict[str, Part], given: list[str]) -> None:
    lime = filled["lime"]
    figures = set(lime.figures)
    assert ("d_maps" in figures) == ("D" in given)
    assert ("g_regions" in figures) == ({"D", "G"} <= {*given})
    assert ("latents" in figures) == ("G" in given)
    assert ('id="lime"' in page) == ('id="lime-figures"' in page) == ("D" in given)
    assert ('id="lime-latents"' in page) == ("D" not in given)
    assert lime.facts["lime"]["left_out"]
    for reason in lime.facts["lime"]["left_out"]:
        assert reason.partition(",")[0] in page


@pytest.mark.parametrize(("parts", "channels"), [("D fake", 1), ("D G", 2), ("G", 5)])
def test_what_there_is_is_drawn_and_nothing_else(parts: str, channels: int, tmp_path: Path) -> None:
    page, filled = _page(parts, channels, tmp_path, is_judged=parts == "D G")
    _check(page, filled, parts.split())


def test_of_one_kind_of_image_no_word_is_said_of_the_other(
    of_reals: tuple[str, dict[str, Part]],
) -> None:
    page, filled = of_reals
    _check(page, filled, ["D", "real"])
    assert "faithfulness" in filled
    for part in filled.values():
        for picture in part.pictures.values():
            assert "generated" not in f"{picture.title} {picture.caption}", picture.title
            assert picture.mark is None
    assert "real and generated alike" not in page
    assert "Kinds within G" not in page
