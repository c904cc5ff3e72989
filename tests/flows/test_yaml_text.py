"""Values in params.yaml are changed where they stand; what a user wrote beside them stays."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from flows import params
from flows.yaml_text import edited, flow, quoted
from tests.harness import ROOT

MINE = """\
# my own settings

base:   # for all
    seed: 0        # lucky
    'device': "auto"

variants:
    features:      # what I care about
    - blur         # first
    - contrast
    # none other
    modes: [remove]  # one is enough
    masks: []
# about the rest
train: {epochs: 60, width: 32}   # in one line
report:
    title: |
        Two
        lines
    # the end
"""


def _after(**changes: Any) -> dict[str, dict[str, Any]]:
    document = yaml.safe_load(MINE)
    for name, value in changes.items():
        section, _, key = name.partition("__")
        document.setdefault(section, {})[key] = value
    found: dict[str, dict[str, Any]] = document
    return found


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"base__seed": 7}, "seed: 0 ", "seed: 7 "),
        ({"base__device": "cpu"}, '"auto"', "cpu"),
        ({"train__epochs": 3}, "epochs: 60", "epochs: 3"),
        ({"train__width": 0.5}, "width: 32", "width: 0.5"),
        ({"variants__modes": ["remove", "a, b"]}, "[remove]", "[remove, 'a, b']"),
        ({"variants__modes": []}, "[remove]", "[]"),
        ({"variants__masks": ["a.png"]}, "masks: []", "masks:\n    - a.png"),
        (
            {"variants__features": ["tone: dark", "blur"]},
            "    - blur         # first\n    - contrast\n",
            "    - 'tone: dark'\n    - blur         # first\n",
        ),
        (
            {"variants__features": ["contrast", "hue", "blur"]},
            "    - blur         # first\n    - contrast\n",
            "    - contrast\n    - hue\n    - blur         # first\n",
        ),
        (
            {"variants__features": []},
            "features:      # what I care about\n    - blur         # first\n    - contrast\n",
            "features: []\n",
        ),
        ({"report__title": "My run"}, "|\n        Two\n        lines\n", "My run\n"),
        ({"report__title": "a\nb # c"}, "|\n        Two\n        lines\n", '"a\\nb # c"\n'),
        ({"train__latent": [1]}, "width: 32}", "width: 32, latent: [1]}"),
        ({"base__more": "x"}, '"auto"\n', '"auto"\n    more: x\n'),
        (
            {"base__seed": 7, "train__epochs": 3},
            "seed: 0        # lucky",
            "seed: 7        # lucky",
        ),
    ],
)
def test_only_the_value_changes(changes: dict[str, Any], old: str, new: str) -> None:
    assert MINE.count(old) == 1
    expected = MINE.replace(old, new)
    if "train__epochs" in changes:
        expected = expected.replace("epochs: 60", "epochs: 3")
    assert edited(MINE, _after(**changes)) == expected
    assert yaml.safe_load(expected) == _after(**changes)


def test_what_is_right_already_stays_byte_by_byte() -> None:
    assert edited(MINE, _after()) == MINE


def test_a_missing_section_comes_at_the_end() -> None:
    found = edited(MINE, _after(lime__engine="torch", lime__masks=[]))
    assert found == MINE + "\nlime:\n  engine: torch\n  masks: []\n"


@pytest.mark.parametrize("text", ["train:\nbase: {seed: 1}\n", "train: ~\nbase: {seed: 1}\n"])
def test_an_empty_section_is_filled(text: str) -> None:
    wanted = {"train": {"epochs": 3, "modes": ["a"]}, "base": {"seed": 1}}
    found = edited(text, wanted)
    assert found is not None
    assert yaml.safe_load(found) == wanted
    assert found.endswith("\nbase: {seed: 1}\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: &one {x: 1}\nb: *one\n",
        "a: {x: &v 1}\nb: {x: *v}\n",
        "a: {x: 1}\nb: {x: 1}\nold: {x: 1}\n",
        "a: 5\nb: 6\nold: 7\n",
    ],
)
def test_what_takes_more_than_that_is_left_to_the_caller(text: str) -> None:
    assert edited(text, {"a": {"x": 2}, "b": {"x": 1}}) is None


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "null",
            "true",
            "7",
            "a: b",
            "a # b",
            "a, b",
            "[x]",
            "'",
            'say "x"',
            "ä",
            " x ",
            "- a",
        ),
        *(7, 0.5, 1e-7, 1e300, True, None, [], ["a", "b, c"], [0.5, 1], {"k": [1]}, "two\nlines"),
    ],
)
def test_a_value_is_read_as_it_was_wherever_it_stands(value: Any) -> None:
    line = flow(value)
    assert "\n" not in line
    assert yaml.safe_load(f"key: {line}") == {"key": value}
    assert yaml.safe_load(f"key: {{inner: {line}, other: [{line}]}}") == {
        "key": {"inner": value, "other": [value]}
    }


def test_a_profile_and_back_leaves_the_users_file_as_it_was(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    path = tmp_path / "params.yaml"
    text = params.dump(params.defaults())
    text = text.replace("  epochs: 60\n", "  epochs: 60  # enough for digits\n")
    text = text.replace("\ntrain:\n", "\n# mine\ntrain:\n").replace(
        "  masks: []\n", "  masks: []  # none\n"
    )
    path.write_text(text)
    assert text.count("# ") == params.dump(params.defaults()).count("# ") + 4
    for name in params.profiles(tmp_path)[1:]:
        assert params.apply(tmp_path, name, ["gradcam.targets=[class]"])
        changed = path.read_text()
        for comment in ("  # enough for digits\n", "\n# mine\ntrain:\n", "  masks: []  # none\n"):
            assert comment in changed
        assert params.apply(tmp_path, "default", [])
        assert path.read_text() == text


def test_the_projects_own_file_is_the_default_run() -> None:
    assert (ROOT / "params.yaml").read_text() == params.dump(params.defaults())


def test_a_text_with_a_colon_in_a_list_of_one_line_is_quoted_for_dvc() -> None:
    text = "a:\n  b: [contrast, learned:1, 'x:y']  # [k:1]\n  c: {d: [z:1]}\n  e: [p, q]\n"
    found = quoted(text)
    assert found == text.replace(" learned:1", " 'learned:1'").replace("[z:1]", "['z:1']")
    with pytest.raises(YAMLError):
        YAML(typ="safe").load(text)
    assert YAML(typ="safe").load(found)["a"]["b"][1] == "learned:1"
    assert quoted(found) == found
