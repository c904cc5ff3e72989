"""Sections of params.yaml: typed, bounded, and strict about names."""

import copy
import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ganatomy.errors import InputError

PARAMS_FILE = Path("params.yaml")
TOLD = "GANATOMY_PARAMS"  # where a run keeps its copy of params.yaml

_SHOWN = 80  # characters of a wrong value

_once: "_Once | None" = None


class Section(BaseModel):
    """One section of params.yaml. Field defaults are the default run."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: ClassVar[str]

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read and check this section of a file, or of what this run was started with."""
        document = read_document(path, {cls.name})
        where = str(path or PARAMS_FILE)
        if cls.name not in document:
            raise InputError(
                f"section {cls.name!r} is missing", where, "Restore it: `git checkout` it."
            )
        return cls.check(document[cls.name], where)

    def is_default(self, field: str) -> bool:
        """Say whether a field has the value that the default run gives it."""
        default = type(self).model_fields[field].get_default(call_default_factory=True)
        return bool(getattr(self, field) == default)

    @classmethod
    def check(cls, values: Any, where: str) -> Self:
        """Build the section from plain values; the first fault becomes an `InputError`."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            fault = error.errors()[0]
            key = ".".join([cls.name, *map(str, fault["loc"])])
            if fault["type"] == "extra_forbidden":
                raise unknown_key(
                    key, [f"{cls.name}.{field}" for field in cls.model_fields], where
                ) from None
            raise InputError(
                f"{key} = {_short(fault['input'])} is not allowed",
                where,
                f"{fault['msg']}.",
            ) from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def unknown_key(key: str, known: list[str], where: str) -> InputError:
    """Make the error for a name that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return InputError(
        f"unknown parameter {key!r}", where, f"The nearest that exists is {near[0]!r}."
    )


def told_file() -> Path:
    """Return the file of parameters that this run was started with: its copy, else params.yaml."""
    return Path(os.environ.get(TOLD) or PARAMS_FILE)


class _Once:
    """The file that a stage has read, and the sections of it that it has used."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.used: set[str] = set()

    def read(self, sections: set[str] | None) -> dict[str, Any]:
        """The file as it was at the first call; None: all sections are used."""
        self.document = self.document or _parse(told_file())
        self.used |= sections or set(self.document)
        return self.document

    def changed(self) -> list[str]:
        """The values that were used and that the file has otherwise by now."""
        now = _parse(told_file()) if self.used else {}
        return [
            key
            for section in sorted(self.used)
            for key in _differences(section, self.document.get(section), now.get(section))
        ]


def _differences(section: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return [f"{section}.{key}" for key in keys if old.get(key) != new.get(key)]
    return [] if old == new else [section]


@contextmanager
def read_once() -> Iterator[None]:
    """Read the file once within the block; it must say the same at the block's end.

    DVC itself reads it again then, and would note the new values as those of the old results.

    Raises
    ------
    InputError
        A section that was used has changed meanwhile.
    """
    global _once
    _once = _Once()
    try:
        yield
        if changed := _once.changed():
            raise InputError(
                f"{', '.join(changed)} changed while the stage ran, which began with the old value",
                str(PARAMS_FILE),
                "Run it again.",
            )
    finally:
        _once = None


def read_document(path: Path | None = None, sections: set[str] | None = None) -> dict[str, Any]:
    """Read a YAML file as a mapping of sections; without one, what this run was started with.

    `sections` are those that the caller uses, None all of them: see `read_once`.
    """
    if path is not None or _once is None:
        return _parse(path or told_file())
    return _once.read(sections)


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = copy.deepcopy(_loaded(path.read_bytes()))
    except FileNotFoundError:
        raise InputError(
            "file not found", str(path), "Run from the project's folder, or `git checkout` it."
        ) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"not UTF-8 near line {line}", str(path), "Save the file as UTF-8."
        ) from None
    except _Twice as error:
        raise InputError(str(error), str(path), "Keep one of them.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        at = "" if mark is None else f" near line {mark.line + 1}"
        raise InputError(f"not valid YAML{at}", str(path), "Mend the file.") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path), "Mend that.") from None
    if not isinstance(document, dict):
        raise InputError("no sections in the file", str(path), "Restore it from git.")
    return document


@lru_cache(maxsize=4)
def _loaded(content: bytes) -> Any:
    """Each section is asked for by itself, and a run asks for many."""
    return yaml.load(content.decode(), _Loader)


class _Twice(yaml.YAMLError):
    """A key stands twice in one mapping, of which YAML would take the last."""


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                line = key.start_mark.line + 1
                if key.value in lines:
                    where = f"in lines {lines[key.value]} and {line}"
                    raise _Twice(f"{key.value!r} stands twice, {where}")
                lines[key.value] = line
        return super().construct_mapping(node, deep)
