"""The words of the page: one source for plain names, the field's symbols and what they mean."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from ganatomy.report.terms import explanations, images
from ganatomy.report.terms.term import GROUPS, Term
from ganatomy.wording import ordinal

TERMS = (*images.TERMS, *explanations.TERMS)


@cache
def glossary() -> dict[str, Term]:
    """Return every term by its key, in the order of the groups.

    Examples
    --------
    >>> glossary()["fcd"].label
    'distance to real images (FCD)'
    """
    return {term.key: term for group in GROUPS for term in TERMS if term.group == group}


def term(key: str) -> Term | None:
    """Look up what a table or a file calls `key`; None where the glossary has no such word.

    Parameters
    ----------
    key : str
        A term's key or another name for it, as ``fcd@1000``, ``fcd``, ``g_fcd``; whatever stands
        behind an ``@`` or a ``:`` does not count, nor do capitals.

    Examples
    --------
    >>> term("d_contrast:cell_1_1").name
    "D's preference for the feature"
    >>> term("fcd@1000") is term("FCD")
    True
    """
    return _by_name().get(re.split("[@:]", key, maxsplit=1)[0].lower())


def label(key: str) -> str:
    """Name something as tables and charts do: plain, with the field's symbol in brackets.

    A key that the glossary does not have stays as it is.

    Examples
    --------
    >>> label("recall"), label("t"), label("stripes")
    ('variety (recall)', 'certainty (|t|)', 'stripes')
    """
    known = term(key)
    return key if known is None else known.label


def first_uses(text: str, seen: Sequence[str] = ()) -> Iterator[tuple[int, int, Term]]:
    """Find where a text uses a term for the first time.

    Parameters
    ----------
    text : str
        Without markup.
    seen : sequence of str
        Keys of terms that need no more explaining.

    Yields
    ------
    (start, end, term)
        ``text[start:end]`` is the word; in the order of the text, each term once, none within
        another word.

    Examples
    --------
    >>> [(a, b, term.key) for a, b, term in first_uses("A logit and an AUC; the AUC is 0.8.")]
    [(2, 7, 'logit'), (15, 18, 'auc')]
    """
    done = set(seen)
    for found in _spelled().finditer(text):
        known = _by_spelling()[found.group()]
        if known.key not in done:
            done.add(known.key)
            yield found.start(), found.end(), known


def layer_name(layer: str, layers: Sequence[str] = (), size: tuple[int, int] | None = None) -> str:
    """Name a layer by its place and by the size of its maps.

    Parameters
    ----------
    layer : str
        The module's name, as ``layers.0``.
    layers : sequence of str
        The network's convolutions in the order of a forward pass. Without them, or where the layer
        is none of them, its own name stays.
    size : (int, int), optional
        Height and width of its maps.

    Examples
    --------
    >>> layer_name("layers.2", ["layers.0", "layers.2"], (7, 7))
    '2nd convolution, 7 × 7'
    """
    named = f"{ordinal(layers.index(layer) + 1)} convolution" if layer in layers else layer
    return named if size is None else f"{named}, {size[0]} × {size[1]}"


def kind_name(kind: str, layers: dict[str, Sequence[str]] | None = None) -> str:
    """Name a kind of map by its method and its layer.

    Parameters
    ----------
    kind : str
        As tables of the tests of explanations have it: ``gradcam layers.0`` of D, ``hirescam G
        layers.0`` within G, or a method that has no layer.
    layers : dict of str to sequence of str, optional
        For ``"D"`` and ``"G"`` the convolutions in their order.

    Examples
    --------
    >>> kind_name("gradcam layers.0", {"D": ["layers.0", "layers.2"]})
    'Grad-CAM, 1st convolution'
    >>> kind_name("hirescam G layers.0"), kind_name("integrated gradients")
    ('HiResCAM within G, layers.0', 'integrated gradients')
    """
    whole = _by_name().get(kind.lower())
    if whole is not None:
        return whole.name
    method, _, rest = kind.partition(" ")
    known = _by_name().get(method.lower())
    if known is None or not rest:
        return kind
    network, layer = ("G", rest[2:]) if rest.startswith("G ") else ("D", rest)
    place = layer_name(layer, tuple((layers or {}).get(network, ())))
    return f"{known.name}{' within G' if network == 'G' else ''}, {place}"


def as_markdown() -> str:
    """Write the glossary as a page of the documentation (``docs/glossary.md``)."""
    lines = ["# Glossary", "", _HEAD, ""]
    for group in GROUPS:
        lines += [f"## {group}", ""]
        of_group = [each for each in TERMS if each.group == group]
        lines += [f"- {_anchored(each)}: {each.meaning}{_in_files(each)}" for each in of_group]
        lines += [""]
    return "\n".join(lines).rstrip() + "\n"


_HEAD = (
    "Every word of the page that is not everyday English, with the field's own symbol in\n"
    "brackets. The page explains the same words where they stand first. This list is written by\n"
    "`python -m ganatomy.report.glossary > docs/glossary.md`."
)


def _anchored(each: Term) -> str:
    return f'<a id="{each.anchor}"></a>**{each.label}**'


def _in_files(each: Term) -> str:
    """The names in files, for those who look for them."""
    names = [name for name in (each.key, *each.others) if name != each.name]
    if not each.others and "_" not in each.key:
        return ""
    return "" if not names else f" In files: {', '.join(f'`{name}`' for name in names)}."


@cache
def _by_name() -> dict[str, Term]:
    return {
        name.lower(): each
        for each in TERMS
        for name in (each.key, each.name, each.symbol, *each.others)
        if name
    }


@cache
def _by_spelling() -> dict[str, Term]:
    return {spelling: each for each in TERMS for spelling in each.spellings}


@cache
def _spelled() -> re.Pattern[str]:
    longest_first = sorted(_by_spelling(), key=len, reverse=True)
    return re.compile(rf"(?<![\w|])(?:{'|'.join(map(re.escape, longest_first))})(?![\w|])")


if __name__ == "__main__":
    import sys

    sys.stdout.write(as_markdown())
