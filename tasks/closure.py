"""Which files importing a module reads, found without importing it.

Imports are followed wherever they stand, in functions too, relative ones, those by
``importlib.import_module("literal")``, and the ``__init__`` of every package on the way; folders
without one are packages as well. What is only known at run time is not seen: a name put together
there, a changed ``sys.path``.
"""

import ast
from collections.abc import Callable, Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

_SUFFIXES = (".py", *EXTENSION_SUFFIXES)
_BY_NAME = ("import_module", "__import__")


def closure(root: Path, modules: Iterable[str], follow: Callable[[str], bool]) -> set[str]:
    """Files below `root` that importing `modules` reads, relative to it, with `/`.

    A string that names a file beside its module (a template, say) counts as a file that it reads.

    Parameters
    ----------
    root : Path
        The folder that modules are imported from.
    modules : iterable of str
        Dotted names. One that is no file below `root` has no closure: it is installed.
    follow : callable
        Asked with the first part of the name of each module that is imported: does it count?
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = _find(root, waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        above = path.relative_to(root).parents  # the last one is the root itself
        named = [".".join(folder.parts) for folder in list(above)[:-1]]
        tree = _parsed(path)
        if tree is not None:
            named += _imports(tree, path.relative_to(root).parent.parts)
            found |= _beside(tree, path.parent)
        waiting += [module for module in named if follow(module.partition(".")[0])]
    return {path.relative_to(root).as_posix() for path in found}


def packages_imported(path: Path) -> set[str]:
    """The first part of the name of everything that a file imports, but for relative imports."""
    tree = _parsed(path)
    modules = [] if tree is None else _imports(tree, ())
    return {module.partition(".")[0] for module in modules} - {""}


def _parsed(path: Path) -> ast.Module | None:
    """The syntax tree; None of what is not Python, or wrong: who imports it will say so."""
    if path.suffix != ".py":
        return None
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError):
        return None


def _find(root: Path, module: str) -> Path | None:
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    base = root.joinpath(*module.split("."))
    for folder_or_module in (base / "__init__", base):  # as Python looks for them
        for suffix in _SUFFIXES:
            path = folder_or_module.with_name(folder_or_module.name + suffix)
            if path.is_file():
                return path
    return None


def _imports(tree: ast.AST, package: tuple[str, ...]) -> list[str]:
    """Dotted names of all that may be a module; `package` is where the importing one lies."""
    modules: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node.module or "", node.level, package)
            modules += [base, *(f"{base}.{alias.name}" for alias in node.names if base)]
        elif isinstance(node, ast.Call) and (name := _by_name(node)):
            bare = name.lstrip(".")
            modules.append(_absolute(bare, len(name) - len(bare), package))
    return modules


def _absolute(name: str, level: int, package: tuple[str, ...]) -> str:
    """A name with `level` leading dots in full; "" where they lead out of the package."""
    if level > len(package):
        return ""
    kept = package[: len(package) - level + 1] if level else ()
    return ".".join([*kept, *([name] if name else [])])


def _by_name(call: ast.Call) -> str:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else None
    function = call.func.id if isinstance(call.func, ast.Name) else function
    first = call.args[0] if call.args else None
    if function in _BY_NAME and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return ""


def _beside(tree: ast.AST, folder: Path) -> set[Path]:
    names = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {path for path in folder.iterdir() if path.is_file() and path.name in names}
