"""The images of a folder, each decoded once before it counts as one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ganatomy.data.folder import Entry, survey
from ganatomy.data.formats import HEAD_BYTES, LISTED, format_of
from ganatomy.data.reading import Limits, Refused, check_image, read_content, reason_of
from ganatomy.data.workers import in_order
from ganatomy.errors import InputError

LEFT_OUT = "images left out by `max_images`"


@dataclass(frozen=True)
class Collected:
    """The files of a folder, sorted into used, refused and others.

    Attributes
    ----------
    files, names : list
        The images, and what the user calls each: its path relative to the folder.
    refused : list of dict
        ``file`` and ``reason`` of each that cannot be used.
    left_out : list of str
        Images that are not used because fewer were asked for.
    others : dict of str to int
        How many are neither, by kind; with the count of `left_out`.
    """

    files: list[Path]
    names: list[str]
    refused: list[dict[str, str]]
    left_out: list[str]
    others: dict[str, int]


def collect(
    root: Path,
    max_images: int,
    follow_links: bool,
    *,
    limits: Limits,
    into: Path | None,
    num_workers: int = 1,
    progress: Callable[[int, int], None],
) -> Collected:
    """Find, check and copy a folder's images; parameters as in `ganatomy.data.sources.fetch`.

    Raises
    ------
    InputError
        There is no such folder, or no image in it.
    OSError
        A copy cannot be written.
    """
    if not root.is_dir():
        raise InputError(
            "no such folder", f"root={root}", "Give the folder that holds your images."
        )
    surveyed = survey(root, follow_links)
    chosen, left_out = _spread(surveyed.images, max_images)
    refused, others = list(surveyed.refused), dict(surveyed.others)
    if left_out:
        others[LEFT_OUT] = len(left_out)
    files: list[Path] = []
    names: list[str] = []
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
    tasks = [(index, entry.path) for index, entry in enumerate(chosen)]
    check = partial(_checked, limits=limits, into=into)
    results = in_order(check, tasks, num_workers, lost=Refused)
    for index, (entry, found) in enumerate(zip(chosen, results)):
        if isinstance(found, OSError):
            raise found
        if isinstance(found, Refused):
            refused.append({"file": entry.name, "reason": str(found)})
        else:
            files.append(entry.path if into is None else _placed(found, into, len(files)))
            names.append(entry.name)
        progress(index + 1, len(chosen))
    if not files:
        raise InputError(
            f"no image in the folder{_accounts(refused, others)}",
            f"root={root}",
            f"Give the folder that holds your images, as {LISTED} files.",
        )
    refused.sort(key=lambda entry: entry["file"])
    return Collected(files, names, refused, [entry.name for entry in left_out], others)


def _spread(images: list[Entry], count: int) -> tuple[list[Entry], list[Entry]]:
    """So many of them at equal distances, and the others."""
    if not count or len(images) <= count:
        return images, []
    chosen = {index * len(images) // count for index in range(count)}
    return (
        [image for index, image in enumerate(images) if index in chosen],
        [image for index, image in enumerate(images) if index not in chosen],
    )


def _checked(task: tuple[int, Path], limits: Limits, into: Path | None) -> Path | Refused | OSError:
    """Decode a file and copy it: where to, or why it is not used, or why it cannot be copied."""
    index, path = task
    try:
        content = read_content(path, limits.max_pixels)
        check_image(content, limits)
    except Exception as error:  # decoders raise anything; whatever it is, it is this file's
        return Refused(reason_of(error))
    if into is None:
        return path
    try:
        return keep_file(content, into, index, prefix=".")
    except OSError as error:
        return error


def _placed(copy: Path, folder: Path, index: int) -> Path:
    """Give a copy its number among those that are used."""
    return copy.rename(folder / f"{index:07d}{copy.suffix}")


def keep_file(content: bytes, folder: Path, index: int, *, prefix: str = "") -> Path:
    """Write an image that was checked, and not what its file may have become since."""
    ending = format_of(content[:HEAD_BYTES]) or "npy"  # of an array
    path = folder / f"{prefix}{index:07d}.{ending.lower()}"
    try:
        path.write_bytes(content)
    except FileNotFoundError:
        folder.mkdir(parents=True)
        path.write_bytes(content)
    return path


def _accounts(refused: list[dict[str, str]], others: dict[str, int]) -> str:
    told = [f"{entry['file']}: {entry['reason']}" for entry in refused[:3]]
    told += ["..."] if len(refused) > 3 else []
    told += [f"{count} {kind}" for kind, count in others.items()]
    return f" ({'; '.join(told)})" if told else ""
