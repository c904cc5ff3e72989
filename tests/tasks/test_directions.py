"""The stage `directions`: what the library finds, or a reason why there is nothing."""

import shutil
from pathlib import Path

import pytest
import torch

from ganatomy.explain.craft.result import DiscriminatorConcepts
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.files import read_json
from ganatomy.report.left_out import why_left_out
from ganatomy.report.parts import gather
from tasks.directions import __main__ as directions
from tasks.directions.params import Directions
from tasks.report.writing import write_figures
from tasks.shared.pictures import read_places
from tasks.shared.samples import fake_latents
from tests.tasks.explained import (
    LATENT_DIM,
    SMALL,
    explain,
    gan_as_explained,
    has_numbers_alone,
    hashes,
    make_generator_black,
    make_project,
    take_networks_without_convolutions,
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose directions were found."""
    folder = make_project(tmp_path_factory.mktemp("directions"))
    explain(folder, directions)
    return folder


@pytest.fixture
def scratch(project: Path, tmp_path: Path) -> Path:
    """A copy to be changed, with nothing found."""
    folder = Path(shutil.copytree(project, tmp_path / "scratch"))
    shutil.rmtree(_report(folder))
    return folder


def _report(project: Path) -> Path:
    return project / "reports" / "directions"


def test_strips_are_the_generators_images_along_what_was_found(project: Path) -> None:
    study = DirectionsStudy.load(_report(project))
    assert study.directions.shape == (2, LATENT_DIM)
    assert study.num_latents == SMALL["directions"]["num_held_out"]
    gan = gan_as_explained(project)
    z = fake_latents(SMALL["directions"]["num_latents"], gan.architecture, 0)[-8:]
    with torch.no_grad():
        images = gan.generator_ema.eval()(z[:3] + 2 * study.directions[0].float())
    found = study.strips[0, :, -1].float()
    assert (found - (images + 1) * 127.5).abs().max() <= 1
    assert has_numbers_alone(_report(project) / "metrics.json")
    told = read_json(_report(project) / "metrics.json")
    assert study.metrics().items() <= told.items()  # what is learned of them adds its own


def test_the_same_seed_finds_the_same_bytes(project: Path, scratch: Path) -> None:
    explain(scratch, directions)
    assert hashes(_report(scratch)) == hashes(_report(project))


def test_pictures_of_all_directions_have_one_key_and_a_step_for_each(project: Path) -> None:
    parts, _ = gather(project / "reports", forgiving=True)
    (part,) = (each for each in parts if each.section.name == "directions")
    strips = [name for name in sorted(part.figures) if name.startswith("direction_")]
    told = [part.picture(name) for name in strips]
    assert {each.key for each in told} == {"directions"}
    assert len({each.step for each in told}) == len(told) >= 1


def test_d_the_data_and_the_history_are_asked(project: Path) -> None:
    study = DirectionsStudy.load(_report(project))
    assert not study.left_out
    assert set(study.responses["judge"]) == {"d_logit", "distance"}
    steps = {int(path.name) for path in (project / "models/history").iterdir()}
    assert set(study.again("step")["place"]) == steps
    assert len(study.again("draw")) == 2 * SMALL["directions"]["num_draws"]


@pytest.mark.parametrize("kind", ["conditional", "coloured"])
def test_other_generators_have_directions_too(kind: str, tmp_path: Path) -> None:
    make_project(tmp_path, coloured=kind == "coloured", conditional=kind == "conditional")
    explain(tmp_path, directions)
    study = DirectionsStudy.load(_report(tmp_path))
    assert study.directions.shape == (2, LATENT_DIM)  # without the entries of classes
    assert study.strips.shape[3] == (3 if kind == "coloured" else 1)
    assert study.classes.empty == (kind == "coloured")


def test_a_generator_that_makes_one_image_has_a_reason(scratch: Path) -> None:
    make_generator_black(scratch)
    explain(scratch, directions)
    assert why_left_out(_report(scratch)) == "every latent gives the same image"
    kept = {"left_out.json", "concepts_of_d"}
    assert {path.name for path in _report(scratch).iterdir()} == kept


def test_a_generator_of_no_convolution_has_directions(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(scratch))
    take_networks_without_convolutions(scratch)
    explain(scratch, directions)
    methods = DirectionsStudy.load(_report(scratch)).methods.set_index("method")
    assert methods.loc["sefa", "reason"] == ""  # its first layer is linear
    assert "no layer is given more values" in methods.loc["ganspace", "reason"]


def test_latents_that_none_are_left_of_to_find_by_are_refused() -> None:
    assert Directions(num_latents=40, num_held_out=32).num_held_out == 32
    with pytest.raises(ValueError, match="num_latents is 40 at least"):
        Directions(num_latents=39, num_held_out=32)


def test_concepts_of_d_lie_beside_them(project: Path, tmp_path: Path) -> None:
    found = DiscriminatorConcepts.load(_report(project) / "concepts_of_d")
    assert len(found.table) == 6
    told = read_json(_report(project) / "metrics.json")
    assert told["concepts_of_d/fidelity"] == pytest.approx(found.fidelity)
    parts, _ = gather(project / "reports", forgiving=True)
    assert [each for each in parts if each.section.name == "concepts"]
    write_figures(tmp_path, parts)
    kept = read_places(tmp_path / "images" / "directions").values()
    assert {"directions", "concepts"} <= {each.key for each in kept}  # one record, of the stage
    assert not (tmp_path / "images" / "concepts").exists()
