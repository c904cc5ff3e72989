"""The graph of a network: its parts in the order in which they ran, and what flows between them."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

INPUT, OUTPUT = "input", "output"


@dataclass(frozen=True)
class Part:
    """One part of a network: a layer, or an operation between layers.

    Attributes
    ----------
    name : str
        Unique: the layer's dotted name, or that of the module around an operation and what it
        does; a second call has " (2)" behind. `INPUT` and `OUTPUT` are parts too.
    kind : str
        The layer's class, or the operation.
    module : str
        Dotted name of the layer; "" for an operation.
    shape : tuple of int
        Of what it returns, without the batch.
    parameters : int
        Own ones, those that an earlier part has used not counted again.
    macs : int
        Multiplications with an addition, for one image.
    about : str
        What the layer says of itself: kernel, stride and the like.
    """

    name: str
    kind: str
    module: str
    shape: tuple[int, ...]
    parameters: int = 0
    macs: int = 0
    about: str = ""

    @property
    def block(self) -> str:
        """Dotted name of the module around it; "" for the network itself."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True)
class NetworkGraph:
    """Parts of a network and what flows between them.

    Attributes
    ----------
    parts : tuple of Part
        In the order in which they ran: `INPUT` first, `OUTPUT` last.
    edges : tuple of (str, str)
        From a part to one that uses what it returned; sorted by the order of parts.
    num_parameters : int
        Of the whole network, those included that no part has been seen to use.
    """

    parts: tuple[Part, ...]
    edges: tuple[tuple[str, str], ...]
    num_parameters: int

    def __getitem__(self, name: str) -> Part:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Part]:
        return {part.name: part for part in self.parts}

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each part stands in the order, by its name."""
        return {part.name: place for place, part in enumerate(self.parts)}

    @property
    def macs(self) -> int:
        """Multiplications with an addition of all parts, for one image."""
        return sum(part.macs for part in self.parts)

    @property
    def entries(self) -> int:
        """Count the entries of what all parts return, for one image."""
        return sum(math.prod(part.shape) for part in self.parts)

    @property
    def unplaced(self) -> int:
        """Number of parameters that no part has been seen to use."""
        return self.num_parameters - sum(part.parameters for part in self.parts)

    def before(self, name: str) -> list[str]:
        """Name the parts that a part gets its inputs from, in their order."""
        return [source for source, target in self.edges if target == name]

    @cached_property
    def _after(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for source, target in self.edges:
            found.setdefault(source, []).append(target)
        return found

    def after(self, name: str) -> list[str]:
        """Name the parts that use what a part returned, in their order."""
        return list(self._after.get(name, ()))

    @property
    def skips(self) -> tuple[tuple[str, str], ...]:
        """Edges that go round another part: a longer way leads to the same place.

        Examples
        --------
        >>> parts = tuple(Part(name, "Conv2d", name, (1,)) for name in "abc")
        >>> NetworkGraph(parts, (("a", "b"), ("a", "c"), ("b", "c")), 0).skips
        (('a', 'c'),)
        """
        reached = self._reached
        return tuple(
            (source, target)
            for source, target in self.edges
            if any(target in reached[other] for other in self.after(source) if other != target)
        )

    def reached(self, name: str) -> frozenset[str]:
        """Name the parts that what a part returned goes on to, by however many steps."""
        return self._reached[name]

    @cached_property
    def _reached(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for part in reversed(self.parts):
            after = self.after(part.name)
            found[part.name] = frozenset(after).union(*(found[each] for each in after))
        return found

    def as_record(self) -> dict[str, Any]:
        """Give it as what JSON can hold."""
        return {
            "parts": [asdict(part) for part in self.parts],
            "edges": [list(edge) for edge in self.edges],
            "num_parameters": self.num_parameters,
        }

    @staticmethod
    def of_record(record: dict[str, Any]) -> "NetworkGraph":
        """Read what `as_record` gave."""
        parts = tuple(Part(**{**part, "shape": tuple(part["shape"])}) for part in record["parts"])
        edges = tuple((source, target) for source, target in record["edges"])
        return NetworkGraph(parts, edges, record["num_parameters"])


def sorted_edges(
    edges: Iterable[tuple[str, str]], place: dict[str, int]
) -> tuple[tuple[str, str], ...]:
    """Sort edges, each once, by where their ends stand."""
    return tuple(sorted(set(edges), key=lambda edge: (place[edge[0]], place[edge[1]])))
