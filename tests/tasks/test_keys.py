"""The library names arguments; whoever runs the pipeline reads keys of params.yaml."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.params import sections
from ganatomy.errors import GIVE, REMAKE, InputError
from ganatomy.gan.adopt.reading import _LATENT, _NETWORK, _PORT
from tasks.shared.keys import in_keys, key_of, keyed
from tests.harness import ROOT, environment

KEYS = {f"{name}.{key}" for name, section in sections().items() for key in section.model_fields}
# What no argument is: how the pipeline's parameters are called, and how its stages are run.
PIPELINE = re.compile(
    r"(?<![\w./])(" + "|".join(map(re.escape, sorted(KEYS))) + r")\b|\bdvc\b|params\.yaml"
)
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _strings(source: str) -> Iterator[tuple[int, str]]:
    """Every string of a module but its docstrings, with its line."""
    tree = ast.parse(source)
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, _DOCUMENTED) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and id(node) not in documents and node.value
        if isinstance(text, str):
            yield node.lineno, text


def test_the_search_finds_what_the_library_must_not_say() -> None:
    source = (
        'def f():\n    "Of train.epochs."\n    raise InputError("", f"fetch.root={x}", "dvc repro")'
    )
    found = [text for _, text in _strings(source) if PIPELINE.search(text)]
    assert sorted(found) == ["dvc repro", "fetch.root="]
    assert not PIPELINE.search("gan.generator_ema and train.py, given/lime.masks.png")


def test_the_library_names_no_key_and_no_command_of_the_pipeline() -> None:
    library = ROOT / "ganatomy"
    offences = [
        f"{path.relative_to(ROOT).as_posix()}:{line}: {text!r}"
        for path in sorted(library.rglob("*.py"))
        if library / "report" not in path.parents  # where a figure of the page comes from
        and path != library / "__main__.py"  # hands on to the pipeline where there is one
        for line, text in _strings(path.read_text())
        if PIPELINE.search(text)
    ]
    assert offences == []


@pytest.mark.parametrize(
    ("where", "stage", "key"),
    [
        ("min_images", "prepare", "prepare.min_images"),
        ("image_size", "train", "prepare.image_size"),  # the one section that has it
        ("batch_size", "train", "train.batch_size"),  # of several, the stage's own
        ("batch_size", "retrain", "retrain.batch_size"),
        ("batch_size", "evaluate", "train.batch_size"),
        ("num_fakes", "importance", "importance.num_fakes"),
        ("num_seeds", "importance", "retrain.num_seeds"),
        ("masks", "variants", "variants.masks"),
        ("masks", "prepare", "variants.masks"),
        ("masks", "lime", "lime.masks"),
        ("baseline", "faithfulness", "lime.baseline"),
        ("loss", "retrain", "gan.loss"),
        ("device", "lime", "base.device"),
        ("root=given/mine", "fetch", "fetch.root=given/mine"),
        ("attributes=a.csv, line 3", "fetch", "fetch.attributes=a.csv, line 3"),
    ],
)
def test_an_argument_becomes_the_key_that_it_is_given_by(where: str, stage: str, key: str) -> None:
    error = keyed(InputError("wrong", where, "Mend it."), stage)
    assert str(error) == f"wrong [{key}]. Mend it."
    assert key.partition("=")[0] in KEYS


@pytest.mark.parametrize(
    "where", ["given/seed/a.png", "lime.targets", "python -m tasks.retrain SHARD", "masks.png", ""]
)
def test_whatever_else_is_at_fault_keeps_its_name(where: str) -> None:
    assert keyed(InputError("wrong", where, "Mend it."), "lime").where == where


def test_a_remedy_speaks_of_keys() -> None:
    found = in_keys(
        "Use `source=image-folder`, lower `min_images`, run `pip install x`, `follow_links=True`.",
        "prepare",
    )
    assert found == (
        "Use fetch.source=image-folder, lower prepare.min_images, run `pip install x`, "
        "fetch.follow_links=true."
    )


@pytest.mark.parametrize("remedy", [GIVE, REMAKE])
def test_an_artifact_is_made_anew_by_dvc(remedy: str) -> None:
    error = keyed(InputError("damaged", "models/gan/generator.safetensors", remedy), "lime")
    assert error.where == "models/gan/generator.safetensors"
    assert "`dvc repro`" in error.remedy


def _quoted_in_the_library() -> set[str]:
    return {
        name
        for path in (ROOT / "ganatomy").rglob("*.py")
        for _, text in _strings(path.read_text())
        for name in re.findall(r"`(\w+)(?:=[^`]*)?`", text)
    }


def test_every_argument_that_a_remedy_quotes_has_a_key() -> None:
    quoted = _quoted_in_the_library()
    assert {"min_images", "max_images", "follow_links", "subset_share"} <= quoted
    without = {name for name in quoted if not key_of(name, "")}
    of_other_packages = {"lime", "view", "reshape", "flatten", "inplace"}
    assert without <= of_other_packages | {*_PORT, *_NETWORK, *_LATENT}


def test_a_stage_tells_the_key(tmp_path: Path) -> None:
    code = (
        "from ganatomy.errors import InputError\n"
        "from tasks.shared import stage\n"
        "def main(events):\n"
        "    raise InputError('only 3 images', 'min_images', 'Lower `min_images`.')\n"
        "stage.run(main, 'prepare')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "only 3 images [prepare.min_images]. Lower prepare.min_images." in done.stderr
