"""Images for the library's calls, from whatever a user has them in."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from ganatomy.errors import InputError
from ganatomy.facade.folders import images_of, size_of_all

IMAGES = np.random.default_rng(3).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
WANTED = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)


class Faces:
    """A data set as people write them."""

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, place: int) -> tuple[Image.Image, int]:
        return Image.fromarray(IMAGES[place]), 0


@pytest.fixture(params=["folder", "zip", "npy", "parquet", "parquet folder", "class"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same five images, each time otherwise."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for k, image in enumerate(IMAGES):
        Image.fromarray(image).save(folder / f"{k}.png")
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        return tmp_path / "a.zip"
    if request.param == "npy":
        np.save(tmp_path / "a.npy", IMAGES / 127.5 - 1)
        return tmp_path / "a.npy"
    if request.param.startswith("parquet"):
        (tmp_path / "p").mkdir()
        column = [path.read_bytes() for path in sorted(folder.iterdir())]
        pq.write_table(pa.table({"image": column}), tmp_path / "p" / "a.parquet")
        return tmp_path / "p" / ("" if "folder" in request.param else "a.parquet")
    return Path(f"{__name__}:Faces") if request.param == "class" else folder


def _images_of(given: Path, told: list[str], **options: Any) -> torch.Tensor:
    asked = {"size": 8, "channels": 0, "count": 0, "where": "images", "fewest": 2} | options
    return images_of(given, warn=told.append, **asked)


def test_whatever_they_are_in_images_are_the_same(given: Path) -> None:
    told: list[str] = []
    assert torch.equal(_images_of(given, told), WANTED)
    assert torch.equal(_images_of(given, told, count=2), WANTED[[0, 2]])
    assert size_of_all(given, count=0, where="images") == 8
    assert any("-1 (black)" in text for text in told) == (given.suffix == ".npy")


def test_what_is_wrong_is_said_where_the_caller_says(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY")
    for path, what in ((tmp_path / "a.npy", "not a whole"), (Path("no.such:Class"), "no module")):
        with pytest.raises(InputError, match=what) as caught:
            _images_of(path, [])
        assert caught.value.where == "images"
