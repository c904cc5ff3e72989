"""What MLflow knows after a run."""

import csv
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run

from ganatomy.files import read_json
from tests.flows.test_run import STAGES
from tests.harness import digests, flows, outcomes


@pytest.fixture(scope="module")
def client(smoke: Path, second_run: dict[str, str]) -> MlflowClient:
    """A client of the smoke project's own store, after two runs."""
    return MlflowClient(tracking_uri=f"sqlite:///{smoke / 'mlflow.db'}")


def _parents(client: MlflowClient) -> list[Run]:
    """Pipeline runs, oldest first."""
    experiment = client.get_experiment_by_name("ganatomy")
    runs = client.search_runs([experiment.experiment_id], max_results=500)
    runs = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    return sorted(runs, key=lambda run: run.info.start_time)


def _stages(client: MlflowClient, parent: Run) -> dict[str, Run]:
    experiment = client.get_experiment_by_name("ganatomy")
    query = f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'"
    runs = client.search_runs([experiment.experiment_id], query)
    return {run.data.tags["ganatomy.stage"]: run for run in runs}


def test_one_finished_run_with_one_nested_run_per_stage(client: MlflowClient) -> None:
    for parent in _parents(client)[:2]:
        nested = _stages(client, parent)
        assert parent.info.status == "FINISHED"
        assert set(nested) == STAGES
        assert {run.info.status for run in nested.values()} == {"FINISHED"}


def test_cached_stages_are_as_complete_as_computed_ones(client: MlflowClient) -> None:
    first, second = _parents(client)[:2]
    computed, cached = _stages(client, first), _stages(client, second)
    for name in STAGES:
        notes = [each[name].data.tags.get("mlflow.note.content") for each in (computed, cached)]
        assert notes[0] == notes[1]  # the figures
        assert cached[name].data.tags["ganatomy.outcome"] == "cached"
        assert cached[name].data.tags["ganatomy.computed_by"] == first.info.run_id
        # pictures and whole curves are where they were published first, and the page too
        assert cached[name].data.tags["ganatomy.details_in"] == computed[name].info.run_id
        assert client.list_artifacts(cached[name].info.run_id) == []
        assert cached[name].data.metrics == {}
    assert second.data.metrics == first.data.metrics
    assert second.data.tags["ganatomy.page_in"] == first.info.run_id


@pytest.mark.parametrize("name", ["train/d_loss", "train/fcd@64"])
def test_curves_are_there_once_and_whole(name: str, client: MlflowClient, smoke: Path) -> None:
    with (smoke / "reports" / "train" / "curves.csv").open() as file:
        expected = [
            (int(row["step"]), float(row["value"]))
            for row in csv.DictReader(file)
            if row["name"] == name
        ]
    assert len(expected) >= 2
    first, second = (_stages(client, parent)["train"] for parent in _parents(client)[:2])
    assert second.data.tags["ganatomy.details_in"] == first.info.run_id
    for run, points in ((first, expected), (second, [])):
        history = client.get_metric_history(run.info.run_id, name.replace("@", "_at_"))
        assert sorted((point.step, point.value) for point in history) == points


def test_curves_are_sent_while_the_stage_runs(client: MlflowClient) -> None:
    """Each point then has a time of its own; those sent at the end have the stage's."""
    first = _stages(client, _parents(client)[0])["train"]
    for key in ("train/d_loss", "train/fcd_at_64"):
        live = client.get_metric_history(first.info.run_id, key)
        assert len({point.timestamp for point in live}) > 1


def test_rows_that_are_told_become_a_live_table(client: MlflowClient, smoke: Path) -> None:
    first, second = (_stages(client, parent)["retrain@0"] for parent in _parents(client)[:2])
    table = mlflow.artifacts.load_dict(f"{first.info.artifact_uri}/live_members.json")
    columns = table["columns"]
    told = [dict(zip(columns, row)) for row in table["data"]]
    expected = read_json(smoke / "reports" / "retrain" / "0" / "members.json")
    assert len(expected) == 6  # of twelve in two shards
    assert told == expected
    found = [each.path for each in client.list_artifacts(second.info.run_id)]
    assert "live_members.json" not in found  # nothing was trained there


def test_the_run_says_what_it_was_made_of(client: MlflowClient, smoke: Path) -> None:
    parent = _parents(client)[0]
    tags = parent.data.tags
    for name in ("git_sha", "git_dirty", "params_sha256", "dvc_lock_sha256", "device"):
        assert tags[name] not in ("", "none") or name == "git_dirty"
    assert len(tags["git_sha"]) == 40
    assert len(tags["prefect_flow_run"]) == 36
    page = (smoke / "reports" / "report.html").read_text()
    assert f"tags.results_id = &#39;{tags['results_id']}&#39;" in page
    assert "features that matter" in tags["mlflow.note.content"]
    told = read_json(smoke / "reports" / "report" / "verdict.json")
    note = tags["mlflow.note.content"]
    assert note.startswith(f"**{told['headline']}**\n")
    assert note.count(told["headline"]) == 1
    assert tags["verdict"] == told["outcome"]
    for clause in told["clauses"]:
        assert clause["words"] in note
        assert tags[f"verdict.{clause['question']}"] == clause["outcome"]
    assert tags["profile"] == "smoke"
    assert tags["mlflow.source.git.commit"] == tags["git_sha"]
    assert "" not in (tags["mlflow.user"], tags["mlflow.source.name"])
    origin = {name: text for name, text in tags.items() if name.startswith("mlflow.source")}
    for run in _stages(client, parent).values():
        assert origin.items() <= run.data.tags.items()
    params = yaml.safe_load((smoke / "params.yaml").read_text())
    assert parent.data.params["train.epochs"] == str(params["train"]["epochs"])
    dataset = parent.inputs.dataset_inputs[0].dataset
    assert dataset.digest == digests(smoke)["data/prepared"]
    files = {found.path for found in client.list_artifacts(parent.info.run_id)}
    assert {"report.html", "manifest.json"} <= set(files)


def test_the_parent_has_the_headlines(client: MlflowClient, smoke: Path) -> None:
    parent = _parents(client)[0]
    told = read_json(smoke / "reports" / "report" / "summary.json")
    assert parent.data.tags["published_step"] == str(told.pop("published_step"))
    assert parent.data.metrics == told
    assert len(told) >= 6  # seconds of training make an evaluator that guesses: that is no number
    assert not any("@" in name or "_at_" in name for name in told)  # whatever the parameters are
    (grid,) = client.list_artifacts(parent.info.run_id, "images")[::2]
    assert Path(grid.path).name.startswith("samples+step+0+")


def test_no_metric_is_a_single_number(client: MlflowClient) -> None:
    """MLflow would draw a bar for each; figures are in the note and in metrics.json."""
    for name, run in _stages(client, _parents(client)[0]).items():
        curves = {key for key in run.data.metrics if key.startswith(f"{name}/")}
        assert set(run.data.metrics) == curves, name


def test_pictures_of_a_training_are_there_once_for_each_probe(
    client: MlflowClient, smoke: Path
) -> None:
    run = _stages(client, _parents(client)[0])["train"]
    found = [Path(each.path).name for each in client.list_artifacts(run.info.run_id, "images")]
    shown = [name.split("+")[:3] for name in found if name.endswith(".png")]
    steps = sorted(int(step) for key, _, step in shown if key == "samples")
    curves = pd.read_csv(smoke / "reports" / "train" / "curves.csv")
    assert steps == curves.loc[curves["name"] == "train/diversity", "step"].tolist()
    assert {"samples", "curves"} <= {key for key, _, _ in shown}
    assert len(shown) == len({(key, step) for key, _, step in shown})


def test_explanation_images_have_fixed_keys(client: MlflowClient) -> None:
    nested = _stages(client, _parents(client)[0])
    fixed = {
        "discriminator": {"logits"},
        "directions": {"directions", "judges", "history"},
        "gradcam": {"d_maps", "g_maps", "causal", "dissection", "film"},
        "lime": {"d_maps", "g_regions", "latents"},
        "rules": {"rules", "curves_d", "formula"},
        "structure": {"layers"},
        "topology": {"clouds", "maps_d", "maps_g", "ways", "modes"},
        "faithfulness": {"agreement", "controls", "removal", "randomisation"},
    }
    for stage, keys in fixed.items():
        found = client.list_artifacts(nested[stage].info.run_id, "images")
        names = {Path(each.path).name.partition("+")[0] for each in found}
        assert keys <= names, stage


@pytest.mark.parametrize("stage", ["rules", "directions"])
def test_images_of_many_rules_or_directions_are_steps_of_one_key(
    stage: str, client: MlflowClient
) -> None:
    run = _stages(client, _parents(client)[0])[stage]
    found = [Path(each.path).name for each in client.list_artifacts(run.info.run_id, "images")]
    shown = [name.split("+")[:3] for name in found if name.endswith(".png")]
    assert not [key for key, _, _ in shown if key[-1].isdigit()]
    steps = [step for key, _, step in shown if key == stage]
    assert len(steps) == len(set(steps)) >= 1
    metrics = read_json(Path(client.download_artifacts(run.info.run_id, "metrics.json")))
    assert (
        metrics.keys()
        >= {
            "rules": {"fidelity_real", "gain_real", "num_rules_shown", "formula_r2"},
            "directions": {"num_directions_that_stand_out", "num_learned_features"},
        }[stage]
    )


def test_the_film_of_the_training_has_a_step_for_each_frame(
    client: MlflowClient, smoke: Path
) -> None:
    run = _stages(client, _parents(client)[0])["gradcam"]
    found = client.list_artifacts(run.info.run_id, "images")
    steps = {
        int(Path(each.path).name.split("+")[2])
        for each in found
        if Path(each.path).name.startswith("film+step")
    }
    assert steps == {int(path.name) for path in (smoke / "models" / "history").iterdir()}
    assert len(steps) == 3


def test_how_far_each_explanation_can_be_trusted_is_told(client: MlflowClient, smoke: Path) -> None:
    run = _stages(client, _parents(client)[0])["faithfulness"]
    metrics = read_json(Path(client.download_artifacts(run.info.run_id, "metrics.json")))
    table = pd.read_csv(smoke / "reports" / "faithfulness" / "trust.csv")
    assert metrics["num_methods"] == len(table)
    assert metrics["num_trusted"] == table["trusted"].sum()
    for method in table["method"]:
        assert f"infidelity/{method}" in metrics
        assert f"| infidelity/{method} |" in run.data.tags["mlflow.note.content"]


def test_g_and_d_can_be_loaded_by_name(
    client: MlflowClient, smoke: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(project)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    mlflow.set_tracking_uri(f"sqlite:///{project / 'mlflow.db'}")
    try:
        generator = mlflow.pyfunc.load_model("models:/ganatomy-generator/1")
        discriminator = mlflow.pyfunc.load_model("models:/ganatomy-discriminator/1")
        latent_dim = yaml.safe_load((smoke / "params.yaml").read_text())["train"]["latent_dim"]
        images = generator.predict(np.zeros((3, latent_dim), dtype=np.float32))
        assert images.shape == (3, 1, 28, 28)
        assert images.dtype == np.uint8
        assert discriminator.predict(images).shape == (3,)
        card = mlflow.artifacts.load_text("models:/ganatomy-generator/1/MODEL_CARD.md")
        assert card == (project / "reports" / "report" / "MODEL_CARD.md").read_text()
    finally:
        mlflow.set_tracking_uri(None)
    for name in ("ganatomy-generator", "ganatomy-discriminator"):
        assert len(client.search_model_versions(f"name = '{name}'")) == 1  # two runs, one model
        assert client.get_registered_model(name).aliases == {}  # smoke is no challenger


def test_a_record_that_could_not_be_kept_is_kept_later(
    two_stages_done: Path, tmp_path: Path
) -> None:
    project = two_stages_done
    away = flows(project, "run", MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert away.returncode == 0, away.stderr
    assert len(list((project / ".ganatomy" / "spool").iterdir())) == 1
    broken = project / ".ganatomy" / "spool" / "0-broken"  # must not keep back the others
    broken.mkdir()
    (broken / "run.json").write_text("{")
    store = f"sqlite:///{tmp_path / 'later.db'}"
    for _ in range(2):  # published once, not twice
        later = flows(project, "run", MLFLOW_TRACKING_URI=store)
        assert set(outcomes(later).values()) == {"unchanged"}
    assert list((project / ".ganatomy" / "spool").iterdir()) == [broken]
    client = MlflowClient(tracking_uri=store)
    parents = _parents(client)
    assert [run.info.status for run in parents] == ["FINISHED"] * 3
    assert len({run.info.run_name for run in parents}) == 3
    assert set(_stages(client, parents[0])) == {"inputs", "fetch", "prepare"}
