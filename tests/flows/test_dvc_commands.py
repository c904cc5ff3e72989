"""What DVC's own commands make of the pipeline: metrics, plots, parameters, experiments."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.harness import dvc, flows, outcomes, python

SUMMARY = "reports/report/summary.json"


def _commit(project: Path) -> None:
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.invalid"]
    for command in (["add", "-A"], ["commit", "-qm", "run"]):
        subprocess.run([*git, *command], cwd=project, check=True)


def _set(project: Path, section: str, key: str, value: object) -> None:
    document = yaml.safe_load((project / "params.yaml").read_text())
    document[section][key] = value
    (project / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))


@pytest.fixture
def finished(smoke: Path, second_run: dict[str, str], tmp_path: Path) -> Path:
    """A finished run that was committed, as a team keeps it."""
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    _commit(project)
    return project


def test_metrics_plots_and_params_are_shown(finished: Path) -> None:
    shown = json.loads(dvc(finished, "metrics", "show", "--json").stdout)
    found = shown[""]["data"][SUMMARY]["data"]
    evaluated = json.loads((finished / "reports/evaluate/metrics.json").read_text())
    trained = json.loads((finished / "reports/train/metrics.json").read_text())
    examined = json.loads((finished / "reports/discriminator/metrics.json").read_text())
    assert found["d_auc"] == examined["auc"]
    assert found["d_gap_auc"] == evaluated["d_gap_auc"]
    # seconds of training make an evaluator that guesses: what it would measure is no number
    unmeasured = {"fcd", "kid", "precision", "recall", "density", "coverage", "classes_missing"}
    assert len(found) == 14 - len(unmeasured)
    assert not unmeasured & set(found)
    assert not {f"{name}@80" for name in unmeasured} & set(evaluated)
    assert found["published_step"] == trained["published_step"]

    page = dvc(finished, "plots", "show", "--out", "plots").stdout.strip()
    drawn = Path(page.removeprefix("file://")).read_text()
    curves = (finished / "reports/train/curves.csv").read_text()
    for name in ("d_loss", "g_loss", "fcd@64"):
        value = re.findall(rf"^\d+,train/{name},(.*)$", curves, re.M)[-1]
        assert value in drawn

    _set(finished, "train", "epochs", 5)
    differing = json.loads(dvc(finished, "params", "diff", "--json").stdout)
    assert differing == {"params.yaml": {"train.epochs": {"old": 2, "new": 5, "diff": 3}}}

    summary = json.loads((finished / SUMMARY).read_text())
    (finished / SUMMARY).write_text(json.dumps(summary | {"d_auc": summary["d_auc"] + 1}))
    differing = json.loads(dvc(finished, "metrics", "diff", "--json").stdout)
    assert set(differing[SUMMARY]) == {"d_auc"}
    assert differing[SUMMARY]["d_auc"]["diff"] == pytest.approx(1)


def test_status_names_nothing_but_inputs(finished: Path) -> None:
    assert json.loads(dvc(finished, "status", "--json").stdout) == {"inputs": ["always changed"]}


def test_a_table_that_is_called_curves_is_one_of_metrics(finished: Path) -> None:
    """The record takes each for points of a metric."""
    heads = {
        path.read_text().splitlines()[0] for path in (finished / "reports").glob("*/curves.csv")
    }
    assert heads == {"step,name,value"}


def test_the_lock_is_read_in_one_sitting(finished: Path) -> None:
    """About 80 lines for each of 22 stages: its parameters are half of them."""
    assert len((finished / "dvc.lock").read_text().splitlines()) < 1800


def _found(project: Path) -> int:
    found: dict[str, int] = json.loads((project / "reports/fetch/metrics.json").read_text())
    return found["num_found"]


def test_an_experiment_in_the_folder_and_a_plan_agree(two_stages: Path) -> None:
    project = two_stages
    dvc(project, "repro", "-q")  # in a clone, with nothing before it
    _commit(project)
    dvc(project, "exp", "run", "-S", "fetch.max_images=300")
    assert _found(project) == 300
    planned = flows(project, "plan")
    assert " run " not in planned.stdout, planned.stdout
    assert json.loads(dvc(project, "status", "--json").stdout) == {"inputs": ["always changed"]}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["--temp", "--queue"])
def test_an_experiment_in_a_folder_of_its_own(two_stages: Path, way: str) -> None:
    project = two_stages
    dvc(project, "repro", "-q")
    _commit(project)
    here = {"DVC_SITE_CACHE_DIR": str(project / ".ganatomy" / "dvc")}  # as README.md has it
    for command in ["exp", "run", way, "-S", "fetch.max_images=300"], ["exp", "run", "--run-all"]:
        if way == "--queue" or "--run-all" not in command:
            done = python(project, "-m", "dvc", *command, **here)
            assert done.returncode == 0, done.stdout + done.stderr
    assert _found(project) == 400  # the folder itself stays as it was
    (name,) = dvc(project, "exp", "list", "--name-only").stdout.split()
    dvc(project, "exp", "apply", name)
    assert _found(project) == 300
    done = flows(project, "run")
    assert set(outcomes(done).values()) == {"unchanged"}, done.stderr
