"""What a stage is told, it is told once."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ganatomy.errors import InputError
from tasks.params.base import Base
from tasks.params.section import TOLD, read_document, read_once
from tasks.train.params import Train

FIRST = "base: {seed: 1}\ntrain: {epochs: 3, width: 8}\nlime: {num_images: 2}\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(TOLD, raising=False)
    Path("params.yaml").write_text(FIRST)


def _change(old: str, new: str) -> None:
    assert old in FIRST
    Path("params.yaml").write_text(FIRST.replace(old, new))


def _read_then_change(read: Callable[[], object], old: str, new: str) -> None:
    with read_once():
        read()
        _change(old, new)


def test_a_value_that_is_edited_meanwhile_is_not_read() -> None:
    with suppress(InputError), read_once():
        assert Base.load().seed == 1
        _change("epochs: 3", "epochs: 4")
        assert Train.load().epochs == 3
    assert Train.load().epochs == 4


def test_the_stage_then_fails_and_says_why() -> None:
    with pytest.raises(InputError, match=r"^train\.epochs, train\.width changed") as caught:
        _read_then_change(Train.load, "epochs: 3, width: 8", "epochs: 4, width: 9")
    assert caught.value.where == "params.yaml"


def test_a_section_that_is_taken_out_meanwhile_is_named() -> None:
    with pytest.raises(InputError, match=r"^train changed"):
        _read_then_change(Train.load, "train: {epochs: 3, width: 8}\n", "")


@pytest.mark.parametrize("old", ["num_images: 2", "seed: 1"])
def test_what_the_stage_does_not_read_may_change(old: str) -> None:
    _read_then_change(Train.load, old, old[:-1] + "5")


def test_who_reads_the_whole_file_minds_all_of_it() -> None:
    with pytest.raises(InputError, match=r"^lime\.num_images changed"):
        _read_then_change(read_document, "num_images: 2", "num_images: 3")


def test_another_layout_of_the_same_values_is_no_change() -> None:
    _read_then_change(Train.load, "{epochs: 3, width: 8}", "\n  width: 8\n  epochs: 3")


def test_an_error_of_the_stage_is_its_own() -> None:
    def fail() -> None:
        _change("epochs: 3", "epochs: 4")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        _read_then_change(fail, "epochs: 3", "epochs: 4")


def test_a_run_reads_its_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kept.yaml").write_text(FIRST.replace("epochs: 3", "epochs: 7"))
    monkeypatch.setenv(TOLD, str(tmp_path / "kept.yaml"))
    with read_once():
        assert Train.load().epochs == 7
        _change("epochs: 3", "epochs: 4")
    assert Train.load().epochs == 7
    assert Train.load(Path("params.yaml")).epochs == 4
