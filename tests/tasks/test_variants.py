"""The stage `variants`: what it refuses, what it marks, and what makes it stale."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from flows import params
from flows.watch import StageTail
from ganatomy.data.dataset import Dataset
from ganatomy.data.recipe import Regions
from ganatomy.data.variants import make_variant
from ganatomy.errors import InputError
from ganatomy.files import read_json
from ganatomy.report.parts import fill
from ganatomy.report.sections.importance import SECTION
from ganatomy.report.sections.variants import SECTION as VARIANTS_SECTION
from ganatomy.tensors import read_tensors
from tasks.shared.artifact_paths import PREPARED, VARIANTS
from tasks.shared.events import Events
from tasks.shared.variant_data import trainable
from tasks.variants import __main__ as variants
from tests.harness import dvc, flows

KEPT = ("data/prepared", "data/variants", "reports", "params.yaml")
WRONG = [
    ("features=[contrst]", [], ["unknown feature 'contrst'", "Did you mean contrast?"]),
    ("features=[class_seven]", [], ["no class 'seven'", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9."]),
    ("features=[small]", ["masks=[small.png]"], ["20 by 14 pixels", "28 by 28", "[small.png]"]),
    ("features=[blur]", ["interactions=[blur+scale]"], ["blur+scale", "Add scale to"]),
    ("features=[blur, scale]", ["num_subsets=3"], ["subsets of 2 features", "num_subsets"]),
    ("features=[blur, scale, contrast]", ["num_subsets=4"], ["4 subsets of 3", "At least 5"]),
    ("features=[background]", [], ["none of the features changes anything"]),
    (
        "features=[contrast, brightness, background]",
        ["num_subsets=6"],
        ["background changes nothing", "subset_0"],
    ),
    (
        "features=[contrast, background]",
        ["interactions=[contrast+background]"],
        ["background changes nothing", "contrast+background"],
    ),
]


@pytest.fixture
def here(smoke: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the stage reads and wrote, as working folder."""
    for name in KEPT:
        copy = shutil.copytree if (smoke / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(exist_ok=True)
        copy(smoke / name, tmp_path / name)
    threads = torch.get_num_threads()
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    torch.set_num_threads(threads)


def _apply(here: Path, *values: str) -> None:
    params.apply(here, None, [f"variants.{value}" for value in values])


def _state(here: Path) -> dict[str, int]:
    paths = sorted(here.rglob("*"))
    return {str(path): path.stat().st_mtime_ns for path in paths if path.is_file()}


@pytest.mark.parametrize(("features", "others", "words"), WRONG)
def test_wrong_input_is_one_line_and_nothing_is_written(
    features: str, others: list[str], words: list[str], here: Path
) -> None:
    Image.new("L", (20, 14), 255).save("small.png")
    _apply(here, features, *others)
    before = _state(here)
    with pytest.raises(InputError) as caught:
        variants.main(Events("variants", None))
    said = str(caught.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == []
    assert _state(here) == before
    assert list(here.rglob(".*.partial")) == []


def test_a_feature_that_changes_nothing_is_told_and_marked_and_not_trained(here: Path) -> None:
    """Every digit stands before plain black."""
    _apply(here, "features=[contrast, background]")
    variants.main(Events("variants", here / "run"))
    said = [
        event["text"] for event in StageTail(here / "run", "variants").events() if "text" in event
    ]
    assert len(said) == 1
    assert "background changes nothing on this data" in said[0]
    index = {entry["recipe"]["name"]: entry for entry in read_json(VARIANTS / "index.json")}
    assert index["contrast"]["changes_nothing"] == ""
    assert index["contrast"]["mean_change"] > 1
    assert "background changes nothing" in index["background"]["changes_nothing"]
    assert "sha256" not in index["background"]
    assert [path.name for path in (VARIANTS / "background").iterdir()] == ["recipe.json"]
    assert [recipe.name for recipe in trainable() if not recipe.is_null] == ["contrast"]
    table = pd.read_csv("reports/importance/ranking.csv").query("variant == 'contrast'")
    table.to_csv("reports/importance/ranking.csv", index=False)  # what there was before is gone
    reason = index["background"]["changes_nothing"]
    told = SECTION.facts(SECTION.load(Path("reports/importance")))["importance"]
    assert told["idle"] == [{"variant": "background", "reason": reason}]


def test_what_is_trained_on_knows_which_regions_it_was_made_of(here: Path) -> None:
    """Who retrains is given these recipes, and no grid or masks besides."""
    mask = Image.new("L", (28, 28))
    mask.paste(255, (9, 9, 19, 19))
    mask.save("middle.png")
    _apply(here, "features=[mask_middle, cell_3_3]", "masks=[middle.png]", "grid=7")
    variants.main(Events("variants", None))
    train = Dataset.load(PREPARED, "train")
    part = fill(VARIANTS_SECTION, VARIANTS_SECTION.load(Path("reports/variants")))
    previews = read_tensors(Path("reports/variants/previews.safetensors"))
    assert set(previews) == {recipe.folder for recipe in trainable()}
    changed = {recipe.folder for recipe in trainable() if not recipe.is_null}
    assert set(part.figures) == changed
    shown = [row["figure"] for row in part.facts["variants"]]
    assert shown == [recipe.folder for recipe in trainable() if not recipe.is_null]
    for recipe in trainable():
        assert recipe.regions == Regions(7, ("middle.png",))
        stored = Dataset.load(VARIANTS / recipe.folder, "train")
        assert torch.equal(make_variant(train, recipe).images, stored.images)
        assert torch.equal(previews[recipe.folder][:10], train.images[:10])
        assert torch.equal(previews[recipe.folder][10:], stored.images[:10])


def test_an_edited_mask_makes_it_stale(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    mask = Image.new("L", (28, 28))
    mask.paste(255, (0, 0, 9, 9))
    mask.save(project / "corner.png")
    _apply(project, "features=[mask_corner]", "masks=[corner.png]")
    for stage in ("inputs", "variants"):
        dvc(project, "repro", "-q", "--single-item", stage)
    mask.paste(255, (9, 9, 12, 12))
    mask.save(project / "corner.png")
    planned = flows(project, "plan").stdout
    expected = (
        r"^variants +would run +\d+:\d\d +modified inputs/features\.json \(masks corner\.png\)$"
    )
    assert re.search(expected, planned, re.M), planned
