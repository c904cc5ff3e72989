"""A table of concepts: what was measured in each image, that rules are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ganatomy.errors import InputError


@dataclass(frozen=True, eq=False)
class ConceptTable:
    """Concepts of images.

    Attributes
    ----------
    names : tuple of str
        Of concepts, each once.
    units : tuple of str
        Of each concept, as its feature says; "" for none.
    values : Tensor of shape (n, concepts), float64, on the CPU
        Finite.

    Raises
    ------
    InputError
        Names twice, units or columns that are not as many, or values that are not finite.

    Examples
    --------
    >>> table = ConceptTable(("holes",), ("",), torch.tensor([[0.0], [2.0]]).double())
    >>> table.column("holes")
    tensor([0., 2.], dtype=torch.float64)
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: torch.Tensor

    def __post_init__(self) -> None:
        count = len(self.names)
        if len(set(self.names)) != count:
            raise InputError("a concept twice", "names", "Name each concept once.")
        if len(self.units) != count or self.values.ndim != 2 or self.values.shape[1] != count:
            raise InputError(
                f"{count} names, {len(self.units)} units, values {tuple(self.values.shape)}",
                "values",
                "Give a unit and a column for each concept.",
            )
        if not bool(self.values.isfinite().all()):
            raise InputError("values that are not finite", "values", "Leave such concepts out.")

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> torch.Tensor:
        """Return one concept of every image, shape (n,); `InputError` for one that is not there."""
        if name not in self.names:
            listed = ", ".join(self.names) or "none"
            raise InputError(f"no concept {name!r}", "concept", f"There are: {listed}.")
        return self.values[:, self.names.index(name)]

    def take(self, places: torch.Tensor) -> "ConceptTable":
        """Return the rows at places: a LongTensor, or booleans of shape (n,)."""
        return ConceptTable(self.names, self.units, self.values[places])

    def only(self, names: Sequence[str]) -> "ConceptTable":
        """Return the table of some concepts, in their order."""
        columns = [self.column(name) for name in names]
        units = tuple(self.units[self.names.index(name)] for name in names)
        empty = self.values.new_zeros(len(self), 0)
        return ConceptTable(tuple(names), units, torch.stack(columns, 1) if columns else empty)
