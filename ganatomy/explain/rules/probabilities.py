"""Concepts that are probabilities: what is one, and how finely it is worth telling apart."""

import torch

from ganatomy.explain.rules.table import ConceptTable

UNIT = "probability"
"""How the unit of such a concept begins."""


def is_probability(table: ConceptTable, name: str) -> bool:
    """Say whether a concept is a probability, by its unit."""
    return table.units[table.names.index(name)].startswith(UNIT)


def in_tenths(table: ConceptTable) -> ConceptTable:
    """Round probabilities to tenths: whether one is 0.0001 or 0.002 says nothing of an image.

    Examples
    --------
    >>> values = torch.tensor([[0.0625, 0.0625], [0.875, 0.875]]).double()
    >>> in_tenths(ConceptTable(("zero", "size"), ("probability", ""), values)).values.tolist()
    [[0.1, 0.0625], [0.9, 0.875]]
    """
    columns = [
        table.column(name).mul(10).round().div(10)
        if is_probability(table, name)
        else table.column(name)
        for name in table.names
    ]
    values = torch.stack(columns, 1) if columns else table.values
    return ConceptTable(table.names, table.units, values)
