"""Every study ends in a result of the same kind."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from ganatomy.errors import InputError
from ganatomy.results import validated
from tests.harness import ROOT


def _studies() -> Iterator[tuple[str, str]]:
    """Module and name of each class that has a verdict."""
    for path in sorted((ROOT / "ganatomy").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not ast.unparse(node).count("(Protocol)"):
                methods = {each.name for each in node.body if isinstance(each, ast.FunctionDef)}
                if "verdict" in methods:
                    yield ".".join(path.relative_to(ROOT).with_suffix("").parts), node.name


def test_the_seven_studies_are_found() -> None:
    assert {name for _, name in _studies()} >= {
        *("MapsStudy", "LimeStudy", "FaithfulnessStudy", "ImportanceStudy", "ScreeningStudy"),
        *("EvaluationStudy", "VariantSet"),
    }


@pytest.mark.parametrize(("module", "name"), list(_studies()))
def test_a_result_is_frozen_saved_loaded_and_told(module: str, name: str) -> None:
    study = getattr(import_module(module), name)
    assert study.__dataclass_params__.frozen
    assert all(callable(getattr(study, each)) for each in ("save", "metrics", "verdict"))
    with pytest.raises(InputError):  # and no traceback
        study.load(Path("nowhere"))


class _Told:
    def __init__(self, fault: Exception | None) -> None:
        self.fault = fault

    def save(self, folder: Path) -> None: ...

    def metrics(self) -> dict[str, float]:
        if self.fault:
            raise self.fault
        return {}

    def verdict(self) -> str:
        return ""


@pytest.mark.parametrize("fault", [KeyError("a"), TypeError("b\nc"), ValueError(), IndexError("d")])
def test_what_cannot_be_told_is_refused_in_one_line_that_names_the_folder(fault: Exception) -> None:
    with pytest.raises(InputError) as error:
        validated(lambda folder: _Told(fault))(Path("reports/here"))
    assert error.value.where == "reports/here"
    assert type(fault).__name__ in error.value.what
    assert "\n" not in str(error.value)
    sound = _Told(None)
    assert validated(lambda folder: sound)(Path("reports/here")) is sound


def test_what_is_no_fault_of_the_files_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        validated(lambda folder: _Told(ZeroDivisionError()))(Path("reports/here"))
