"""Parts of a network folded into blocks, so that a deep one can be read."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph

_FEWEST = 4
"""Boxes: fewer are no drawing, so a module that holds nearly everything is not folded."""


def blocks(graph: NetworkGraph, most: int) -> dict[str, str]:
    """Say of each part in which block it stands, so that about so many blocks are left.

    Modules are folded, the deepest first and all of a depth at once; then, in what has no modules
    left to fold, neighbours whose maps are of one size. Nothing is folded that something leaves to
    come back, so that blocks still stand in an order.

    Parameters
    ----------
    graph : NetworkGraph
    most : int

    Returns
    -------
    dict of str to str
        By parts' names; a part that is in no block stands for itself.

    Examples
    --------
    >>> from ganatomy.explain.structure.graph import Part
    >>> names = ("a", "b.0", "b.1", "c", "d", "e")
    >>> graph = NetworkGraph(tuple(Part(name, "", name, ()) for name in names), (), 0)
    >>> blocks(graph, 5)["b.1"]
    'b'
    """
    block_of = {part.name: part.name for part in graph.parts}
    deepest = max((name.count(".") for name in block_of), default=0)
    for depth in range(deepest, 0, -1):
        if len(set(block_of.values())) <= most:
            return block_of
        tried = {name: ".".join(name.split(".")[:depth]) for name in block_of}
        next_of = _convex(graph, block_of, tried)
        if len(set(next_of.values())) >= _FEWEST:
            block_of = next_of
    if len(set(block_of.values())) > most:
        return _convex(graph, block_of, _runs(graph, block_of))
    return block_of


def folded(
    graph: NetworkGraph, block_of: Mapping[str, str]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the names of blocks, in order, and the edges between them.

    Examples
    --------
    >>> from ganatomy.explain.structure.graph import Part
    >>> parts = tuple(Part(name, "Conv2d", name, (1,)) for name in ("a", "b.0", "b.1"))
    >>> graph = NetworkGraph(parts, (("a", "b.0"), ("b.0", "b.1")), 0)
    >>> folded(graph, {"a": "a", "b.0": "b", "b.1": "b"})
    (['a', 'b'], [('a', 'b')])
    """
    names = list(dict.fromkeys(block_of[part.name] for part in graph.parts))
    edges = [(block_of[source], block_of[target]) for source, target in graph.edges]
    return names, list(dict.fromkeys(edge for edge in edges if edge[0] != edge[1]))


def _convex(
    graph: NetworkGraph, block_of: Mapping[str, str], tried: Mapping[str, str]
) -> dict[str, str]:
    """Fold what is tried, but for blocks that something leaves to come back."""
    inside: dict[str, set[str]] = {}
    for name, block in tried.items():
        if name not in (INPUT, OUTPUT):
            inside.setdefault(block, set()).add(name)
    found = dict(block_of)
    for block, names in inside.items():
        if len(names) > 1 and is_convex(graph, names):
            found |= dict.fromkeys(names, block)
    return found


def _runs(graph: NetworkGraph, block_of: Mapping[str, str]) -> dict[str, str]:
    """Neighbours whose maps are of one size, named by the first and the last of them."""
    found = dict(block_of)
    for names in _of_one_size(graph):
        ends = block_of[names[0]], block_of[names[-1]]
        found |= dict.fromkeys(names, ends[0] if ends[0] == ends[1] else " to ".join(ends))
    return found


def _of_one_size(graph: NetworkGraph) -> Iterator[list[str]]:
    inner = [part for part in graph.parts if part.name not in (INPUT, OUTPUT)]
    for _, parts in groupby(inner, key=lambda part: part.shape[1:]):
        yield [part.name for part in parts]


def is_convex(graph: NetworkGraph, names: set[str]) -> bool:
    """Say whether no way leads out of parts and back into them."""
    outside = {target for name in names for target in graph.after(name)} - names
    return not any(graph.reached(each) & names for each in outside)
