"""Figures in sentences: plurals, lists, and numbers that no rounding turns into something else."""

from collections.abc import Sequence

_MOST_DIGITS = 9
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}
_TEENS = range(11, 14)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "image"), counted(2, "image"), counted(2, "class", "classes")
    ('1 image', '2 images', '2 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def of_all(number: int, total: int, noun: str, plural: str = "") -> str:
    """Write how many of all there are: ``2 of 3 seeds``, or *all*, or *none*.

    Examples
    --------
    >>> of_all(0, 3, "kind"), of_all(2, 3, "kind"), of_all(3, 3, "kind"), of_all(1, 1, "kind")
    ('none of 3 kinds', '2 of 3 kinds', 'all 3 kinds', '1 of 1 kind')
    """
    if total == 0:
        return f"no {noun}"
    if total == 1:
        return f"{number} of 1 {noun}"
    many = {0: "none of", total: "all"}.get(number, f"{number:,} of")
    return f"{many} {counted(total, noun, plural)}"


def listed(names: Sequence[str]) -> str:
    """Join names by commas and a last *and*; *none* where there is no name.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b", "c"]), listed([])
    ('a', 'a, b and c', 'none')
    """
    if len(names) < 2:
        return names[0] if names else "none"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def opened(sentence: str) -> str:
    """Begin a sentence with a capital, and leave the rest as it is.

    Examples
    --------
    >>> opened("none of 3 GANs")
    'None of 3 GANs'
    """
    return sentence[:1].upper() + sentence[1:]


def percent(share: float, digits: int = 0) -> str:
    """Write a share; 0 % and 100 % only where it is exactly that.

    Examples
    --------
    >>> percent(0.25), percent(0.0), percent(0.001), percent(0.999), percent(0.5123, 1)
    ('25 %', '0 %', 'less than 1 %', 'more than 99 %', '51.2 %')
    """
    least = 10.0**-digits
    text = f"{100 * share:.{digits}f}"
    if float(text) == 0 and share > 0:
        return f"less than {least:g} %"
    if float(text) == 100 and share < 1:
        return f"more than {100 - least:g} %"
    return f"{text} %"


def finely(share: float) -> str:
    """Write a share of any size, with two digits of what is small.

    Examples
    --------
    >>> finely(0.00123), finely(0.125), finely(0.996), finely(-3.5)
    ('0.12 %', '12 %', '100 %', '350 %')
    """
    amount = 100 * abs(share)
    return f"{amount:,.0f} %" if amount >= 9.95 else f"{amount:.2g} %"


def apart(value: float, bound: float, digits: int = 2) -> str:
    """Write a number with as many decimals as show on which side of a bound it lies.

    Examples
    --------
    >>> apart(0.4996, 0.5), apart(0.4, 0.5), apart(0.5, 0.5)
    ('0.4996', '0.40', '0.50')
    """
    for decimals in range(digits, _MOST_DIGITS):
        text = f"{value:.{decimals}f}"
        if value == bound or float(text) != bound:
            return _without_minus_zero(text)
    return f"{value:.17g}"


def pair(first: float, second: float, digits: int = 3) -> tuple[str, str]:
    """Write two numbers with as many significant digits as tell them apart.

    Examples
    --------
    >>> pair(12.34, 12.31), pair(1.0, 2.0)
    (('12.34', '12.31'), ('1', '2'))
    """
    for count in range(digits, _MOST_DIGITS):
        texts = (f"{first:.{count}g}", f"{second:.{count}g}")
        if first == second or texts[0] != texts[1]:
            return texts
    return (f"{first:.17g}", f"{second:.17g}")


def signed(value: float, digits: int = 2) -> str:
    """Write a number with its sign; zero has none, and nothing else is written as zero.

    Examples
    --------
    >>> signed(0.5), signed(-0.001), signed(-0.0)
    ('+0.50', '-0.001', '0')
    """
    if value == 0:
        return "0"
    text = f"{value:+.{digits}f}"
    return text if float(text) != 0 else f"{value:+.1g}"


def ordinal(number: int) -> str:
    """Write a place in a row.

    Examples
    --------
    >>> [ordinal(number) for number in (1, 2, 11, 23)]
    ['1st', '2nd', '11th', '23rd']
    """
    ending = "th" if number % 100 in _TEENS else _ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"


def _without_minus_zero(text: str) -> str:
    return text.removeprefix("-") if float(text) == 0 else text
