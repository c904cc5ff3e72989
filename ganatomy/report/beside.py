"""Which pictures stand in files beside a page, so that the page itself never grows too large."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from ganatomy.files import safe_name, write_bytes
from ganatomy.report.image_file import is_film

Key = tuple[str, str]
"""A section's name, and a picture's within it."""


LEAST_BYTES = 1000
"""What takes less stays: what stands in its place is hardly shorter."""


@dataclass(frozen=True)
class Weight:
    """Size of a picture within the page.

    Parameters
    ----------
    key : Key
    num_bytes : int
        In all places where it stands.
    is_appendix : bool
        It stands nowhere but in the appendix.
    """

    key: Key
    num_bytes: int
    is_appendix: bool


@dataclass(frozen=True)
class PictureFile:
    """A picture's file beside the page.

    Parameters
    ----------
    path : str
        Below the folder of the page.
    sha256 : str
    """

    path: str
    sha256: str

    @property
    def words(self) -> Markup:
        """Words in the picture's place."""
        return Markup(
            "Too large for this page. It is in the file <code>{}</code>, whose SHA-256 is "
            "<code>{}</code>."
        ).format(self.path, self.sha256)


@dataclass
class Beside:
    """The folder beside a page, with the pictures that the page has no room for.

    Parameters
    ----------
    folder : str
        Its path as seen from the page's folder.

    Attributes
    ----------
    files : dict of Key to bytes
        The pictures that the page names in place of showing them; rendering it fills this.
    """

    folder: str
    files: dict[Key, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, page: Path) -> "Beside":
        """Name the folder after the page's file: ``maps-figures`` for ``maps.html``."""
        return cls(f"{page.stem}-figures")

    def file(self, key: Key, content: bytes) -> PictureFile:
        """Say where a picture's file lies."""
        path = f"{self.folder}/{path_of(key, content)}"
        return PictureFile(path, hashlib.sha256(content).hexdigest())

    def write(self, place: Path) -> None:
        """Write `files`, if there are any, where the page's folder is `place`."""
        for key, content in self.files.items():
            write_bytes(place / self.folder / path_of(key, content), content)


def path_of(key: Key, content: bytes) -> str:
    """Name a picture's file below the folder of all pictures: ``lime/d_maps.png``."""
    section, name = key
    return f"{section}/{safe_name(name)}.{'gif' if is_film(content) else 'png'}"


def to_leave_out(weights: Iterable[Weight], excess: int) -> set[Key]:
    """Choose the pictures that go: those of the appendix first, of these the largest first.

    Parameters
    ----------
    weights : iterable of Weight
    excess : int
        Bytes by which the page is too large.

    Returns
    -------
    set of Key
        As few in that order as take `excess` bytes along; all where all are not enough.

    Examples
    --------
    >>> sheet, chart = Weight(("lime", "a"), 9, True), Weight(("lime", "b"), 99, False)
    >>> to_leave_out([chart, sheet], 5), to_leave_out([chart, sheet], 0)
    ({('lime', 'a')}, set())
    """
    chosen: set[Key] = set()
    for weight in sorted(weights, key=lambda each: (not each.is_appendix, -each.num_bytes)):
        if excess <= 0:
            break
        chosen.add(weight.key)
        excess -= weight.num_bytes
    return chosen
