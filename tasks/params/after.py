"""Which stage another one waits for where a name asks for a learned direction."""

from typing import Any

from ganatomy.data.recipe import is_learned


def settled(values: Any, field: str) -> Any:
    """Settle `after`: who names a learned direction need not know which stage finds it.

    Parameters
    ----------
    values : anything
        A section as it was written.
    field : str
        The list of names in it.

    Examples
    --------
    >>> settled({"targets": ["class", "learned:1"]}, "targets")["after"]
    'directions'
    """
    if not isinstance(values, dict) or not isinstance(values.get(field, []), list):
        return values
    asked = any(is_learned(str(name)) for name in values.get(field, []))
    return {**values, "after": "directions" if asked else "prepare"}
