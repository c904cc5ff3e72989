"""What the drawing of a network shows: a box for each part or block, and its words."""

import math
import re
from collections.abc import Iterator

from ganatomy.explain.structure.blocks import blocks, folded
from ganatomy.explain.structure.graph import INPUT, OUTPUT, NetworkGraph, Part
from ganatomy.explain.structure.result import NetworkStructure
from ganatomy.report.figures.network_layout import HEIGHT, WIDTH, laid_out
from ganatomy.report.sections.page_section import Record
from ganatomy.wording import counted, percent

_SWITCH = re.compile(r",? ?\b\w+=(True|False|None)\b")  # of what a layer says of itself
_MOST = 26
"""Boxes of a drawing: what has more is folded, and unfolded in drawings of its own."""

_MOST_LINES = 120
"""Lines of a drawing: where there are more, those that go round other parts are left out."""

_MOST_LETTERS = 30  # in the title of a box


def drawings(structure: NetworkStructure) -> list[Record]:
    """Give the drawing of a network, and behind it one of each block that is folded in it.

    Returns
    -------
    list of dict
        Each with title, width, height, boxes, lines and how many lines are ``left_out``.
    """
    return list(_of_parts(structure, "", structure.graph))


def _of_parts(structure: NetworkStructure, title: str, graph: NetworkGraph) -> Iterator[Record]:
    block_of = blocks(graph, _MOST)
    if len(set(block_of.values())) == 1:  # nothing in it can be folded
        block_of = {part.name: part.name for part in graph.parts}
    names, edges = folded(graph, block_of)
    inside = {name: [part for part in graph.parts if block_of[part.name] == name] for name in names}
    yield _drawing(structure, title, inside, edges)
    for name, parts in inside.items():
        if len(parts) > 1:
            own = {part.name for part in parts}
            within = tuple(edge for edge in graph.edges if own.issuperset(edge))
            yield from _of_parts(structure, name, NetworkGraph(tuple(parts), within, 0))


def _drawing(
    structure: NetworkStructure,
    title: str,
    inside: dict[str, list[Part]],
    edges: list[tuple[str, str]],
) -> Record:
    skips = _skips(inside, edges)
    drawn = edges if len(edges) <= _MOST_LINES else [each for each in edges if each not in skips]
    layout = laid_out(list(inside), drawn)
    return {
        "title": title,
        "width": math.ceil(layout.width),
        "height": math.ceil(layout.height),
        "box": (WIDTH, HEIGHT),
        "boxes": [
            {
                "x": round(layout.places[name][0] - WIDTH / 2, 1),
                "y": round(layout.places[name][1] - HEIGHT / 2, 1),
                **_box(structure, name, parts, title),
            }
            for name, parts in inside.items()
        ],
        "left_out": len(edges) - len(drawn),
        "lines": [{"path": path, "is_skip": edge in skips} for edge, path in layout.curves.items()],
    }


def _skips(inside: dict[str, list[Part]], edges: list[tuple[str, str]]) -> set[tuple[str, str]]:
    parts = tuple(Part(name, "", "", ()) for name in inside)
    return set(NetworkGraph(parts, tuple(edges), 0).skips)


def _box(structure: NetworkStructure, name: str, parts: list[Part], around: str) -> Record:
    first, last = parts[0], parts[-1]
    is_block = len(parts) > 1
    words = f"({counted(len(parts), 'part')})" if is_block else first.kind
    weights = sum(part.parameters for part in parts)
    line = [size_in_words(last.shape), *([f"{_short(weights)} parameters"] if weights else [])]
    facts = structure.vitals.set_index("name")
    known = [part.module for part in parts if part.module in facts.index]
    rows = facts.loc[known]
    used = float((rows["rank"] / rows["possible"]).clip(upper=1).min()) if len(rows) else -1.0
    return {
        "title": _fitting(
            name.removeprefix(f"{around}."), "" if name in (INPUT, OUTPUT) else f" {words}"
        ),
        "line": ", ".join(line),
        "is_block": is_block,
        "used": used,
        "has_batch": any(part.name in structure.batch_in_training for part in parts),
        "is_wrong": bool(rows[["num_dead", "num_duplicates"]].to_numpy().max() > 0)
        if len(rows)
        else False,
        "note": _note(structure, parts, used),
    }


def _fitting(name: str, behind: str) -> str:
    """Leave out the middle of a name that is too long for a box: the pointer shows it whole."""
    most = _MOST_LETTERS - len(behind)
    if len(name) > most:
        name = f"{name[: most // 3]}…{name[-(most - most // 3 - 1) :]}"
    return name + behind


def _note(structure: NetworkStructure, parts: list[Part], used: float) -> str:
    macs = sum(part.macs for part in parts)
    told = [", ".join(part.name for part in parts)]
    if len(parts) == 1 and (about := _SWITCH.sub("", parts[0].about)):
        told.append(about)
    if macs:
        told.append(f"{macs:,} multiplications with an addition for an image")
    if len(parts) == 1 and parts[0].module in structure.reach:
        told.append("reaches {} × {} pixels".format(*structure.reach[parts[0].module]))
    if used >= 0:
        told.append(f"uses {percent(used)} of its dimensions")
    if len(parts) == 1 and (far := _moved(structure, parts[0].module)) >= 0:
        told.append(f"its weights moved by {percent(far)} of their norm at first")
    return "; ".join(told)


def _moved(structure: NetworkStructure, module: str) -> float:
    """Say how far training moved a layer's weights; -1 where that is not known."""
    moved = structure.vitals.loc[structure.vitals["name"] == module, "moved"].dropna()
    return float(moved.iloc[0]) if len(moved) else -1.0


def size_in_words(shape: tuple[int, ...]) -> str:
    """Say a shape without the batch: channels, then the size of the maps.

    Examples
    --------
    >>> size_in_words((32, 14, 14))
    '32 × 14 × 14'
    >>> size_in_words(())
    '1 number'
    """
    return " × ".join(map(str, shape)) if shape else "1 number"


def _short(count: int) -> str:
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}"
    return str(count)
