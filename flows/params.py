"""params.yaml as the user wants it: a profile, single values, all checked before anything runs."""

import importlib
import os
import pkgutil
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML

import tasks
import tasks.params
from flows import yaml_text
from ganatomy.errors import InputError
from ganatomy.files import write_bytes
from tasks.params.section import (
    PARAMS_FILE,
    TOLD,
    Section,
    read_document,
    told_file,
    unknown_key,
)
from tasks.params.trained_size import check_trained_size

HEADER = """\
# One section per stage; tasks/<stage>/params.py says what each value may be.
# `python -m flows run --profile NAME`, `--set section.key=value` change values; comments stay.
"""
DEFAULT_PROFILE = "default"
_SETTING = re.compile(r"(?<!\S)\w+\.\w+\s*=\s*")
_PIECE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|.""", re.DOTALL)
_QUOTES = ("'", '"')
_GRAPH = Path(tasks.__path__[0]).with_name("dvc.yaml")


def sections() -> dict[str, type[Section]]:
    """Every section by name, `base` first and then in the pipeline's order."""
    for module in pkgutil.iter_modules(tasks.params.__path__):
        importlib.import_module(f"tasks.params.{module.name}")
    for path in Path(tasks.params.__path__[0]).parent.glob("*/params.py"):
        importlib.import_module(f"tasks.{path.parent.name}.params")
    found = {section.name: section for section in _below(Section) if hasattr(section, "name")}
    return {name: found[name] for name in _order() if name in found} | found


@cache
def _order() -> list[str]:
    """`base`, then each stage in the order of dvc.yaml, after what it is the first to read whole.

    A section of no stage, as `gan`, so stands before the stage that it is for.
    """
    stages = read_document(_GRAPH)["stages"]
    found = ["base"]
    for name, stage in stages.items():
        shared = [entry for entry in stage.get("params", []) if entry not in stages]
        found += [*shared, name]
    return list(dict.fromkeys(found))


def _below(section: type[Section]) -> Iterator[type[Section]]:
    for each in section.__subclasses__():
        yield each
        yield from _below(each)


def defaults() -> dict[str, Any]:
    """The default run."""
    return {name: section().model_dump() for name, section in sections().items()}


def check(document: dict[str, Any], where: str) -> dict[str, Any]:
    """The whole document, checked and with every default filled in.

    Raises
    ------
    InputError
        Unknown section or key (with the nearest one), wrong type, value out of range; an image
        size that no GAN can be trained on.
    """
    known = sections()
    for name in document:
        if name not in known:
            raise unknown_key(str(name), list(known), where)
    checked = {
        name: section.check(
            {} if document.get(name) is None else document[name], where
        ).model_dump()
        for name, section in known.items()
    }
    check_trained_size(checked, where)
    return checked


def apply(root: Path, profile: str | None, assignments: list[str]) -> list[str]:
    """Change params.yaml, or leave it as it is when anything is wrong.

    Parameters
    ----------
    root : Path
    profile : str or None
        Starts from the defaults with the profile laid over them; None starts from the file.
    assignments : list of str
        ``section.key=value``, the value in YAML; or several with blanks between, see `settings_in`.

    Returns
    -------
    list of str
        One line for each value that changed.
    """
    text, lines = would_be(root, profile, assignments)
    if text is not None:
        write_bytes(root / PARAMS_FILE, text.encode())
    return lines


def would_be(
    root: Path, profile: str | None, assignments: list[str]
) -> tuple[str | None, list[str]]:
    """The text that `apply` would write, None where the file is right already, and its lines."""
    path = root / PARAMS_FILE
    before = read_document(path)
    document = check(before, str(path)) if profile is None else _profile(root, profile)
    for assignment in (one for text in assignments for one in settings_in(text)):
        _assign(document, assignment)
    after = check(document, "command line" if assignments or profile else str(path))
    written = path.read_bytes().decode()
    text = yaml_text.quoted(written)
    if after != before:
        text = yaml_text.edited(text, after) or dump(after)
    return None if text == written else text, [
        f"{name}.{key}: {old!r} -> {value!r}"
        for name, values in after.items()
        for key, value in values.items()
        if (old := _old(before, name, key)) != value
    ]


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Within the block `path` is params.yaml to this process, to DVC in it and to its stages.

    What a run is told, it is told once: an editor may write to params.yaml while it is at work.
    """
    before = os.environ.get(TOLD)
    os.environ[TOLD] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ[TOLD]
        else:
            os.environ[TOLD] = before


def told_document() -> dict[str, Any]:
    """What this process is told, or params.yaml: checked, and with every default.

    Raises
    ------
    InputError
        It cannot be used.
    """
    return check(read_document(told_file()), str(PARAMS_FILE))


def _old(document: dict[str, Any], section: str, key: str) -> Any:
    """A value of a document that may be wrong."""
    values = document.get(section)
    return values.get(key) if isinstance(values, dict) else None


def dump(document: dict[str, Any]) -> str:
    """The document as the text of params.yaml."""
    parts = [yaml.safe_dump({name: values}, sort_keys=False) for name, values in document.items()]
    return "\n".join([HEADER, *parts])


def profiles(root: Path) -> list[str]:
    """The names that `--profile` takes."""
    return [DEFAULT_PROFILE, *sorted(path.stem for path in (root / "profiles").glob("*.yaml"))]


def nearest_profile(root: Path, document: dict[str, Any]) -> str:
    """Name the profile that a document is nearest to, and how many values differ from it.

    Parameters
    ----------
    document : dict
        With every default filled in, as `told_document` gives it.

    Returns
    -------
    str
        ``smoke``, or ``default, 2 changed``.
    """
    differing = {name: _num_differing(_profile(root, name), document) for name in profiles(root)}
    name = min(differing, key=differing.__getitem__)  # the first of several: the default
    return f"{name}, {differing[name]} changed" if differing[name] else name


def _num_differing(one: dict[str, Any], other: dict[str, Any]) -> int:
    flat = [
        {(section, key): value for section, values in each.items() for key, value in values.items()}
        for each in (one, other)
    ]
    return sum(flat[1].get(key) != value for key, value in flat[0].items())


def _profile(root: Path, name: str) -> dict[str, Any]:
    if name not in profiles(root):
        raise InputError(
            f"unknown profile {name!r}", "profiles/", f"There are: {', '.join(profiles(root))}."
        )
    document = defaults()
    if name == DEFAULT_PROFILE:
        return document
    path = root / "profiles" / f"{name}.yaml"
    for section, values in read_document(path).items():
        if section not in document:
            raise unknown_key(str(section), list(document), str(path))
        if values is not None and not isinstance(values, dict):
            raise InputError(f"section {section!r} has no keys", str(path), "Write `key: value`.")
        for key, value in (values or {}).items():
            _put(document, section, key, value, str(path))
    return document


def settings_in(text: str) -> list[str]:
    """Split what stands in one ``--set``: a setting begins at ``section.key=`` after a blank.

    So a value may have blanks; one in quotes or brackets may have anything.
    """
    begins, at = [], 0
    while match := _SETTING.search(text, at):
        begins.append(match.start())
        at = _behind_whole(text, match.end())
    if not begins or text[: begins[0]].strip():
        return [text] if text.strip() else []
    return [text[begin:end].strip() for begin, end in pairwise([*begins, len(text)])]


def _behind_whole(text: str, at: int) -> int:
    """Where a value goes on behind the quotes or brackets that it begins with, else `at`."""
    depth = 0
    for match in _PIECE.finditer(text, at):
        piece = match[0]
        depth += (piece in "[{") - (piece in "]}")
        if depth == 0:
            return match.end() if len(piece) > 1 or piece in "]}" else at
    return len(text) if depth else at


def _assign(document: dict[str, Any], assignment: str) -> None:
    name, equals, text = assignment.partition("=")
    section, dot, key = name.strip().partition(".")
    if not equals or not dot:
        raise InputError(
            f"{assignment!r} is not section.key=value", "--set", "For example: train.epochs=10."
        )
    values = document.get(section)
    is_text = isinstance(values, dict) and isinstance(values.get(key), str)
    _put(document, section, key, _value(text.strip(), is_text), "--set")


def _value(text: str, is_text: bool) -> Any:
    """What a text says as YAML; where a text is wanted, that text, unless it is all in quotes."""
    try:
        value = YAML(typ="safe").load(text)
    except Exception as error:
        if is_text:
            return text
        if names := _list_of_texts(text):
            return names
        raise InputError(f"{text!r} is not a YAML value", "--set", "Quote it.") from error
    return text if is_text and not (text[:1] in _QUOTES and isinstance(value, str)) else value


def _list_of_texts(text: str) -> list[str]:
    """What a list says whose texts have colons, as ``[contrast, learned:1]``; else empty.

    YAML 1.2 allows that, ruamel.yaml reads it in quotes only.
    """
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    is_one = isinstance(found, list) and all(isinstance(each, str) for each in found)
    return found if is_one else []


def _put(document: dict[str, Any], section: str, key: str, value: Any, where: str) -> None:
    if section not in document or key not in document[section]:
        known = [f"{name}.{field}" for name, fields in document.items() for field in fields]
        raise unknown_key(f"{section}.{key}", known, where)
    if isinstance(document[section][key], float) and type(value) is int:
        with suppress(OverflowError):  # far out of bounds: the check says so
            value = float(value)  # 1 is a number of the kind 1.0
    document[section][key] = value
