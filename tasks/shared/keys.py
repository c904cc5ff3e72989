"""Where the library names an argument, params.yaml has a key: the one place that knows which.

The library says ``min_images`` where something is wrong, and writes "lower `min_images`" where an
argument would mend it. Whoever runs the pipeline sets ``prepare.min_images``, and makes artifacts
anew by `dvc repro`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

from ganatomy.errors import GIVE, REMAKE, InputError
from tasks.params.section import Section

_FOLDER = Path(__file__).resolve().parents[1]
# Whose an argument is that several sections have, unless it is the stage's own.
_FIRST = ("base", "fetch", "prepare", "gan", "train", "retrain", "variants", "lime", "gradcam")
_REMEDIES = {
    GIVE: "Run the stage that writes it: `dvc repro`.",
    REMAKE: "Remove it and run `dvc repro`.",
}
_WHERE = re.compile(r"(\w+)(?=$|=)")
_QUOTED = re.compile(r"`(\w+)(=\w[\w-]*)?`")


@contextmanager
def by_key(params: Section, **called: str) -> Iterator[None]:
    """Name the key of params.yaml in errors that name an argument of the same name.

    Parameters
    ----------
    params : Section
    **called : str
        The field that an argument of another name is given by.

    Raises
    ------
    InputError
        The block's own: at ``<section>.<field>`` where it was at ``<field>``.
    """
    try:
        yield
    except InputError as error:
        field = called.get(error.where, error.where)
        if field not in type(params).model_fields:
            raise
        raise InputError(error.what, f"{params.name}.{field}", error.remedy) from None


def keyed(error: InputError, stage: str) -> InputError:
    """Say what the library says in the words of whoever runs the pipeline.

    Parameters
    ----------
    error : InputError
        At an argument, ``min_images`` or ``root=given``, or at anything else, such as a file.
    stage : str
        Which stage met it: of the sections that have such an argument, its own is meant.
    """
    match = _WHERE.match(error.where)
    where = error.where
    if match and (key := key_of(match[1], stage)):
        where = key + where[match.end() :]
    remedy = _REMEDIES.get(error.remedy, error.remedy)
    return InputError(in_keys(error.what, stage), where, in_keys(remedy, stage))


def in_keys(text: str, stage: str) -> str:
    """Write the keys of params.yaml for arguments that stand between backticks in a text."""

    def replaced(match: re.Match[str]) -> str:
        key, value = key_of(match[1], stage), match[2] or ""
        return f"{key}{value.lower()}" if key else match[0]

    return _QUOTED.sub(replaced, text)


def key_of(argument: str, stage: str) -> str:
    """Return the key of params.yaml that an argument of the library is given by; "" without one."""
    sections = _fields_of_sections()
    known = [name for name in (stage, *_FIRST, *sorted(sections)) if name in sections]
    return next((f"{name}.{argument}" for name in known if argument in sections[name]), "")


@cache
def _fields_of_sections() -> dict[str, frozenset[str]]:
    """Read on demand and by a name put together: no stage depends on the sections of all others."""
    modules = [f"tasks.{path.parent.name}.params" for path in _FOLDER.glob("*/params.py")]
    for module in [*modules, "tasks.params.base", "tasks.params.gan"]:
        import_module(module)
    return {section.name: frozenset(section.model_fields) for section in _sections(Section)}


def _sections(section: type[Section]) -> Iterator[type[Section]]:
    for each in section.__subclasses__():
        if hasattr(each, "name"):
            yield each
        yield from _sections(each)
