"""Classes of the user's own, by their dotted path, and every module of a package."""

import importlib
import pkgutil
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
                "install the package that has it.",
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


def every_module(package: str) -> list[ModuleType]:
    """Import every module of a package, by name.

    The code dependencies of a stage know this call: give it the name itself, not a variable.
    """
    folder = importlib.import_module(package).__path__
    names = sorted(found.name for found in pkgutil.iter_modules(folder))
    return [importlib.import_module(f"{package}.{name}") for name in names]
