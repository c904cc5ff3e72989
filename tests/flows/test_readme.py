"""What README.md tells people to type does what it says, also on images that are not ours."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from flows import params
from ganatomy.errors import InputError
from tasks.prepare import __main__ as prepare
from tasks.shared.events import Events
from tasks.shared.keys import keyed
from tasks.variants.params import Variants
from tests.foreign import write_foreign_images
from tests.harness import ROOT, copy_project, flows, outcomes, stages

DEFAULT_FEATURES = Variants().features


def _commands() -> list[dict[str, str]]:
    """PROFILE and SET of each `make run` in README.md's blocks of commands."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    words = [shlex.split(line, comments=True) for line in lines if line.startswith("make run")]
    return [dict(word.split("=", 1) for word in found[2:]) for found in words]


def _own_images() -> list[str]:
    """The values that README.md sets for one's own images, its folder left to the test."""
    found = [command["SET"] for command in _commands() if "image-folder" in command.get("SET", "")]
    assert len(found) == 1
    return [one for one in params.settings_in(found[0]) if not one.startswith("fetch.root=")]


def test_every_command_is_accepted() -> None:
    assert len(_commands()) >= 5
    for command in _commands():
        values = [command.get("SET", "")]
        text, changes = params.would_be(ROOT, command.get("PROFILE"), values)
        assert (text is not None) == bool(changes)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """README.md's command for one's own images, at the sizes of `smoke`, up to `variants`."""
    folder = tmp_path_factory.mktemp("foreign")
    project = copy_project(folder / "project")
    images = write_foreign_images(folder / "images")
    features = f"variants.features={json.dumps(DEFAULT_FEATURES)}"
    params.apply(project, "smoke", [*_own_images(), f"fetch.root={images}", features])
    made = stages(project, "fetch", "prepare", "variants")
    assert made.returncode == 0, made.stderr
    return project


def test_defaults_that_do_not_apply_are_left_out_by_variants(foreign: Path) -> None:
    index = json.loads((foreign / "reports" / "variants" / "index.json").read_text())
    single = {tuple(entry["recipe"]["features"]) for entry in index} - {()}
    assert single == {(name,) for name in DEFAULT_FEATURES if name != "class_1"}


def test_a_default_that_is_left_out_is_said(foreign: Path) -> None:
    made = stages(foreign, "variants")
    assert made.returncode == 0
    assert "class_1, by default in variants.features, is left out: this data has no" in made.stderr


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("variants.features=[blur, class_1]", ["variants.features", "no class '1'"]),
        ("gradcam.targets=[class]", ["gradcam.targets", "no classes"]),
        ("gradcam.targets=[region(cell_9_9)]", ["gradcam.targets", "cell_9_9"]),
        ("gradcam.concepts=[class_1]", ["gradcam.concepts", "class '1'"]),
        ("lime.latent_targets=[concept(thicknes)]", ["lime.latent_targets", "thicknes"]),
        ("gan.conditional=true", ["gan.conditional", "class of every"]),
    ],
)
def test_what_the_user_wrote_and_cannot_be_is_refused_by_prepare(
    foreign: Path, tmp_path: Path, value: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    for name in ("params.yaml", "data/raw"):
        copy = shutil.copytree if (foreign / name).is_dir() else shutil.copy2
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(foreign / name, project / name)
    params.apply(project, None, [value])
    monkeypatch.chdir(project)
    with pytest.raises(InputError) as refused:
        prepare.main(Events("prepare", tmp_path / "run"))
    error = str(keyed(refused.value, "prepare"))
    for word in words:
        assert word in error
    assert not (project / "data" / "prepared").exists()


@pytest.mark.slow
def test_the_command_for_ones_own_images_ends_with_a_page(foreign: Path) -> None:
    done = flows(foreign, "run")
    assert done.returncode == 0, done.stderr
    assert "failed" not in outcomes(done).values()
    for left_out in (
        "class_1, by default in variants.features",
        "class, by default in gradcam.targets",
        "class, by default in lime.latent_targets",
    ):
        assert left_out in done.stderr
    page = (foreign / "reports" / "report.html").read_text()
    assert "Not made by G" not in page
    assert "180 degrees" not in page
