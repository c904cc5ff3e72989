"""The error says what is wrong, where, and what to do."""

import pytest

from ganatomy.errors import InputError


def test_message_has_all_three_parts() -> None:
    error = InputError("a page is torn", "book.txt", "Glue it.")
    assert str(error) == "a page is torn [book.txt]. Glue it."
    assert (error.what, error.where, error.remedy) == ("a page is torn", "book.txt", "Glue it.")


def test_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="torn"):
        raise InputError("torn", "here", "Glue it.")
