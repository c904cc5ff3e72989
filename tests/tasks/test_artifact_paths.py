"""The paths that stages use are the ones that dvc.yaml names."""

import ast

import pytest
import yaml

from tasks.shared import artifact_paths
from tests.harness import ROOT

STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
PATHS = {
    name: str(value)
    for name, value in vars(artifact_paths).items()
    if name.isupper() and "/" in str(value) and name not in ("CODE", "UNFINISHED")
}


# what else has a `load`
NOT_PARAMS = {
    "dataset",
    "directionsstudy",
    "evaluator_file",
    "learnedfeatures",
    "samples",
    "variantset",
    "yaml",
}


def _trees(stage: str) -> list[ast.Module]:
    """A stage's files, and the helpers that they import."""
    own = [path for path in (ROOT / "tasks" / stage).glob("*.py") if path.name != "params.py"]
    trees = [ast.parse(path.read_text()) for path in own]
    for node in [node for tree in trees for node in ast.walk(tree)]:
        module = getattr(node, "module", None) or ""
        if module.partition(".")[0] == "tasks" and module != "tasks.shared.artifact_paths":
            assert isinstance(node, ast.ImportFrom)
            named = [module, *(f"{module}.{alias.name}" for alias in node.names)]
            helpers = [ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in named]
            trees += [ast.parse(path.read_text()) for path in helpers if path.is_file()]
    return trees


def _used(stage: str) -> set[str]:
    """Names of `tasks.shared.artifact_paths`."""
    nodes = (node for tree in _trees(stage) for node in ast.walk(tree))
    return {node.id for node in nodes if isinstance(node, ast.Name)} & set(PATHS)


def _folder(path: str) -> str:
    """Without what the entry takes from a value: the shard, or whether screening is on."""
    return path.removesuffix("/${item.shard}").partition("/screened-")[0]


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - {"inputs"}))
def test_a_stage_reads_and_writes_what_dvc_yaml_says(stage: str) -> None:
    entry = STAGES[stage]
    shard = "/${item.shard}" if stage == "retrain" else ""
    outs = {_folder(out) for out in entry["outs"]}
    assert f"reports/{stage}{shard}" in entry["outs"]
    deps = {_folder(dep) for dep in entry["deps"] if dep.startswith(("data/", "models/"))}
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
