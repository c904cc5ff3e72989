"""The study of rules on disk: rules as JSON and Python, tables as CSV, images as safetensors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from ganatomy.errors import GIVE, REMAKE, InputError
from ganatomy.explain.rules.answer import Answer
from ganatomy.explain.rules.export import as_json, as_python, with_readings
from ganatomy.explain.rules.reading import Reading
from ganatomy.explain.rules.rule import Rule
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from ganatomy.explain.rules.result import RulesStudy

_ANSWERS, _RULES, _PYTHON = "answers.json", "rules.json", "rules.py"
_IMAGES = "examples.safetensors"
_ANSWER, _COLUMNS = "answer", "columns"
_OF_STUDY = ("concepts", "formula", "coverage", "shifts", "forced")
_OF_ANSWER = ("candidates", "changes")
_OF_IMAGES = ("satisfying", "violating")
_WORDS = ("name", "network", "question", "says", "otherwise", "reason", "counts")
_FIGURES = ("formula_figures", "left_out")
_BLANK = {"unit", "reason", "way", "concept"}  # columns of text that may be empty
_TEXT = {*_BLANK, "name", "learner", "text", "condition", "kind", "side", _ANSWER}


def save_parts(folder: Path, study: "RulesStudy") -> None:
    """Write the study; tables without a row leave no file.

    The rules that are shown lie in ``rules.json`` (see `export.SCHEMA`) and as functions, for use
    without GANatomy, in ``rules.py``; all else that is said of them in ``answers.json``.
    """
    tables = {name: getattr(study, name) for name in _OF_STUDY}
    tables |= {name: _joined(study.answers, name) for name in _OF_ANSWER}
    remove_stale(folder, *(f"{name}.csv" for name, table in tables.items() if table.empty))
    for name, table in tables.items():
        if not table.empty:
            write_bytes(folder / f"{name}.csv", csv_bytes(table))
    # copies: safetensors refuses parts of one tensor
    images = {
        f"{each.name}/{kind}": getattr(each, kind).clone()
        for each in study.answers
        for kind in _OF_IMAGES
    }
    write_tensors(folder / _IMAGES, images)
    record = {
        "answers": [_record(each) for each in study.answers],
        _COLUMNS: {name: list(table.columns) for name, table in tables.items() if table.empty},
        **{name: getattr(study, name) for name in _FIGURES},
    }
    write_json(folder / _ANSWERS, record)
    _write_rules(folder, study.answers)


def load_parts(folder: Path) -> dict[str, Any]:
    """Read what `save_parts` wrote, each attribute of the study by name."""
    record, rules = read_json(folder / _ANSWERS), _read_rules(folder / _RULES)
    empty = {name: pd.DataFrame(columns=own) for name, own in record[_COLUMNS].items()}
    tables = {
        name: empty[name] if name in empty else _read(folder / f"{name}.csv")
        for name in (*_OF_STUDY, *_OF_ANSWER)
    }
    images = read_tensors(folder / _IMAGES)
    answers = tuple(
        _answer(each, rules.get(each["name"], (None, {})), tables, images)
        for each in record["answers"]
    )
    return {
        "answers": answers,
        **{name: tables[name] for name in _OF_STUDY},
        **{name: record[name] for name in _FIGURES},
    }


def _answer(
    record: dict[str, Any],
    found: tuple[Rule | None, dict[str, Reading]],
    tables: dict[str, pd.DataFrame],
    images: dict[str, torch.Tensor],
) -> Answer:
    parts: dict[str, Any] = {key: record[key] for key in _WORDS}
    parts |= {key: _own(tables[key], record["name"]) for key in _OF_ANSWER}
    parts |= {kind: images[f"{record['name']}/{kind}"] for kind in _OF_IMAGES}
    rule, readings = found
    return Answer(rule=rule, readings=readings, **parts)


def _write_rules(folder: Path, answers: tuple[Answer, ...]) -> None:
    rules = {each.name: each.rule for each in answers if each.rule is not None}
    says = {each.name: each.says for each in answers}
    figures = {each.name: each.figures for each in answers}
    readings = {each.name: each.readings for each in answers}
    document = as_json(rules, says=says, figures=figures, readings=readings)
    write_bytes(folder / _RULES, f"{document}\n".encode())
    functions = [
        as_python(rule, name=name, says=says[name], readings=readings[name])
        for name, rule in rules.items()
    ]
    remove_stale(folder, _PYTHON)
    if functions:
        write_bytes(folder / _PYTHON, ("\n\n\n".join(functions) + "\n").encode())


def _read_rules(path: Path) -> dict[str, tuple[Rule, dict[str, Reading]]]:
    try:
        return with_readings(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("file not found", str(path), GIVE) from None
    except (InputError, UnicodeDecodeError) as error:
        raise InputError(f"not readable ({error})", str(path), REMAKE) from error


def _record(answer: Answer) -> dict[str, Any]:
    return {key: getattr(answer, key) for key in _WORDS}


def _joined(answers: tuple[Answer, ...], name: str) -> pd.DataFrame:
    """One table of all answers; those without a row give it columns alone."""
    own = {each.name: getattr(each, name) for each in answers}
    filled = [table.assign(**{_ANSWER: key}) for key, table in own.items() if not table.empty]
    if filled:
        joined: pd.DataFrame = pd.concat(filled, ignore_index=True)
        return joined
    columns = next((list(table.columns) for table in own.values()), [])
    return pd.DataFrame(columns=[*columns, _ANSWER])


def _own(table: pd.DataFrame, name: str) -> pd.DataFrame:
    own: pd.DataFrame = table[table[_ANSWER] == name].reset_index(drop=True)
    return own.drop(columns=_ANSWER)


def _read(path: Path) -> pd.DataFrame:
    table = read_table(path, _TEXT)
    blank = {name: table[name].astype(object).fillna("") for name in table if name in _BLANK}
    return table.assign(**blank)
