"""What a term is, and the groups of them."""

from typing import NamedTuple

THE_GAN = "The GAN"
THE_TRAINING = "The training"
THE_QUALITY = "Quality of the images"
COPYING = "Copying"
THE_FEATURES = "Which features matter"
MAPS = "Where networks look"
STATISTICS = "How sure"
THE_RECORD = "The record"

GROUPS = (THE_GAN, THE_TRAINING, THE_QUALITY, COPYING, THE_FEATURES, MAPS, STATISTICS, THE_RECORD)
"""In the order of the page."""


class Term(NamedTuple):
    """A word that needs explaining.

    Attributes
    ----------
    group : str in `GROUPS`
    key : str
        As in files and tables, unique.
    name : str
        Plain, for tables and charts.
    meaning : str
        One sentence, without other terms where that is possible.
    symbol : str
        What the field writes; "" where that is the name.
    others : tuple of str
        What files and tables call it besides.
    spellings : tuple of str
        How running text writes it, capitals and plurals included.
    """

    group: str
    key: str
    name: str
    meaning: str
    symbol: str = ""
    others: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The plain name with the field's symbol in brackets."""
        return f"{self.name} ({self.symbol})" if self.symbol else self.name

    @property
    def anchor(self) -> str:
        """Where the glossary of the page has it."""
        return "term-" + "".join(letter if letter.isalnum() else "-" for letter in self.key)
