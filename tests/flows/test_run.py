"""The whole pipeline at the smoke size: what runs, what does not, and what it leaves."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from flows import params
from tests.harness import copy_project, digests, dvc, flows, living, outcomes, python

STAGES = {
    "inputs",
    "fetch",
    "prepare",
    "evaluator",
    "train",
    "evaluate",
    "variants",
    "autotune",
    "screen",
    "retrain@0",
    "retrain@1",
    "importance",
    "gradcam",
    "lime",
    "faithfulness",
    "report",
}
GRAPHS = """
import asyncio, json
from pathlib import Path
from flows import settings
settings.prepare(Path.cwd())
from flows.server import prefect_server
with prefect_server():
    from prefect import get_client
    from prefect.client.schemas.sorting import FlowRunSort
    from flows import adapter
    async def of_prefect():
        async with get_client() as client:
            flow_run = (await client.read_flow_runs(sort=FlowRunSort.START_TIME_ASC))[0]
            runs = await client.read_task_runs(limit=200)
            runs = [run for run in runs if run.flow_run_id == flow_run.id]
        names = {run.id: run.name for run in runs}
        return flow_run.state_name, {
            run.name: sorted(names[each.id] for each in run.task_inputs.get("wait_for", []))
            for run in runs
        }
    state, prefect = asyncio.run(of_prefect())
    dvc = {stage.name: sorted(stage.upstream) for stage in adapter.graph(Path.cwd())}
    print(json.dumps({"state": state, "prefect": prefect, "dvc": dvc}))
"""


def test_every_stage_ran_and_left_a_page(smoke: Path, first_run: dict[str, str]) -> None:
    assert set(first_run) == STAGES
    assert set(first_run.values()) == {"done"}
    page = (smoke / "reports" / "report.html").read_text()
    assert page.count('<img src="data:image/png;base64,') >= 25
    assert page.count('<img src="data:image/gif;base64,') == 2
    assert "5,000 MNIST digits" in page
    assert "kinds of map pass all three tests" in page


def test_reports_name_each_stage(smoke: Path) -> None:
    folders = {path.name for path in (smoke / "reports").iterdir() if path.is_dir()}
    assert folders == {name.split("@")[0] for name in STAGES} - {"inputs"}


def test_prefect_graph_is_the_dvc_graph(smoke: Path) -> None:
    done = python(smoke, "-c", GRAPHS)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["state"] == "Completed"
    assert found["prefect"] == found["dvc"]
    # and DVC's graph is what dvc.yaml says, read without DVC
    assert found["dvc"]["importance"] == [
        "evaluator",
        "inputs",
        "prepare",
        "retrain@0",
        "retrain@1",
        "train",
        "variants",
    ]


def test_nothing_changed_runs_nothing(second_run: dict[str, str]) -> None:
    assert second_run == dict.fromkeys(STAGES, "unchanged")


def test_dvc_by_itself_agrees(smoke: Path, second_run: dict[str, str]) -> None:
    done = dvc(smoke, "repro")
    said = done.stdout + done.stderr
    assert said.count("didn't change, skipping") == len(STAGES) - 1
    assert re.findall("Running stage '(.*)'", said) == ["inputs"]


@pytest.mark.slow
def test_dvc_by_itself_runs_everything(smoke: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    params.apply(project, "smoke", [])
    dvc(project, "repro", "-q")
    assert digests(project)["models/gan"] == digests(smoke)["models/gan"]
    assert (project / "reports" / "report.html").exists()


def test_no_process_is_left(smoke: Path, second_run: dict[str, str]) -> None:
    assert living(smoke) == []


@pytest.mark.parametrize(
    ("edited", "expected"),
    [
        ("ganatomy/report/page.html", {"report"}),
        (
            "ganatomy/gan/losses.py",
            STAGES - {"fetch", "prepare", "evaluator", "variants"},
        ),
        (
            "ganatomy/gan/ensemble/stacked.py",
            {
                "autotune",
                "screen",
                "retrain@0",
                "retrain@1",
                "importance",
                "faithfulness",
                "report",
            },
        ),
        ("ganatomy/explain/maps/gradcam.py", {"gradcam", "faithfulness", "report"}),
        ("ganatomy/explain/lime/latents.py", {"lime", "report"}),
        ("tasks/lime/params.py", {"lime", "faithfulness", "report"}),
        ("ganatomy/explain/faithfulness/road.py", {"faithfulness", "report"}),
    ],
)
def test_an_edit_makes_stale_what_it_decides(
    smoke: Path, tmp_path: Path, edited: str, expected: set[str]
) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    with (project / edited).open("a") as file:
        file.write("<!-- edited -->\n" if edited.endswith(".html") else "EDITED = True\n")
    done = flows(project, "plan")
    stale = {line.split()[0] for line in done.stdout.splitlines() if "would run" in line}
    assert stale == expected | {"inputs"}, done.stdout + done.stderr
    assert f"modified {edited}" in done.stdout
    for stage in expected:  # `inputs` alone makes nobody stale
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"{stage} "))
        assert "after inputs" not in line


def test_an_edited_page_is_all_that_runs(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    template = project / "ganatomy" / "report" / "page.html"
    template.write_text(template.read_text().replace("<footer>", "<footer>edited "))
    done = flows(project, "run")
    ran = {stage for stage, outcome in outcomes(done).items() if outcome == "done"}
    assert ran == {"inputs", "report"}, done.stderr
    assert "edited" in (project / "reports" / "report.html").read_text()


def test_same_seed_gives_the_same_bytes(smoke: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "again")
    done = flows(project, "run", "--profile", "smoke")
    assert set(outcomes(done).values()) == {"done"}, done.stderr
    first, again = digests(smoke), digests(project)
    for path in ("reports/report.html", "reports/report"):  # these name the commit
        first.pop(path), again.pop(path)
    assert again == first


def test_another_seed_gives_other_bytes(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    before = digests(project)["models/evaluator"]
    dvc(_with_seed(project, 1), "repro", "-q", "--single-item", "evaluator")
    assert digests(project)["models/evaluator"] != before


def _with_seed(project: Path, seed: int) -> Path:
    document = yaml.safe_load((project / "params.yaml").read_text())
    document["base"]["seed"] = seed
    (project / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return project
