"""The study of rules on disk: rules as JSON, tables as CSV, images as safetensors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from ganatomy.explain.rules.answer import Answer
from ganatomy.explain.rules.records import rule_of, rule_record
from ganatomy.files import read_json, write_bytes, write_json
from ganatomy.results import remove_stale
from ganatomy.tables import csv_bytes, read_table
from ganatomy.tensors import read_tensors, write_tensors

if TYPE_CHECKING:
    from ganatomy.explain.rules.result import RulesStudy

_RULES, _IMAGES, _ANSWER, _COLUMNS = "rules.json", "examples.safetensors", "answer", "columns"
_OF_STUDY = ("concepts", "formula", "coverage", "shifts", "forced")
_OF_ANSWER = ("candidates", "changes")
_OF_IMAGES = ("satisfying", "violating")
_WORDS = ("name", "network", "question", "says", "otherwise", "reason", "counts")
_FIGURES = ("formula_figures", "left_out")
_BLANK = {"unit", "reason", "way", "concept"}  # columns of text that may be empty
_TEXT = {*_BLANK, "name", "learner", "text", "condition", "kind", "side", _ANSWER}


def save_parts(folder: Path, study: "RulesStudy") -> None:
    """Write the study; tables without a row leave no file."""
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
    write_json(folder / _RULES, record)


def load_parts(folder: Path) -> dict[str, Any]:
    """Read what `save_parts` wrote, each attribute of the study by name."""
    record = read_json(folder / _RULES)
    empty = {name: pd.DataFrame(columns=own) for name, own in record[_COLUMNS].items()}
    tables = {
        name: empty[name] if name in empty else _read(folder / f"{name}.csv")
        for name in (*_OF_STUDY, *_OF_ANSWER)
    }
    images = read_tensors(folder / _IMAGES)
    answers = tuple(_answer(each, tables, images) for each in record["answers"])
    return {
        "answers": answers,
        **{name: tables[name] for name in _OF_STUDY},
        **{name: record[name] for name in _FIGURES},
    }


def _answer(
    record: dict[str, Any], tables: dict[str, pd.DataFrame], images: dict[str, torch.Tensor]
) -> Answer:
    parts: dict[str, Any] = {key: record[key] for key in _WORDS}
    parts |= {key: _own(tables[key], record["name"]) for key in _OF_ANSWER}
    parts |= {kind: images[f"{record['name']}/{kind}"] for kind in _OF_IMAGES}
    rule = None if record["rule"] is None else rule_of(record["rule"])
    return Answer(rule=rule, **parts)


def _record(answer: Answer) -> dict[str, Any]:
    rule = None if answer.rule is None else rule_record(answer.rule)
    return {**{key: getattr(answer, key) for key in _WORDS}, "rule": rule}


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
