"""Where the library names an argument, params.yaml has a key."""

from collections.abc import Iterator
from contextlib import contextmanager

from ganatomy.errors import InputError
from tasks.params.section import Section


@contextmanager
def by_key(params: Section) -> Iterator[None]:
    """Name the key of params.yaml in errors that name an argument of the same name.

    Raises
    ------
    InputError
        The block's own: at ``<section>.<field>`` where it was at ``<field>``.
    """
    try:
        yield
    except InputError as error:
        if error.where not in type(params).model_fields:
            raise
        raise InputError(error.what, f"{params.name}.{error.where}", error.remedy) from None
