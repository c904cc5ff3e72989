"""What every study ends in: a frozen result, to be saved, loaded, and told in figures and words."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Protocol, TypeVar

from ganatomy.errors import REMAKE, InputError


class Result(Protocol):
    """The result of a study.

    What `save` writes `load` reads; saved anew into the same folder, nothing of the result that
    lay there before is left.
    """

    def save(self, folder: Path) -> None:
        """Write all of it into a folder."""

    def metrics(self) -> Mapping[str, float]:
        """Give the figures that it ends in, by name."""

    def verdict(self) -> str:
        """Say in a few sentences what was found."""


_Result = TypeVar("_Result", bound=Result)


def validated(load: Callable[[Path], _Result]) -> Callable[[Path], _Result]:
    """Decorate a `load`: what it returns can tell its figures and its verdict.

    Files that can be read one by one and are no result together (of an older version, cut short,
    without a column or a tensor) become one `InputError` that names the folder.
    """

    @wraps(load)
    def checked(folder: Path) -> _Result:
        try:
            result = load(folder)
            result.metrics()
            result.verdict()
        except InputError:
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"no whole result, or one of another version ({type(error).__name__}: "
                f"{str(error).splitlines()[0] if str(error) else 'nothing more is known'})",
                str(folder),
                REMAKE,
            ) from error
        return result

    return checked


def remove_stale(folder: Path, *names: str) -> None:
    """Remove files that an earlier result has left in a folder and this one does not have."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
