"""A GAN that was trained elsewhere, stage by stage: told, examined, copied, hashed, left out."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

import tasks.autotune.__main__ as autotune
import tasks.contract.__main__ as contract
import tasks.directions.__main__ as directions
import tasks.discriminator.__main__ as discriminator
import tasks.evaluate.__main__ as evaluate
import tasks.faithfulness.__main__ as faithfulness
import tasks.gradcam.__main__ as gradcam
import tasks.importance.__main__ as importance
import tasks.lime.__main__ as lime
import tasks.retrain.__main__ as retrain
import tasks.rules.__main__ as rules
import tasks.screen.__main__ as screen
import tasks.structure.__main__ as structure
import tasks.topology.__main__ as topology
import tasks.train.__main__ as train
import tasks.variants.__main__ as variants
from flows import params
from ganatomy.errors import InputError
from ganatomy.files import read_json, sha256_of, write_json
from ganatomy.gan.adopt.contract import Contract
from ganatomy.gan.checkpoint import load_gan
from ganatomy.gan.sampling import latents
from ganatomy.report.parts import gather
from tasks.inputs.environment import outside
from tasks.shared import provenance
from tasks.shared.events import Events
from tasks.shared.provenance import ADOPTED, RETRAINING
from tests.adopted import write_adoptable, write_weights
from tests.tasks.explained import explain, hashes, make_project

YAML = "given/mine/my-gan.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Prepared digits and somebody's GAN beside them; the current folder."""
    make_project(tmp_path)
    write_adoptable(tmp_path / "given" / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("tasks.contract.examined.make_deterministic", torch.set_num_threads)
    _told(source="adopt", adopt=YAML)
    yield tmp_path
    for name in ("somebodys_networks", "blocks"):
        sys.modules.pop(name, None)


def _told(enabled: bool = False, size: int | list[int] = 28, **gan: Any) -> None:
    """Write params.yaml, and what stage `inputs` makes of it."""
    document = params.defaults()
    document["gan"] |= gan
    document["importance"]["enabled"] = enabled
    document["prepare"]["image_size"] = size
    Path("params.yaml").write_text(json.dumps(document))
    for path, value in outside(Path()):
        if path in (ADOPTED, RETRAINING):
            write_json(path, value)


def _run(stage: ModuleType, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["stage", *arguments])
        stage.main(Events(stage.__name__.split(".")[1], Path("run")))


def test_it_takes_the_place_of_a_training(project: Path) -> None:
    _run(contract)
    _run(train)
    gan = load_gan("models/gan")
    assert gan.architecture.image_shape == (1, 28, 28)
    z = latents(4, gan.architecture, 0)
    networks = sys.modules["somebodys_networks"]
    painter = networks.Painter(gain=2.0)
    painter.load_state_dict(torch.load("given/mine/weights.pt", weights_only=True)["g_ema"])
    with torch.no_grad():  # as its author calls it, in [0, 1]
        expected = 2 * painter.eval()(z[:, :, None, None]) - 1
    assert torch.allclose(gan.generator_ema(z), expected, atol=1e-6)
    code = {path.name for path in (project / "models/gan/code").iterdir()}
    assert code == {"somebodys_networks.py", "blocks.py"}
    assert list((project / "models/history").iterdir()) == []
    assert (
        "trained elsewhere (my-gan.yaml)"
        in read_json(Path("reports/train/left_out.json"))["reason"]
    )
    assert read_json(Path("reports/train/settings.json")) == {"method": {"loss": "bce"}}


def test_the_contract_says_whose_it_is(project: Path) -> None:
    _run(contract)
    found = Contract.load(Path("reports/contract"))
    assert found.image_shape == (1, 28, 28)
    weights = sha256_of(project / "given/mine/weights.pt")
    assert {each.weights_sha256 for each in found.origins.values()} == {weights}


def test_of_one_that_is_trained_here_there_is_no_contract(project: Path) -> None:
    _told()
    _run(contract)
    assert list((project / "reports/contract").iterdir()) == []
    assert read_json(ADOPTED) == {}


def test_weights_and_code_are_named_by_their_hashes(project: Path) -> None:
    mine = project / "given" / "mine"
    first, way = read_json(ADOPTED), RETRAINING.read_bytes()
    assert first["generator"]["weights_sha256"] == sha256_of(mine / "weights.pt")
    assert first["generator"]["code"] == {
        name: sha256_of(mine / name) for name in ("blocks.py", "somebodys_networks.py")
    }
    write_weights(mine / "weights.pt", seed=1)
    _told(source="adopt", adopt=YAML)
    second = read_json(ADOPTED)
    assert second["discriminator"]["weights_sha256"] == sha256_of(mine / "weights.pt")
    assert second != first
    with (mine / "blocks.py").open("a") as file:
        file.write("# edited\n")
    _told(source="adopt", adopt=YAML)
    third = read_json(ADOPTED)
    assert third["generator"]["code"] != second["generator"]["code"]
    assert RETRAINING.read_bytes() == way  # other weights retrain nothing


def test_the_provenance_names_file_weights_and_code(project: Path) -> None:
    (project / "inputs/environment.json").write_text('{"device": "cpu", "python": "3.11"}')
    found = provenance.describe()
    assert found["adopted GAN, my-gan.yaml"] == f"sha256 {sha256_of(project / YAML)}"
    weights = sha256_of(project / "given/mine/weights.pt")
    for name in ("generator", "discriminator"):
        words = found[f"adopted {name}"]
        assert f"weights.pt sha256 {weights}" in words
        assert "2 files of code sha256 " in words
    _told()
    assert not any("adopted" in name for name in provenance.describe())


def test_a_comment_in_the_file_moves_nothing_behind_it(project: Path) -> None:
    _run(train)
    before = hashes(project / "models" / "gan")
    with (project / YAML).open("a") as file:
        file.write("# from the end of May\n")
    _told(source="adopt", adopt=YAML)
    _run(train)
    assert hashes(project / "models" / "gan") == before


@pytest.mark.parametrize(
    ("gan", "words"),
    [
        ({"source": "adopt"}, "no GAN is named"),
        ({"adopt": YAML}, "gan.source is train"),
        ({"source": "adopt", "adopt": "no.yaml"}, "there is no file no.yaml"),
        ({"source": "adopt", "adopt": {"generater": {}}}, "unknown key 'generater'"),
        (
            {"source": "adopt", "adopt": {"discriminator": {"build": "nowhere_at_all:D"}}},
            "there is no module 'nowhere_at_all'",
        ),
        (
            {"source": "adopt", "adopt": {"discriminator": {"build": "a:D", "weights": "d.pt"}}},
            "there is no file d.pt",
        ),
        (
            {
                "source": "adopt",
                "adopt": {"generator": {"build": "a:G"}, "latent": {"dim": 3, "space": "w"}},
            },
            "latent.space: the pipeline explains z.*ganatomy explain",
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(
    gan: dict[str, Any], words: str, project: Path
) -> None:
    with pytest.raises(InputError, match=words):
        _told(**gan)


def test_the_same_keys_may_stand_in_the_parameters(project: Path) -> None:
    build = {"build": "given.mine.judges:Judge"}
    (project / "given/mine/judges.py").write_text(
        "from torch import nn\n\n\nclass Judge(nn.Sequential):\n    def __init__(self):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(784, 1))\n"
    )
    _told(source="adopt", adopt={"discriminator": build})
    assert set(read_json(ADOPTED)["discriminator"]["code"]) == {"given/mine/judges.py"}
    sys.path.insert(0, str(project))
    _run(train)
    gan = load_gan("models/gan")
    assert gan.architecture.discriminator == build["build"]
    assert gan.architecture.generator == ""


@pytest.mark.parametrize("size", [36, [28, 32]])
def test_gans_of_ours_that_cannot_make_its_images_are_refused_at_the_start(
    size: int | list[int], project: Path
) -> None:
    with pytest.raises(InputError, match="no GANs of ours can be retrained") as caught:
        _told(enabled=True, size=size, source="adopt", adopt=YAML)
    assert caught.value.where == "importance.enabled"
    assert "28, 32, 64 or 128 pixels" in caught.value.remedy
    _told(size=size, source="adopt", adopt=YAML)  # nothing is retrained
    write_adoptable(project / "given" / "mine", train="somebodys_networks:train")
    _told(enabled=True, size=size, source="adopt", adopt=YAML)
    assert read_json(RETRAINING)["train"]


def test_images_of_another_size_are_refused_with_the_right_one(project: Path) -> None:
    held_out = project / "data/prepared/test.safetensors"
    train_file = project / "data/prepared/train.safetensors"
    assert held_out.exists()
    other = make_project(project / "colour", coloured=True)
    for path in (held_out, train_file):
        path.write_bytes((other / path.relative_to(project)).read_bytes())
    with pytest.raises(InputError, match="1 x 28 x 28") as caught:
        _run(contract)
    assert caught.value.where == "prepare.image_size"
    assert "prepare.image_size=28 and prepare.channels=1" in caught.value.remedy


def test_a_wrong_class_is_named_with_the_file(project: Path) -> None:
    text = (project / YAML).read_text().replace("gain: 2.0", "gian: 2.0")
    (project / YAML).write_text(text)
    with pytest.raises(InputError, match="gian") as caught:
        _run(contract)
    assert caught.value.where == f"{YAML}: generator"
    assert not (project / "reports/contract").exists()


@pytest.mark.parametrize(
    ("stage", "arguments"),
    [(variants, ()), (autotune, ()), (screen, ()), (retrain, ("0",)), (importance, ())],
)
def test_what_retrains_is_left_out_with_its_reason(
    stage: ModuleType, arguments: tuple[str, ...], project: Path
) -> None:
    for each in (variants, stage):  # `screen` reads what `variants` leaves
        _run(each, *(arguments if each is stage else ()))
    name = "/".join([stage.__name__.split(".")[1], *arguments])
    told = read_json(Path("reports") / name / "left_out.json")["reason"]
    assert told.startswith("switched off by importance.enabled")


@pytest.mark.parametrize(
    ("missing", "left_out"),
    [
        ({"discriminator": None}, {"discriminator", "faithfulness"}),
        ({"generator": None, "latent": None}, {"evaluate", "directions"}),
    ],
    ids=["G alone", "D alone"],
)
def test_a_network_alone_comes_through_every_stage(
    missing: dict[str, None], left_out: set[str], project: Path
) -> None:
    write_adoptable(project / "given" / "mine", **missing)
    of_gan = {"source": "adopt", "adopt": YAML}
    _told(**of_gan)
    shutil.rmtree(project / "reports" / "importance")  # nothing is retrained
    _run(contract)
    _run(train)
    smallest = {"num_fakes": 60, "num_shown": 9, "num_replicates": 20}
    for stage in (
        evaluate,
        discriminator,
        directions,
        rules,
        structure,
        topology,
        gradcam,
        lime,
        faithfulness,
    ):
        others = {"gan": of_gan, "gate": {}, "discriminator": {"num_images": 30}}
        explain(project, stage, evaluate=smallest, **others)
    found = {path.parent.name for path in (project / "reports").glob("*/left_out.json")}
    assert found == {"train", *left_out}
    for stage in left_out:
        reason = read_json(project / "reports" / stage / "left_out.json")["reason"]
        assert f"no {next(iter(missing))} was given" in reason
    evaluator = {"train_accuracy": 0.5, "test_accuracy": 0.5, "by_rotation": 0}
    write_json(project / "reports" / "evaluator" / "metrics.json", evaluator)
    _, absences = gather(project / "reports")  # every section there is can be told and drawn
    assert left_out <= {absence.name for absence in absences}


@pytest.mark.parametrize(
    ("changes", "way"),
    [
        ({}, {"ours": True}),
        ({"discriminator": None}, {"left_out": "names no discriminator"}),
        ({"train": "somebodys_networks:train"}, {"train": "somebodys_networks:train"}),
    ],
)
def test_who_retrains(changes: dict[str, Any], way: dict[str, Any], project: Path) -> None:
    write_adoptable(project / "given" / "mine", **changes)
    _told(enabled=True, source="adopt", adopt=YAML)
    found = read_json(RETRAINING)
    for key, value in way.items():
        assert value is True or value in found[key]
    assert "weights" not in json.dumps(found.get("port", {}))
