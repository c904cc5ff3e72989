"""The public face: each public name, read from its module when it is first asked for.

The list is the stub `__init__.pyi`, which type checkers read as well, so there is one list and no
second one to keep equal. No torch here: `import ganatomy` and `dir(ganatomy)` are instant.
"""

import ast
import inspect
import re
import sys
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = "ganatomy"


@cache
def names() -> dict[str, str]:
    """Return each public name with the module that has it, in the order of the stub."""
    stub = Path(__file__).with_name("__init__.pyi")
    return {
        alias.asname: node.module
        for node in ast.parse(stub.read_bytes()).body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname  # `import X as X` is how a stub says that it hands a name on
    }


def find(name: str) -> Any:
    """Return what a public name stands for, or the list of all for ``__all__``.

    Raises
    ------
    AttributeError
        There is no such name; the nearest one is told.
    """
    table = names()
    if name == "__all__":
        return list(table)
    if name not in table:
        near = [] if name.startswith("_") else get_close_matches(name, table, 1)
        meant = f". Did you mean {near[0]!r}?" if near else ""
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}{meant}")
    if find_spec(f"{_PACKAGE}.{name}") is not None:  # importing it would take the name anyway
        return import_module(f"{_PACKAGE}.{name}")
    return getattr(import_module(table[name]), name)


class _CallablePackage(ModuleType):
    """A package that is also the public function of its name."""

    @property
    def __wrapped__(self) -> Any:  # what `inspect.signature`, and so a notebook, shows
        name = self.__name__.rpartition(".")[2]
        return getattr(import_module(names()[name]), name)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """Text for `help`: the function's own words and how it is called, then the package's."""
        function, package = self.__wrapped__, inspect.cleandoc(self.__dict__["__doc__"])
        how = inspect.signature(function)
        plain = how.replace(
            parameters=[each.replace(annotation=each.empty) for each in how.parameters.values()],
            return_annotation=how.empty,
        )
        shown = re.sub(r"<function (\w+) at \w+>", r"\1", str(plain))
        own = f"Signature\n---------\n{self.__name__}{shown}"
        return f"{inspect.getdoc(function)}\n\n{own}\n\nPackage\n-------\n{package}"

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self.__wrapped__(*args, **named)


def callable_package(package: str) -> None:
    """Let a package be called as the public function that has its name.

    ``ganatomy.explain`` is a package, and Python binds that name to it as soon as anything imports
    a module below; ``ganatomy.explain(...)`` works all the same when the package's ``__init__``
    says ``callable_package(__name__)``.

    Parameters
    ----------
    package : str
        Its dotted name. A function of the last part's name is listed in the stub.
    """
    sys.modules[package].__class__ = _CallablePackage


def summary(name: str) -> str:
    """Return the first line of a public name's docstring, "" without one."""
    target = find(name)
    meant = target.__wrapped__ if isinstance(target, _CallablePackage) else target
    return (inspect.getdoc(meant) or "").partition("\n")[0]
