"""A stage's figures as a table for people, in which each number stands once.

They are no metrics of MLflow's, which would draw a bar for each: what are metrics there is what
makes a curve, and the headlines of the whole run, by which runs are compared.
"""

import math
from collections.abc import Iterator

_BOUNDS = ("_low", "_high")


def table(values: dict[str, float]) -> str:
    """Write figures as a table in Markdown; the two bounds of one stand beside it.

    Parameters
    ----------
    values : dict of str to float
        As in a stage's ``metrics.json``: ``fcd@1000``, ``fcd_low@1000``, ``fcd_high@1000``.
    """
    if not values:
        return ""
    lines = ["| figure | value | interval |", "|---|---:|---|"]
    return "\n".join([*lines, *_rows(values)]) + "\n"


def _rows(values: dict[str, float]) -> Iterator[str]:
    bounds = {name: _bounds_of(name, values) for name in values}
    told = {bound for pair in bounds.values() for bound in pair}
    for name, value in values.items():
        if name in told:
            continue
        interval = " to ".join(_number(values[bound]) for bound in bounds[name])
        yield f"| {name.replace('|', '/')} | {_number(value)} | {interval} |"


def _bounds_of(name: str, values: dict[str, float]) -> tuple[str, ...]:
    """The names of a figure's two bounds; none where it has none."""
    stem, at, count = name.partition("@")
    names = tuple(f"{stem}{bound}{at}{count}" for bound in _BOUNDS)
    return names if all(each in values for each in names) else ()


def _number(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:.4g}"
