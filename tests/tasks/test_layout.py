"""The paths that stages use are the ones that dvc.yaml names."""

import ast

import pytest
import yaml

from tasks import layout
from tests.harness import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PATHS = {
    name: str(value)
    for name, value in vars(layout).items()
    if name.isupper() and name not in ("REPORTS", "CODE")
}


NOT_PARAMS = {"dataset", "evaluator_file", "samples"}  # what else has a `load`


def _trees(stage: str) -> list[ast.Module]:
    """A stage's file, and the helpers that it imports."""
    trees = [ast.parse((ROOT / "tasks" / f"{stage}.py").read_text())]
    for node in ast.walk(trees[0]):
        package, _, module = (getattr(node, "module", None) or "").partition(".")
        if package == "tasks" and module not in ("", "layout"):
            helper = ROOT.joinpath("tasks", *module.split(".")).with_suffix(".py")
            trees.append(ast.parse(helper.read_text()))
    return trees


def _used(stage: str) -> set[str]:
    """Names of `tasks.layout`."""
    nodes = (node for tree in _trees(stage) for node in ast.walk(tree))
    return {node.id for node in nodes if isinstance(node, ast.Name)} & set(PATHS)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_reads_and_writes_what_dvc_yaml_says(stage: str) -> None:
    entry = STAGES[stage]
    shard = "/${item.shard}" if stage == "retrain" else ""
    outs = {out.removesuffix("/${item.shard}") for out in entry["outs"]}
    assert f"reports/{stage}{shard}" in entry["outs"]
    deps = {dep for dep in entry["deps"] if dep.startswith(("data/", "models/"))}
    named = deps | {out for out in outs if not out.startswith("reports/")}
    named |= outs & {"reports/report.html"}
    assert {PATHS[name] for name in _used(stage)} == named


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_a_stage_tracks_the_params_that_it_loads(stage: str) -> None:
    tracked = {name.partition(".")[0] for name in STAGES[stage]["params"]}
    loaded = {
        node.value.id.lower().removesuffix("section")
        for tree in _trees(stage)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "load"
        and isinstance(node.value, ast.Name)
    } - NOT_PARAMS
    if stage == "report":  # the page shows all of them
        loaded = set(yaml.safe_load((ROOT / "params.yaml").read_text()))
    assert tracked == loaded
