"""Packages that not everybody needs: installed with an extra, such as ``ganatomy[lime]``."""

from collections.abc import Iterator
from contextlib import contextmanager

from ganatomy.errors import InputError


@contextmanager
def extra(name: str, purpose: str) -> Iterator[None]:
    """Say what to install where an import in the block finds no package.

    Parameters
    ----------
    name : str
        The extra that has it, as in pyproject.toml.
    purpose : str
        What needs it, as the subject of a sentence.

    Raises
    ------
    InputError
        A package is not installed. Whatever else an import raises is passed on.

    Examples
    --------
    >>> with extra("digits", "the embedded digits"):
    ...     import no_such_package
    Traceback (most recent call last):
    ...
    ganatomy.errors.InputError: the embedded digits: the package no_such_package is not installed \
[ganatomy[digits]]. Run `pip install 'ganatomy[digits]'`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise InputError(
            f"{purpose}: the package {error.name} is not installed",
            f"ganatomy[{name}]",
            f"Run `pip install 'ganatomy[{name}]'`.",
        ) from None
