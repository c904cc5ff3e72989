"""The whole pipeline at the smoke size: what runs, what does not, and what it leaves."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from flows import params
from tasks.shared import contents
from tests.harness import copy_project, digests, dvc, flows, outcomes, python, stages

COMPUTED = [  # in an order in which they can run
    "inputs",
    "fetch",
    "prepare",
    "evaluator",
    "contract",
    "train",
    "evaluate",
    "discriminator",
    "directions",
    "variants",
    "autotune",
    "screen",
    "retrain@0",
    "retrain@1",
    "importance",
    "gradcam",
    "lime",
    "rules",
    "structure",
    "topology",
    "faithfulness",
]
STAGES = {*COMPUTED, "report"}
NAME_THE_COMMIT = ("reports/report.html", "reports/report")
PLANS = """
import io, json, sys
from contextlib import redirect_stdout
from pathlib import Path
from flows import __main__ as flows
found = {}
for edited in json.loads(sys.argv[1]):
    file = Path(edited)
    before = file.read_text()
    file.write_text(before + ("<!-- edited -->\\n" if file.suffix == ".html" else "EDITED = 1\\n"))
    sys.argv = ["flows", "plan"]
    with redirect_stdout(io.StringIO()) as said:
        assert flows.main() == 0
    file.write_text(before)
    found[edited] = said.getvalue()
print(json.dumps(found))
"""
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
    assert page.count('<img src="data:image/webp;base64,') >= 25
    assert page.count('<details class="film">') == 2
    assert "5,000 MNIST digits" in page
    assert "kinds of map pass all three tests" in page


def test_reports_name_each_stage(smoke: Path) -> None:
    folders = {path.name for path in (smoke / "reports").iterdir() if path.is_dir()}
    assert folders == {name.split("@")[0] for name in STAGES} - {"inputs"}


def test_prefect_graph_is_the_dvc_graph(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    done = python(project, "-c", GRAPHS)
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


def test_dvc_by_itself_agrees(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    done = dvc(project, "repro")
    said = done.stdout + done.stderr
    assert said.count("didn't change, skipping") == len(STAGES) - 1
    assert re.findall("Running stage '(.*)'", said) == ["inputs"]


@pytest.mark.slow
def test_dvc_by_itself_runs_everything(smoke: Path, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    params.apply(project, "smoke", [])
    dvc(project, "repro", "-q")
    first, again = digests(smoke), digests(project)
    for path in NAME_THE_COMMIT:
        first.pop(path), again.pop(path)
    assert again == first
    assert (project / "reports" / "report.html").exists()


def test_no_process_is_left(left_by_runs: list[str]) -> None:
    assert left_by_runs == []


EDITS = {
    "ganatomy/report/page.html": {"report"},
    "ganatomy/gan/losses.py": STAGES - {"fetch", "prepare", "evaluator", "contract", "variants"},
    "ganatomy/gan/ensemble/stacked.py": {
        "autotune",
        "screen",
        "retrain@0",
        "retrain@1",
        "importance",
        "faithfulness",
        "report",
    },
    "ganatomy/explain/maps/gradcam.py": {"gradcam", "faithfulness", "report"},
    "ganatomy/explain/lime/latents.py": {"lime", "report"},
    "tasks/lime/params.py": {"lime", "faithfulness", "report"},
    "ganatomy/explain/faithfulness/road.py": {"faithfulness", "report"},
}


@pytest.fixture(scope="module")
def plans(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `plan` says after each of `EDITS`, one at a time."""
    folder = tmp_path_factory.mktemp("edited") / "project"
    project = shutil.copytree(smoke, folder, symlinks=True)
    done = python(project, "-c", PLANS, json.dumps(list(EDITS)))
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(("edited", "expected"), EDITS.items())
def test_an_edit_makes_stale_what_it_decides(
    plans: dict[str, str], edited: str, expected: set[str]
) -> None:
    said = plans[edited]
    *told, legend, how_long = said.splitlines()
    assert legend == "min:s as measured here last, for as much work as is asked for now"
    assert re.fullmatch(r"About .+ on this machine \(.+ training images/s\); 22 stages.*", how_long)
    lines = [line for line in told if not line.endswith(" unchanged")]
    assert {line.split()[0] for line in lines} == expected | {"inputs"}, said
    for line in lines:  # what only follows others runs if what they write is another then
        own = any(not reason.startswith("after ") for reason in line[33:].split("; "))
        assert re.fullmatch(r" *\d+:\d\d", line[25:31])  # every stage has run here
        assert line[14:25].rstrip() == ("would run" if own else "may run")
    assert f"modified {edited}" in said
    for stage in expected:  # `inputs` alone makes nobody stale
        line = next(line for line in said.splitlines() if line.startswith(f"{stage} "))
        assert "after inputs" not in line


@pytest.mark.slow  # a plan says so above
def test_an_edited_page_is_all_that_runs(smoke: Path, tmp_path: Path) -> None:
    project = shutil.copytree(smoke, tmp_path / "project", symlinks=True)
    template = project / "ganatomy" / "report" / "page.html"
    template.write_text(template.read_text().replace("<footer>", "<footer>edited "))
    done = flows(project, "run")
    ran = {stage for stage, outcome in outcomes(done).items() if outcome == "done"}
    assert ran == {"inputs", "report"}, done.stderr
    assert "edited" in (project / "reports" / "report.html").read_text()


def test_same_seed_gives_the_same_bytes(smoke: Path, tmp_path: Path) -> None:
    """By the stages alone; `test_dvc_by_itself_runs_everything` has DVC run them."""
    project = copy_project(tmp_path / "again")
    params.apply(project, "smoke", [])
    done = stages(project, *(name.replace("@", " ") for name in COMPUTED))
    assert done.returncode == 0, done.stderr
    first = digests(smoke)
    for path in NAME_THE_COMMIT:
        first.pop(path)
    again = {path: contents.digest(contents.read_output(project, path)) for path in first}
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
