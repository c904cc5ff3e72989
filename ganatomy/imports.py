"""Classes of the user's own, by their dotted path, and every module of a package."""

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ganatomy.errors import InputError


def imported(path: str, where: str) -> Any:
    """Import what ``module:Class`` names.

    Parameters
    ----------
    path : str
    where : str
        The parameter that holds it.

    Raises
    ------
    InputError
        There is no such module, importing it fails (``SystemExit`` included), or it has no such
        name: then the classes that it has are listed.
    """
    module_name, _, class_name = path.partition(":")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and f"{module_name}.".startswith(f"{missing}."):
            raise InputError(
                f"{path}: there is no module {missing!r}",
                where,
                f"Put {module_name.replace('.', '/')}.py into the folder that you run from, or "
                "beside the YAML file that names it, or install the package that has it.",
            ) from None
        raise InputError(
            f"{path}: importing {module_name} raised {type(error).__name__}: {error}",
            where,
            f"Make `python -c 'import {module_name}'` work.",
        ) from error
    if not hasattr(module, class_name):
        classes = [
            key
            for key, value in vars(module).items()
            if isinstance(value, type) and value.__module__ == module.__name__
        ]
        raise InputError(
            f"{path}: module {module_name} has no {class_name!r}",
            where,
            f"Classes it has: {', '.join(sorted(classes)) or 'none'}.",
        )
    return getattr(module, class_name)


@contextmanager
def importable_from(folder: Path) -> Iterator[None]:
    """Look for modules in a folder first, within the block; write nothing there.

    What was imported from there is forgotten afterwards, so that nobody takes it for a module of
    the same name in another folder.
    """
    place, known, writes = str(folder.resolve()), set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, place)
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(place)
        new = set(sys.modules) - known
        own = {name for name in new if "." not in name and _lies_in(sys.modules[name], place)}
        for name in new:
            if name.partition(".")[0] in own:
                del sys.modules[name]


def _lies_in(module: ModuleType, folder: str) -> bool:
    """Say whether a module of the first rank is a file or a package of this folder."""
    file = getattr(module, "__file__", None)
    places = [file] if file else list(getattr(module, "__path__", ()))
    return any(
        str(Path(each).parent) == folder
        or (Path(each).stem == "__init__" and str(Path(each).parent.parent) == folder)
        for each in places
    )


def every_module(package: str) -> list[ModuleType]:
    """Import every module of a package, by name.

    The code dependencies of a stage know this call: give it the name itself, not a variable.
    """
    folder = importlib.import_module(package).__path__
    names = sorted(found.name for found in pkgutil.iter_modules(folder))
    return [importlib.import_module(f"{package}.{name}") for name in names]
