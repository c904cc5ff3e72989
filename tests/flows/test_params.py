"""params.yaml: what is wrong is named, and nothing is written then."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml

from flows import params
from ganatomy.errors import InputError
from tasks.fetch.params import Fetch
from tasks.params.base import Base
from tasks.params.section import Section, read_document, unknown_key
from tasks.retrain.params import Retrain
from tasks.screen.params import Screen
from tasks.train.params import Train
from tasks.variants.params import Variants

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))

EPOCHS = params.defaults()["train"]["epochs"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the default params.yaml and the project's profiles."""
    (tmp_path / "params.yaml").write_text(params.dump(params.defaults()))
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    return tmp_path


def _document(project: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((project / "params.yaml").read_text())
    return document


def _refused(project: Path, profile: str | None, assignments: list[str]) -> InputError:
    """The error of an `apply` that must leave params.yaml as it is."""
    before = (project / "params.yaml").read_bytes()
    with pytest.raises(InputError) as caught:
        params.apply(project, profile, assignments)
    assert (project / "params.yaml").read_bytes() == before
    return caught.value


# ---- sections ----


def _file(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


def test_section_is_read_with_defaults_for_the_rest(tmp_path: Path) -> None:
    found = Train.load(_file(tmp_path, "train: {epochs: 3, learning_rate: 1}\nother: {}\n"))
    assert (found.epochs, found.learning_rate, found.width) == (3, 1.0, Train().width)


def test_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    path = _file(tmp_path, "train: {epoch: 3}\n")
    with pytest.raises(InputError, match=r"'train\.epoch'.*'train\.epochs'") as caught:
        Train.load(path)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (Train, "epochs", "3"),
        (Train, "epochs", 3.0),
        (Train, "epochs", True),
        (Train, "epochs", None),
        (Train, "epochs", 0),
        (Train, "batch_size", 1),
        (Train, "width", 3),
        (Train, "width", 513),
        (Train, "learning_rate", 0),
        (Train, "learning_rate", 1.5),
        (Train, "learning_rate", "1e-3"),
        (Train, "learning_rate", float("nan")),
        (Train, "ema_decay", 1.0),
        (Base, "seed", -1),
        (Base, "device", "tpu"),
        (Fetch, "source", "imagenet"),
        (Fetch, "root", 5),
        (Retrain, "shards", []),
        (Retrain, "shards", [1, 2]),
        (Retrain, "shards", [0, 0]),
        (Retrain, "shards", 2),
        (Retrain, "num_seeds", 1),
        (Retrain, "shares", [0.5, 0.25]),
        (Retrain, "shares", [1.0]),
        (Variants, "features", []),
        (Variants, "modes", ["remove", "remove"]),
        (Variants, "modes", ["delete"]),
        (Variants, "num_nulls", 2),
        (Variants, "subset_share", 1.0),
        (Variants, "grid", 0),
        (Screen, "alpha", 0.0),
        (Screen, "num_seeds", [0]),
    ],
)
def test_wrong_value_is_named_with_its_key(section: type[Section], key: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        section.check({key: value}, "params.yaml")
    assert f"{section.name}.{key}" in caught.value.what
    assert caught.value.where == "params.yaml"
    assert len(caught.value.remedy) > 5


def test_wrong_element_is_named_with_its_place() -> None:
    with pytest.raises(InputError, match=r"retrain\.shards\.1 = 'one'"):
        Retrain.check({"shards": [0, "one"]}, "params.yaml")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"shares": [0.1, 0.2]}, "one entry for each rung"),
        ({"shares": [0.2, 0.1], "num_seeds": [2, 2]}, "do not fall"),
        ({"shares": [1.5]}, "at most 1"),
        ({"keep": 2, "keep_at_least": 3}, "at least keep_at_least"),
    ],
)
def test_values_that_do_not_go_together(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Screen.check(values, "params.yaml")
    Screen.check({"shares": [0.1, 0.1], "num_seeds": [2, 4]}, "params.yaml")


@pytest.mark.parametrize("value", [5, [1], "text"])
def test_section_that_is_no_mapping(value: object) -> None:
    with pytest.raises(InputError, match="train = "):
        Train.check(value, "params.yaml")


def test_missing_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="section 'train' is missing"):
        Train.load(_file(tmp_path, "base: {seed: 0}\n"))


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "base:\n  seed: 0\ntrain:\n  epochs: [1\n  width: 3\n")
    with pytest.raises(InputError, match="not valid YAML near line 5") as caught:
        Train.load(path)
    assert caught.value.where == str(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file not found"):
        read_document(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "train: {epochs: 3}\nbase: {seed: 0}\ntrain: {epochs: 4}\n",
            "'train' stands twice, in lines 1 and 3",
        ),
        (
            "train:\n  epochs: 3\n  width: 8\n  epochs: 4\n",
            "'epochs' stands twice, in lines 2 and 4",
        ),
        ("train: {epochs: 3, 'epochs': 3}\n", "'epochs' stands twice, in lines 1 and 1"),
        ("train: {epochs: 2024-99-99}\n", "not valid YAML"),
        (f"train: {{epochs: {'9' * 5000}}}\n", "not valid YAML"),
        (f"train: {'[' * 5000}\n", "not valid YAML"),
        ("train: {epochs: !!python/name:os.system x}\n", "not valid YAML near line 1"),
        ("train: {epochs: \0}\n", "not valid YAML"),
        (b"train: {epochs: 3}\nreport:\n  title: \xe4\n", "not UTF-8 near line 3"),
        ("train: {epochs: 3}\n".encode("utf-16"), "not UTF-8 near line 1"),
    ],
)
@pytest.mark.parametrize("where", ["file", "profile", "stage"])
def test_what_yaml_would_take_in_silence_or_choke_on_is_one_sentence(
    text: str | bytes, said: str, where: str, project: Path
) -> None:
    profile = "mine" if where == "profile" else None
    path = project / ("profiles/mine.yaml" if profile else "params.yaml")
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if where == "stage":
        with pytest.raises(InputError) as caught:
            Train.load(path)
        error = caught.value
    else:
        error = _refused(project, profile, ["base.seed=3"])
    assert said in error.what
    assert error.where == str(path)
    assert "\n" not in str(error)


def test_a_merged_mapping_may_say_otherwise(tmp_path: Path) -> None:
    path = _file(tmp_path, "base: &a {epochs: 3, width: 8}\ntrain: {<<: *a, width: 16}\n")
    assert read_document(path)["train"] == {"epochs": 3, "width": 16}


@pytest.mark.parametrize("kind", ["folder", "not mine"])
def test_a_file_that_cannot_be_read_is_named(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "params.yaml"
    if kind == "folder":
        path.mkdir()
    else:
        refuse = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        monkeypatch.setattr(Path, "read_bytes", Mock(side_effect=refuse))
    with pytest.raises(InputError, match="cannot be read") as caught:
        read_document(path)
    assert caught.value.where == str(path)


# ---- bounds ----


def _numbers() -> Iterator[tuple[type[Section], str, bool]]:
    """Every field that takes a number, and whether it takes a list of them."""
    for section in params.sections().values():
        for key, found in section.model_fields.items():
            kind = str(found.annotation)
            if re.search(r"\b(int|float)\b", kind) and "Literal" not in kind:
                yield section, key, isinstance(found.default, list)


NUMBERS = list(_numbers())
HUGE = [10**15, 2**64, 10**400, 1e15, 1e300, float("inf"), float("nan")]
HUGE_SEED = [2**63, 10**400, 1e300, float("inf"), float("nan")]


def test_the_search_finds_numbers() -> None:
    found = {f"{section.name}.{key}" for section, key, _ in NUMBERS}
    assert len(found) > 60
    assert {"base.seed", "train.epochs", "gan.r1", "screen.num_seeds", "retrain.shards"} <= found


@pytest.mark.parametrize(
    ("section", "key", "is_list"), NUMBERS, ids=[f"{s.name}.{key}" for s, key, _ in NUMBERS]
)
def test_every_number_has_an_upper_bound(
    section: type[Section], key: str, is_list: bool, project: Path
) -> None:
    for huge in HUGE_SEED if key == "seed" else HUGE:
        with pytest.raises(InputError) as caught:
            section.check({key: [huge] if is_list else huge}, "params.yaml")
        assert section.name in caught.value.what
        assert key in caught.value.what
        assert len(str(caught.value)) < 300
    text = f"{section.name}.{key}={[10**400] if is_list else 10**400}"
    assert key in _refused(project, None, [text]).what


@pytest.mark.parametrize("text", ["", "just words\n", "[1, 2]\n"])
def test_file_without_sections(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sections"):
        read_document(_file(tmp_path, text))


def test_nearest_name_is_by_likeness() -> None:
    known = ["train.epochs", "train.width", "retrain.width"]
    assert "'train.width'" in unknown_key("train.widht", known, "here").remedy
    assert "'train.epochs'" in unknown_key("train.Epochs", known, "here").remedy


def test_sections_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Train().epochs = 3  # type: ignore[misc]


# ---- the whole file ----


def test_sections_are_those_of_the_files_base_first() -> None:
    names = [path.parent.name for path in (ROOT / "tasks").glob("*/params.py")]
    names += ["base", "gan", "gate"]
    found = params.sections()
    assert set(found) == set(names)
    assert next(iter(found)) == "base"
    assert all(section.name == name for name, section in found.items())


def test_sections_stand_in_the_order_of_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert list(params.sections()) == list(document)
    stages = {
        "inputs": {"params": ["gan.generator", "fetch"]},
        "fetch": {"params": ["base"]},
        "lime": {},
        "train": {"params": ["base", "gan", "train"]},
    }
    monkeypatch.setattr(params, "read_document", lambda path: {"stages": stages})
    params._order.cache_clear()
    try:
        assert list(params.sections())[:5] == ["base", "fetch", "lime", "gan", "train"]
        assert set(params.sections()) == set(document)
    finally:
        params._order.cache_clear()


def test_default_profile_is_the_schemas_defaults(project: Path) -> None:
    (project / "params.yaml").write_text("train: {epochs: 3}\nbase: {seed: 9}\n")
    params.apply(project, "default", [])
    found = _document(project)
    for name, section in params.sections().items():
        for key, field in section.model_fields.items():
            default = field.get_default(call_default_factory=True)
            assert found[name][key] == default, f"{name}.{key}"
    assert set(found) == set(params.sections())


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_is_laid_over_the_defaults(name: str, project: Path) -> None:
    (project / "params.yaml").write_text("train: {epochs: 33}\nbase: {seed: 9}\n")
    params.apply(project, name, [])
    found, expected = _document(project), params.defaults()
    wanted = yaml.safe_load((ROOT / "profiles" / f"{name}.yaml").read_text())
    assert wanted
    for section, values in wanted.items():
        expected[section].update(values)
    assert found == expected
    for section_name, section in params.sections().items():
        section.load(project / "params.yaml")
        assert section_name in found


def test_profiles_are_listed_default_first() -> None:
    assert params.profiles(ROOT) == ["default", *PROFILES]
    assert {"smoke", "gpu"} <= set(PROFILES)


def test_unknown_profile_lists_the_known(project: Path) -> None:
    error = _refused(project, "smok", [])
    assert "'smok'" in error.what
    assert all(name in error.remedy for name in ["default", *PROFILES])


@pytest.mark.parametrize("name", ["../params", "smoke.yaml", "", "/etc/passwd"])
def test_profile_is_a_name_not_a_path(name: str, project: Path) -> None:
    assert "unknown profile" in _refused(project, name, []).what


def test_assignments_are_laid_over_the_profile(project: Path) -> None:
    params.apply(project, "smoke", ["train.epochs=7", "base.device=cpu"])
    found = _document(project)
    assert found["train"]["epochs"] == 7
    assert found["train"]["width"] == 4
    assert found["base"]["device"] == "cpu"


def test_without_a_profile_the_file_is_the_start(project: Path) -> None:
    params.apply(project, None, ["train.epochs=7"])
    params.apply(project, None, ["train.width=8"])
    expected = params.defaults()
    expected["train"].update(epochs=7, width=8)
    assert _document(project) == expected


@pytest.mark.parametrize(
    ("assignment", "section", "key", "value"),
    [
        ("train.learning_rate=1e-3", "train", "learning_rate", 0.001),
        ("train.learning_rate=1", "train", "learning_rate", 1.0),
        (" train.epochs = 5", "train", "epochs", 5),
        ("variants.features=[blur, cell_0_0]", "variants", "features", ["blur", "cell_0_0"]),
        ("report.title='a: b = c'", "report", "title", "a: b = c"),
        ("report.title=a=b", "report", "title", "a=b"),
        ('fetch.root="7"', "fetch", "root", "7"),
        ("retrain.shards=[0, 1, 2]", "retrain", "shards", [0, 1, 2]),
    ],
)
def test_assigned_value_is_yaml(
    assignment: str, section: str, key: str, value: object, project: Path
) -> None:
    lines = params.apply(project, None, [assignment])
    found = _document(project)[section][key]
    assert found == value
    assert type(found) is type(value)
    assert len(lines) == 1
    assert lines[0].startswith(f"{section}.{key}: ")
    assert lines[0].endswith(f"-> {value!r}")


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("train.epochs", "is not section.key=value"),
        ("epochs=3", "is not section.key=value"),
        ("=3", "is not section.key=value"),
        ("train.epohcs=3", "nearest that exists is 'train.epochs'"),
        ("trian.epochs=3", "nearest that exists is 'train.epochs'"),
        ("train.=3", "unknown parameter 'train.'"),
        ("train.epochs=[3", "is not a YAML value"),
        ("train.epochs=three", "train.epochs = 'three'"),
        ("train.epochs=", "train.epochs = None"),
        ("train.epochs=3.5", "train.epochs = 3.5"),
        ("train.epochs=0", "greater than or equal to 1"),
        ("train.epochs=true", "train.epochs = True"),
        ("train.epochs=1000000000000000", "less than or equal to 1000000"),
        ("gan.augment={a: 1, a: 2}", "is not a YAML value"),
        ("train.learning_rate=true", "train.learning_rate = True"),
        ("report.title=", "report.title = ''"),
    ],
)
def test_bad_assignment_is_named_and_nothing_is_written(
    assignment: str, said: str, project: Path
) -> None:
    assert said in str(_refused(project, None, [assignment]))
    assert said in str(_refused(project, "smoke", ["train.width=8", assignment]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train: {epoch: 3}\n", "'train.epochs'"),
        ("trian: {epochs: 3}\n", "'train"),
        ("train: {epochs: 0}\n", "train.epochs = 0"),
        ("train: 5\n", "train"),
        ("train: [epochs]\n", "train"),
        ("train: {epochs: [1\n", "near line"),
        ("7: {epochs: 3}\n", "7"),
    ],
)
@pytest.mark.parametrize("where", ["file", "profile"])
def test_bad_file_is_named_and_nothing_is_written(
    text: str, said: str, where: str, project: Path
) -> None:
    if where == "file":
        (project / "params.yaml").write_text(text)
        assert said in str(_refused(project, None, ["base.seed=3"]))
    else:
        (project / "profiles" / "mine.yaml").write_text(text)
        assert said in str(_refused(project, "mine", []))


@pytest.mark.parametrize("where", ["file", "profile"])
def test_empty_section_is_all_defaults(where: str, project: Path) -> None:
    if where == "file":
        (project / "params.yaml").write_text("train:\nbase: {seed: 4}\n")
        params.apply(project, None, [])
    else:
        (project / "profiles" / "mine.yaml").write_text("train:\nbase: {seed: 4}\n")
        params.apply(project, "mine", [])
    expected = params.defaults()
    expected["base"]["seed"] = 4
    assert _document(project) == expected


def test_profile_replaces_a_file_that_is_wrong(project: Path) -> None:
    (project / "params.yaml").write_text("train: 5\nbase: {seed: -1}\nold: {x: 1}\n")
    params.apply(project, "default", [])
    assert _document(project) == params.defaults()


def test_file_that_is_right_already_is_not_touched(project: Path) -> None:
    path = project / "params.yaml"
    path.write_text("# mine\n" + path.read_text())
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert params.apply(project, None, []) == []
    assert params.apply(project, "default", [f"train.epochs={EPOCHS}"]) == []
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_every_change_is_told(project: Path) -> None:
    assert params.apply(project, None, ["train.epochs=7", "base.seed=1", "train.width=32"]) == [
        "base.seed: 0 -> 1",
        f"train.epochs: {EPOCHS} -> 7",
    ]


def test_failed_write_leaves_the_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (project / "params.yaml").read_bytes()

    def fail(path: Path, content: bytes) -> None:
        raise OSError("disk is full")

    monkeypatch.setattr(params, "write_bytes", fail)
    with pytest.raises(OSError, match="disk is full"):
        params.apply(project, None, ["base.seed=1"])
    assert (project / "params.yaml").read_bytes() == before


def test_written_file_is_read_by_every_stage(project: Path) -> None:
    awkward = ["train.learning_rate=1e-7", "report.title='yes: no # 1'", "fetch.root='null'"]
    params.apply(project, None, awkward)
    assert Train.load(project / "params.yaml").learning_rate == 1e-7
    assert Fetch.load(project / "params.yaml").root == "null"
    assert _document(project)["report"]["title"] == "yes: no # 1"
    assert (project / "params.yaml").read_text().startswith("# One section per stage")
