"""The panel of suspects: the images that are meant, at their places."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ganatomy.report.figures.suspects_sheet import suspects_sheet


def _sheet(
    fakes: torch.Tensor,
    train: torch.Tensor,
    count: int = 2,
    num_spaces: int = 2,
    ratio: float = 0.5,
) -> NDArray[np.uint8]:
    """The sheet of the fakes from number 1 on; one training image further on in each space."""
    names = ["pixels", "features"][:num_spaces]
    nearest = {name: train[torch.arange(count) + k] for k, name in enumerate(names)}
    ratios = {name: [ratio] * count for name in names}
    return suspects_sheet(fakes[1 : count + 1], nearest, range(1, count + 1), ratios=ratios)


def _images(seed: int, channels: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(256, (6, channels, 28, 28), generator=draw, dtype=torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 3])
def test_equal_data_gives_equal_pixels(channels: int, count: int) -> None:
    arguments = (_images(0, channels), _images(1, channels), count)
    first, second = _sheet(*arguments), _sheet(*arguments)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.std() > 10


def test_sheet_grows_with_suspects_and_spaces() -> None:
    def shape(count: int, spaces: int) -> tuple[int, ...]:
        return _sheet(_images(0), _images(1), count, spaces).shape

    assert shape(4, 1)[0] == shape(2, 1)[0]
    assert shape(4, 1)[1] > 1.2 * shape(2, 1)[1]
    assert shape(2, 2)[0] == pytest.approx(1.5 * shape(2, 1)[0], abs=2)


@pytest.mark.parametrize("where", ["fake", "pixels", "features"])
def test_each_image_stands_in_its_row(where: str) -> None:
    """Black images but for one white fake or training image; rows in order, columns too."""
    rows = ("fake", "pixels", "features")
    pictures = {name: torch.zeros(2, 1, 28, 28, dtype=torch.uint8) for name in rows}
    ratios = {name: [0.2, 3.0] for name in rows[1:]}

    def sheet() -> NDArray[np.uint8]:
        nearest = {name: pictures[name] for name in rows[1:]}
        return suspects_sheet(pictures["fake"], nearest, [1, 2], ratios=ratios)

    black = sheet()
    pictures[where][1] = 255
    white = sheet().astype(int)
    changed = np.argwhere((white - black).min(-1) > 200)
    height, width = white.shape[:2]
    row = rows.index(where)
    assert len(changed) > 1000
    assert np.all(changed[:, 0] * 3 // height == row)
    assert changed[:, 1].min() > width * 0.55


def test_a_ratio_below_one_is_red() -> None:
    def red(ratio: float) -> int:
        sheet = _sheet(_images(0), _images(1), 3, 2, ratio).astype(int)
        return int(((sheet[..., 0] - sheet[..., 2]) > 100).sum())

    assert red(0.99) > 50
    assert red(1.01) == 0
