"""Learned features in the pipeline: refused before anything is trained, or by the reason."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch

from flows import params
from ganatomy.data.dataset import Dataset
from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.data.images import to_float
from ganatomy.data.variants import make_variant
from ganatomy.errors import InputError
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.lime.result import LimeStudy
from ganatomy.explain.maps.result import MapsStudy
from ganatomy.files import read_json, write_json
from tasks.directions import __main__ as directions
from tasks.gradcam import __main__ as gradcam
from tasks.lime import __main__ as lime
from tasks.shared.artifact_paths import PREPARED, REPORTS, VARIANTS
from tasks.shared.events import Events
from tasks.shared.leaving_out import is_left_out
from tasks.shared.refusal import refuse_wrong_names
from tasks.shared.variant_data import trainable
from tasks.variants import __main__ as variants
from tests.harness import copy_project, flows, outcomes
from tests.tasks.explained import SMALL, explain, hashes, make_project

FOUND = {"num_latents": 200, "num_directions": 3, "num_read": 200}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose directions were found, of which the first is a feature."""
    folder = make_project(tmp_path_factory.mktemp("learned"))
    explain(folder, directions, directions=SMALL["directions"] | FOUND)
    return folder


@pytest.fixture
def here(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    copy = shutil.copytree(project, tmp_path / "copy")
    threads = torch.get_num_threads()
    monkeypatch.chdir(copy)
    yield copy
    torch.set_num_threads(threads)


def _told(features: list[str], **others: object) -> None:
    """Write params.yaml as a run does, with what the stage before was told."""
    document = params.check({"directions": FOUND, "variants": {"features": features} | others}, "")
    Path("params.yaml").write_text(params.dump(document))


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (["learned:99"], ["no learned:99: 3 directions", "directions.num_directions"]),
        (["contrast", "learned:x"], ["'learned:x' names no direction", "learned:1"]),
        (["learned:0"], ["'learned:0' names no direction"]),
        (["learned:"], ["'learned:' names no direction"]),
        (["learned:1", "contrst"], ["unknown feature 'contrst'", "contrast"]),
    ],
)
def test_what_is_no_direction_is_refused_before_training(
    features: list[str], words: list[str], here: Path
) -> None:
    _told(features)
    with pytest.raises(InputError) as caught:
        refuse_wrong_names(Dataset.load(PREPARED, "train"))
    assert [word for word in words if word not in str(caught.value)] == []
    assert caught.value.where.endswith("features")


TARGETS = [("gradcam", "targets"), ("lime", "latent_targets")]


def _asked(section: str, field: str, *names: str) -> None:
    document = params.check({"directions": FOUND, section: SMALL[section] | {field: [*names]}}, "")
    Path("params.yaml").write_text(params.dump(document))


@pytest.mark.parametrize(("section", "field"), TARGETS)
@pytest.mark.parametrize(
    ("name", "words"),
    [("learned:9", "no learned:9: 3 directions"), ("learned:x", "'learned:x' names no direction")],
)
def test_what_is_no_direction_is_no_target(
    section: str, field: str, name: str, words: str, here: Path
) -> None:
    _asked(section, field, "d_logit", name)
    with pytest.raises(InputError, match=words) as caught:
        refuse_wrong_names(Dataset.load(PREPARED, "train"))
    assert caught.value.where == f"{section}.{field}"


def test_maps_and_units_are_of_a_direction_that_is_asked_for(here: Path) -> None:
    _asked("gradcam", "targets", "d_logit", "learned:1")
    refuse_wrong_names(Dataset.load(PREPARED, "train"))
    gradcam.main(Events("gradcam", None))
    study = MapsStudy.load(REPORTS / "gradcam")
    assert study.asked is not None
    assert "learned:1" in study.asked.maps
    assert study.carriers.dissection is not None
    assert "learned:1" in set(study.carriers.dissection["concept"])


def test_coordinates_that_move_a_direction_are_weighed(here: Path) -> None:
    """What a coordinate adds is about its part of the direction, which is of length 1."""
    _asked("lime", "latent_targets", "learned:1")
    lime.main(Events("lime", None))
    found = LimeStudy.load(REPORTS / "lime").latents
    assert found is not None
    assert found.targets == ["learned:1"]
    weights = torch.tensor(found.of("learned:1")["mean"].to_numpy(copy=True))
    direction = DirectionsStudy.load(REPORTS / "directions").directions[0]
    assert float(weights @ direction / weights.norm()) > 0.9


@pytest.mark.parametrize(("section", "field"), TARGETS)
def test_a_target_that_does_not_stand_out_is_refused(section: str, field: str, here: Path) -> None:
    path = REPORTS / "directions" / "changes.csv"
    changes = pd.read_csv(path)
    changes.loc[0, "stands_out"] = False
    changes.to_csv(path, index=False)
    _asked(section, field, "d_logit", "learned:1")
    before = hashes(here)
    with pytest.raises(InputError, match="learned:1 is no target: the direction does not") as told:
        {"gradcam": gradcam, "lime": lime}[section].main(Events(section, None))
    assert told.value.where == f"{section}.{field}"
    assert hashes(here) == before


@pytest.mark.parametrize(("section", "field"), TARGETS)
def test_a_target_waits_for_directions_and_nothing_else_does(section: str, field: str) -> None:
    for names, after in (["d_logit", "learned:1"], "directions"), (["d_logit"], "prepare"):
        assert params.check({section: {field: names}}, "")[section]["after"] == after
    assert params.check({}, "")[section]["after"] == "prepare"


def test_a_direction_is_changed_like_any_other_feature(here: Path) -> None:
    _told(["contrast", "learned:1"])
    refuse_wrong_names(Dataset.load(PREPARED, "train"))
    variants.main(Events("variants", None))
    shutil.rmtree("reports/directions")  # who retrains has what lies beside the data sets
    (recipe,) = (each for each in trainable() if each.name == "learned:1")
    train, stored = Dataset.load(PREPARED, "train"), Dataset.load(VARIANTS / recipe.folder, "train")
    assert torch.equal(make_variant(train, recipe).images, stored.images)
    read = LearnedFeatures.load(VARIANTS / "learned").readers()["learned:1"]
    before, after = (read(to_float(each.images)).std() for each in (train, stored))
    assert float(after) < 0.5 * float(before)


def _without(here: Path, number: int, reason: str) -> None:
    path = here / "reports" / "directions" / "learned.json"
    about = read_json(path)
    about["directions"][number - 1]["reason"] = reason
    write_json(path, about)


def test_a_direction_that_does_not_stand_out_is_refused_by_its_reason(here: Path) -> None:
    _without(here, 1, "it does not stand out")
    _told(["contrast", "learned:1"])
    before = hashes(here)
    with pytest.raises(InputError, match="learned:1 is no feature: it does not stand out"):
        variants.main(Events("variants", None))
    assert hashes(here) == before


@pytest.mark.parametrize("reason", ["no generator was given", "the generator returns one image"])
def test_without_directions_it_is_told_why(reason: str, here: Path) -> None:
    shutil.rmtree("reports/directions")
    is_left_out("directions", reason)
    _told(["learned:1"])
    with pytest.raises(InputError, match=f"there is no learned:1: {reason}.*Leave it out"):
        variants.main(Events("variants", None))


def test_a_stage_that_did_not_wait_says_so(here: Path) -> None:
    _told(["learned:1"])
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("after: directions", "after: prepare"))
    with pytest.raises(InputError, match=r"did not wait for it .*Set variants\.after=directions"):
        variants.main(Events("variants", None))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_ranks_it_beside_the_others(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    told = (
        "variants.features=[contrast,learned:1] directions.num_latents=200 "
        "gradcam.targets=[class,learned:1] lime.latent_targets=[learned:1]"
    )
    done = flows(project, "run", "--profile", "smoke", "--set", told)
    assert done.returncode == 0, done.stderr
    assert "not recorded" not in done.stdout + done.stderr
    table = pd.read_csv(project / "reports" / "importance" / "ranking.csv")
    assert set(table["variant"]) == {"contrast", "learned:1"}
    (judged, *_) = read_json(project / "reports" / "directions" / "learned.json")["directions"]
    title = f"learned:1 ({judged['concept']})" if judged["concept"] else "learned:1"
    page = (project / "reports" / "report.html").read_text()
    assert title in page
    assert "learned direction 1" in page
    assert LimeStudy.load(project / "reports" / "lime").latents.targets == ["learned:1"]
    again = flows(project, "run")
    assert again.returncode == 0, again.stderr
    assert set(outcomes(again).values()) == {"unchanged"}
