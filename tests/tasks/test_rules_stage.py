"""The stage `rules`: what it writes is the library's, and the user's own concepts are in it."""

import shutil
from pathlib import Path

import pytest

from flows import params
from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.rules.result import RulesStudy
from ganatomy.files import read_json, write_json
from ganatomy.report.left_out import leave_out
from tasks.directions import __main__ as directions
from tasks.inputs.environment import outside
from tasks.rules import __main__ as rules
from tasks.rules.params import Rules
from tasks.shared.artifact_paths import PREPARED
from tasks.shared.given import check_apart
from tasks.shared.provenance import CONCEPTS
from tasks.shared.refusal import refuse_wrong_names
from tests.tasks.explained import explain, has_numbers_alone, hashes, make_project

OWN = """
class LeftHalf:
    unit = "mean of the left half"
    def measure(self, images):
        return images[..., : images.shape[-1] // 2].mean((1, 2, 3))
    def change(self, images, mode, seed):
        changed = images.clone()
        changed[..., : images.shape[-1] // 2] = -1.0
        return changed
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of which rules were asked for."""
    folder = make_project(tmp_path_factory.mktemp("rules"))
    write_json(folder / "reports" / "train" / "settings.json", {"method": {"loss": "bce"}})
    explain(folder, directions)
    explain(folder, rules)
    return folder


@pytest.fixture
def scratch(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to be changed, with no rules; the current folder."""
    folder = Path(shutil.copytree(project, tmp_path / "scratch"))
    shutil.rmtree(_report(folder))
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def _report(project: Path) -> Path:
    return project / "reports" / "rules"


def _tell(project: Path, concept: str) -> None:
    """The default run's parameters with a concept of one's own."""
    whole = params.defaults()
    whole["rules"]["concepts"] = [concept]
    write_json(project / "params.yaml", whole)


def test_it_is_the_librarys_result(project: Path) -> None:
    study = RulesStudy.load(_report(project))
    assert {each.network for each in study.answers} | {"D"} <= {"D", "G"}
    assert study.answers
    assert "contrast" in set(study.concepts["name"])
    told = read_json(_report(project) / "metrics.json")
    assert has_numbers_alone(_report(project) / "metrics.json")
    assert told["num_decisions_asked"] == len(study.answers)


def test_the_same_seed_writes_the_same_bytes(project: Path, scratch: Path) -> None:
    explain(scratch, rules)
    assert hashes(_report(scratch)) == hashes(_report(project))


def test_without_directions_there_are_rules_all_the_same(scratch: Path) -> None:
    shutil.rmtree(scratch / "reports" / "directions")
    leave_out(scratch / "reports" / "directions", "every latent gives the same image")
    explain(scratch, rules)
    assert RulesStudy.load(_report(scratch)).answers


def test_a_concept_of_the_users_own_is_measured_with_the_others(scratch: Path) -> None:
    (scratch / "my_concepts.py").write_text(OWN)
    explain(scratch, rules, rules={"concepts": ["my_concepts:LeftHalf"]})
    found = RulesStudy.load(_report(scratch)).concepts.set_index("name")
    assert found.loc["my_concepts:LeftHalf", "unit"] == "mean of the left half"
    assert -1 <= found.loc["my_concepts:LeftHalf", "mean"] <= 1
    _tell(scratch, "my_concepts:LeftHalf")
    before = dict(outside(scratch))[CONCEPTS]
    (scratch / "my_concepts.py").write_text(OWN + "MORE = 1\n")
    after = dict(outside(scratch))[CONCEPTS]
    assert before["own"].keys() == after["own"].keys() == {"my_concepts:LeftHalf"}
    assert before != after  # an edit is one of an input


def test_a_wrong_name_is_refused_at_its_key_before_anything_is_trained(scratch: Path) -> None:
    (scratch / "my_concepts.py").write_text(OWN)
    _tell(scratch, "my_concepts:LeftHalv")
    train = Dataset.load(PREPARED, "train")
    for refusing in (
        lambda: refuse_wrong_names(train),
        lambda: explain(scratch, rules, rules={"concepts": ["my_concepts:LeftHalv"]}),
    ):
        with pytest.raises(InputError, match="no 'LeftHalv'") as error:
            refusing()
        assert error.value.where == "rules.concepts"
        assert "Classes it has: LeftHalf" in error.value.remedy
    assert not _report(scratch).exists()  # nothing half written


@pytest.mark.parametrize("concepts", [["contrast"], [":Class"], ["module:"]])
def test_what_is_no_class_is_no_concept_of_ones_own(concepts: list[str]) -> None:
    with pytest.raises(ValueError, match="is no module:Class"):
        Rules(concepts=concepts)
    with pytest.raises(ValueError, match="once"):
        Rules(concepts=["a:B", "a:B"])


def test_own_concepts_may_not_lie_where_runs_write(scratch: Path) -> None:
    (scratch / "dvc.yaml").write_text("stages: {a: {cmd: x, outs: [reports/rules]}}\n")
    _tell(scratch, "reports.rules.mine:A")
    with pytest.raises(InputError) as error:
        check_apart(scratch)
    assert "rules.concepts" in str(error.value)
