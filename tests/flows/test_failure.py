"""A stage that fails: its own error, once; what is finished stays, what needs it does not begin."""

import re
import shutil
from pathlib import Path

from mlflow import MlflowClient

from tests.harness import flows, living, outcomes


def test_a_bug_in_one_stage_is_told_once_and_stops_only_what_needs_it(
    smoke: Path, second_run: dict[str, str], tmp_path: Path
) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    stage = project / "tasks" / "gradcam" / "__main__.py"
    begin = "    subjects = load_subjects"
    assert stage.read_text().count(begin) == 1
    stage.write_text(
        stage.read_text().replace(begin, f"    raise RuntimeError('planted')\n{begin}")
    )
    done = flows(project, "run", "--set", "lime.num_samples=120")
    assert done.returncode == 1
    assert done.stderr.count("planted") == 1
    assert "error: stage gradcam: RuntimeError: planted" in done.stderr
    found = outcomes(done)
    assert found["gradcam"] == "failed"
    assert found["lime"] == found["faithfulness"] == "done"
    assert "report" not in found
    assert living(project) == []

    page = project / "reports" / "unfinished" / "report.html"
    assert f"what there is: {page}" in done.stderr
    html = page.read_text()
    head = html.partition("<section")[0]
    assert "<b>This run failed</b>\n  <p>stage gradcam: RuntimeError: planted</p>" in head
    why = dict(re.findall(r"<li>[^(]*\(<code>(\w+)</code>\): (.*?)</li>", head))
    assert why == {"gradcam": "failed: RuntimeError: planted"}
    shown = re.findall(r'<section id="(\w+)"', html)
    assert {"works", "importance", "trust", "lime", "training", "data"} <= set(shown)
    assert "gradcam" not in shown
    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("ganatomy")
    failed = "attributes.status = 'FAILED' and tags.ganatomy.entry != ''"
    (run,) = client.search_runs([experiment.experiment_id], failed)
    assert [each.path for each in client.list_artifacts(run.info.run_id)] == ["report.html"]
    assert "this run failed: stage gradcam: RuntimeError" in run.data.tags["mlflow.note.content"]

    stage.write_text((smoke / "tasks" / "gradcam" / "__main__.py").read_text())
    again = outcomes(flows(project, "run"))
    assert again["lime"] == "unchanged"
    assert again["gradcam"] in ("unchanged", "restored from the run cache")
    assert again["report"] == "done"
    assert not page.exists()


def test_a_stage_that_takes_too_long_is_ended(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    pipeline = (project / "dvc.yaml").read_text()
    before, name, after = pipeline.partition("\n  train:\n")
    limits = "timeout_s: 86400, retries: 1,"
    assert limits in after.partition("\n\n")[0]  # of train
    shorter = after.replace(limits, "timeout_s: 6, retries: 0,", 1)
    (project / "dvc.yaml").write_text(before + name + shorter)
    done = flows(project, "run", "--set", "train.epochs=100000")
    assert done.returncode == 1
    assert "error: stage train: ended after timeout_s=6 in dvc.yaml" in done.stderr
    assert living(project) == []
    assert not (project / "models" / "gan").exists()
