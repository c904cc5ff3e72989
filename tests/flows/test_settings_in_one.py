"""Several settings in one `--set`, as `make run SET=...` hands them on."""

import os
import subprocess
from pathlib import Path

import pytest

from flows import params
from ganatomy.errors import InputError
from tasks.fetch.params import Fetch
from tasks.report.params import Report
from tasks.train.params import Train
from tasks.variants.params import Variants
from tests.harness import ROOT


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("  ", []),
        ("train.epochs=10", ["train.epochs=10"]),
        ("train.epochs=10 base.seed=1", ["train.epochs=10", "base.seed=1"]),
        ("  train.epochs=10\n  base.seed=1 ", ["train.epochs=10", "base.seed=1"]),
        ("train.epochs = 10 base.seed = 1", ["train.epochs = 10", "base.seed = 1"]),
        ("report.title=My run", ["report.title=My run"]),
        ("report.title=My run base.seed=1", ["report.title=My run", "base.seed=1"]),
        ("report.title=Anna's run base.seed=1", ["report.title=Anna's run", "base.seed=1"]),
        ("report.title=a=b c=d", ["report.title=a=b c=d"]),
        (
            "report.title='x base.seed=2' base.seed=1",
            ["report.title='x base.seed=2'", "base.seed=1"],
        ),
        ("report.title='it''s a.b=c' base.seed=1", ["report.title='it''s a.b=c'", "base.seed=1"]),
        (
            r'report.title="say \" a.b=c" base.seed=1',
            [r'report.title="say \" a.b=c"', "base.seed=1"],
        ),
        ("report.title='' base.seed=1", ["report.title=''", "base.seed=1"]),
        (
            "variants.features=[blur, x a.b=c] variants.modes=[remove]",
            ["variants.features=[blur, x a.b=c]", "variants.modes=[remove]"],
        ),
        (
            "variants.features=['a]', \"b\"] base.seed=1",
            ["variants.features=['a]', \"b\"]", "base.seed=1"],
        ),
        ("variants.features=[blur base.seed=1", ["variants.features=[blur base.seed=1"]),
        ("fetch.root=/my/images a.b=1", ["fetch.root=/my/images", "a.b=1"]),
        ("epochs=3", ["epochs=3"]),
        ("epochs=3 base.seed=1", ["epochs=3 base.seed=1"]),
    ],
)
def test_a_setting_begins_at_its_key(text: str, found: list[str]) -> None:
    assert params.settings_in(text) == found


def test_each_is_applied_or_none(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(params.dump(params.defaults()))
    assert params.apply(tmp_path, None, ["train.epochs=3 report.title=My run", "base.seed=4"]) == [
        "base.seed: 0 -> 4",
        "train.epochs: 60 -> 3",
        "report.title: 'What this GAN learned' -> 'My run'",
    ]
    before = path.read_bytes()
    with pytest.raises(ValueError, match="trian"):
        params.apply(tmp_path, None, ["train.epochs=4 trian.epochs=3"])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        *("digits: with R1", "run # 2", "2026", "1e3", "2026-01-01", "null", "[draft]", "~", "off"),
        *("@home", "*", "{a: b}", '"real" or not', 'say "it"', "x = y", "open]", "- Größe 漢字"),
    ],
)
def test_a_text_is_taken_as_it_was_typed(text: str, tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(params.dump(params.defaults()))
    params.apply(tmp_path, None, [f"report.title={text} train.epochs=3"])
    assert Report.load(path).title == text
    assert Train.load(path).epochs == 3
    params.apply(tmp_path, None, ["report.title='what is \"quoted\"' fetch.attributes="])
    assert Report.load(path).title == 'what is "quoted"'
    assert Fetch.load(path).attributes == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[contrast,learned:1]", ["contrast", "learned:1"]),
        ("[learned:2, contrast]", ["learned:2", "contrast"]),
        ('["learned:1"]', ["learned:1"]),
    ],
)
def test_a_list_may_have_colons(text: str, found: list[str], tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(params.dump(params.defaults()))
    params.apply(tmp_path, None, [f"variants.features={text} train.epochs=3"])
    section = Variants.load(path)
    assert (section.features, section.after) == (found, "directions")
    params.apply(tmp_path, None, ["variants.features=[contrast]"])
    assert Variants.load(path).after == "prepare"
    with pytest.raises(InputError, match="is not a YAML value"):
        params.apply(tmp_path, None, ["variants.features=[contrast, a: 1: 2]"])


@pytest.mark.parametrize("target", ["run", "plan"])
@pytest.mark.parametrize(
    "value", ["train.epochs=10 base.seed=1", "report.title=My 'own' \"run\" ; * $HOME", None]
)
def test_make_hands_it_on_as_it_was_typed(target: str, value: str | None, tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "setup.sh").touch()
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor word in "$@"; do printf "<%s>\\n" "$word"; done\n')
    program.chmod(0o755)
    words = [] if value is None else [f"SET={value.replace('$', '$$')}"]  # make's own word for $
    of_make = ("MAKEFLAGS", "MAKELEVEL", "SET", "PROFILE")  # where make runs the tests
    clean = {name: text for name, text in os.environ.items() if name not in of_make}
    done = subprocess.run(
        ["make", target, "PROFILE=smoke", *words],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    said = ["-m", "flows", target, "--profile", "smoke"]
    said += [] if value is None else ["--set", value]
    assert done.stdout.splitlines() == [f"<{word}>" for word in said]
