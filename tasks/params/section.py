"""Sections of params.yaml: typed, bounded, and strict about names."""

import difflib
from pathlib import Path
from typing import Any, ClassVar, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ganatomy.errors import InputError

PARAMS_FILE = Path("params.yaml")


class Section(BaseModel):
    """One section of params.yaml. Field defaults are the default run."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: ClassVar[str]

    @classmethod
    def load(cls, path: Path = PARAMS_FILE) -> Self:
        """Read and check this section of the file."""
        document = read_document(path)
        if cls.name not in document:
            raise InputError(
                f"section {cls.name!r} is missing", str(path), "Restore it: `git checkout` it."
            )
        return cls.check(document[cls.name], str(path))

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
                f"{key} = {fault['input']!r} is not allowed",
                where,
                f"{fault['msg']}.",
            ) from None


def unknown_key(key: str, known: list[str], where: str) -> InputError:
    """The error for a name that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    return InputError(
        f"unknown parameter {key!r}", where, f"The nearest that exists is {near[0]!r}."
    )


def read_document(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """The YAML file as a mapping of sections."""
    try:
        document = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise InputError(
            "file not found", str(path), "Run from the project's folder, or `git checkout` it."
        ) from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        at = "" if line is None else f" near line {line + 1}"
        raise InputError(f"not valid YAML{at}", str(path), "Mend the file.") from None
    if not isinstance(document, dict):
        raise InputError("no sections in the file", str(path), "Restore it from git.")
    return document
