"""A digest of what code says, whatever is said about it."""

import ast
import hashlib


def digest(content: bytes, tree: ast.Module | None) -> str:
    """Hash a file by SHA-256: its syntax tree, else its bytes.

    Comments, docstrings and layout do not count. All else does: names, decorators, defaults,
    constants, and annotations, for a dataclass or a section of parameters is made of them.

    Parameters
    ----------
    content : bytes
    tree : ast.Module or None
        Of the same file, which loses its docstrings; None where it is no Python.
    """
    if tree is None:
        return hashlib.sha256(content).hexdigest()
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _only_says(statement)]
    return hashlib.sha256(ast.dump(tree, annotate_fields=False).encode()).hexdigest()


def _only_says(statement: ast.stmt) -> bool:
    """Say whether a statement is a string that nothing takes, as docstrings are."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
