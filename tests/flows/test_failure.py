"""A stage that fails: its own error, once; what is finished stays, what needs it does not begin."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from tests.harness import flows, living, outcomes


@pytest.mark.parametrize("mended", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_bug_in_one_stage_is_told_once_and_stops_only_what_needs_it(
    smoke: Path, tmp_path: Path, mended: bool
) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    stage = project / "tasks" / "gradcam" / "__main__.py"
    begin = "    subjects = load_subjects"
    assert stage.read_text().count(begin) == 1
    stage.write_text(
        stage.read_text().replace(begin, f"    raise RuntimeError('planted')\n{begin}")
    )
    done = flows(project, "run", "--set", "evaluate.num_shown=9")
    assert done.returncode == 1
    assert done.stderr.count("planted") == 1
    assert "error: stage gradcam: RuntimeError: planted" in done.stderr
    found = outcomes(done)
    assert found["gradcam"] == "failed"
    assert found["evaluate"] == "done"
    assert found["faithfulness"] == "unchanged"
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
    assert "This run failed: stage gradcam: RuntimeError" in run.data.tags["mlflow.note.content"]

    if not mended:
        return
    stage.write_text((smoke / "tasks" / "gradcam" / "__main__.py").read_text())
    again = outcomes(flows(project, "run"))
    assert again["evaluate"] == "unchanged"
    assert again["gradcam"] in ("unchanged", "restored from the run cache")
    assert again["report"] == "done"
    # on a slow machine there was a page so far, in whose place now stands one that leads on
    assert not page.exists() or 'href="../report.html"' in page.read_text()


def test_a_stage_that_takes_too_long_is_ended(two_stages_done: Path) -> None:
    project = two_stages_done
    stage = project / "tasks" / "fetch" / "__main__.py"
    begin = "    with whole_folder(RAW)"
    assert stage.read_text().count(begin) == 1
    endless = f"    import time\n    time.sleep(1000)\n{begin}"
    stage.write_text(stage.read_text().replace(begin, endless))
    pipeline = yaml.safe_load((project / "dvc.yaml").read_text())
    meta = pipeline["stages"]["fetch"]["meta"]
    assert meta["timeout_s"] > 6
    meta |= {"timeout_s": 6, "retries": 0}
    (project / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    done = flows(project, "run")
    assert done.returncode == 1
    assert "error: stage fetch: ended after timeout_s=6 in dvc.yaml" in done.stderr
    assert living(project) == []
    assert not (project / "data" / "raw").exists()
