"""Which files importing a module reads, and what each says, found without importing it.

Imports are followed wherever they stand, in functions too, relative ones, those by
``importlib.import_module("literal")``, every module of a package by
``every_module("literal")``, and the ``__init__`` of every package on the way; folders
without one are packages as well. What is only known at run time is not seen: a name put together
there, a changed ``sys.path``.
"""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from tasks.shared.meaning import digest

_SUFFIXES = (".py", *EXTENSION_SUFFIXES)
_BY_NAME = ("import_module", "__import__")
_EVERY = "every_module"  # of ganatomy.imports


@dataclass(frozen=True)
class _Source:
    """One file's dotted names that may be modules, files beside it, and digest."""

    imported: tuple[str, ...]
    beside: frozenset[Path]
    digest: str


class Sources:
    """The files below a folder that modules are imported from, each read once.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[Path, _Source] = {}
        self._places: dict[str, Path | None] = {}

    def closure(self, modules: Iterable[str], follow: Callable[[str], bool]) -> set[str]:
        """List the files that importing `modules` reads, relative to the root, with `/`.

        A string that names a file beside its module (a template, say) counts as a file that it
        reads.

        Parameters
        ----------
        modules : iterable of str
            Dotted names. One that is no file below the root has no closure: it is installed.
        follow : callable
            Asked with the first part of the name of each module that is imported: does it count?
        """
        files: set[Path] = set()
        waiting = list(modules)
        while waiting:
            path = self._place(waiting.pop())
            if path is None or path in files:
                continue
            source = self._source(path)
            files |= {path, *source.beside}
            waiting += [name for name in source.imported if follow(name.partition(".")[0])]
        return {path.relative_to(self._root).as_posix() for path in files}

    def digest(self, name: str) -> str:
        """Digest a file's meaning, by its path below the root: see `meaning.digest`."""
        return self._source(self._root / name).digest

    def _place(self, module: str) -> Path | None:
        if module not in self._places:  # asked for by each who imports it, for each stage
            self._places[module] = _find(self._root, module)
        return self._places[module]

    def _source(self, path: Path) -> _Source:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def _read(self, path: Path) -> _Source:
        content = path.read_bytes()
        tree = _parsed(content) if path.suffix == ".py" else None
        folders = path.relative_to(self._root).parents  # the last one is the root itself
        imported = [".".join(folder.parts) for folder in list(folders)[:-1]]
        beside: set[Path] = set()
        if tree is not None:
            nodes = list(ast.walk(tree))
            imported += _imports(nodes, path.relative_to(self._root).parent.parts)
            for package in _walked(nodes):
                imported += _modules(self._root, package)
            beside = _beside(nodes, path.parent)
        return _Source(tuple(imported), frozenset(beside - {path}), digest(content, tree))


def closure(root: Path, modules: Iterable[str], follow: Callable[[str], bool]) -> set[str]:
    """Return `Sources.closure` of files that are read for this question alone."""
    return Sources(root).closure(modules, follow)


def packages_imported(path: Path) -> set[str]:
    """Return the first part of each name that a file imports, but for relative imports."""
    tree = _parsed(path.read_bytes()) if path.suffix == ".py" else None
    modules = [] if tree is None else _imports(ast.walk(tree), ())
    return {module.partition(".")[0] for module in modules} - {""}


def _parsed(content: bytes) -> ast.Module | None:
    """The syntax tree; None of what is wrong: who imports it will say so."""
    try:
        return ast.parse(content)
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


def _imports(nodes: Iterable[ast.AST], package: tuple[str, ...]) -> list[str]:
    """Dotted names of all that may be a module; `package` is where the importing one lies."""
    modules: list[str] = []
    for node in nodes:
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


def _by_name(call: ast.Call, functions: tuple[str, ...] = _BY_NAME) -> str:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else None
    function = call.func.id if isinstance(call.func, ast.Name) else function
    first = call.args[0] if call.args else None
    if function in functions and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return ""


def _walked(nodes: Iterable[ast.AST]) -> list[str]:
    """Packages of which every module is imported."""
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    return [name for call in calls if (name := _by_name(call, (_EVERY,)))]


def _modules(root: Path, package: str) -> list[str]:
    folder = root.joinpath(*package.split("."))
    return sorted(f"{package}.{path.name.partition('.')[0]}" for path in folder.glob("[!_]*"))


def _beside(nodes: Iterable[ast.AST], folder: Path) -> set[Path]:
    names = {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {path for path in folder.iterdir() if path.is_file() and path.name in names}
