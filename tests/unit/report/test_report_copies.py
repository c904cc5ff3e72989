"""The panel of suspects: the images that are meant, at their places."""

import numpy as np
import pytest
import torch

from ganatomy.metrics.copies import Suspects
from ganatomy.report.copies import suspects_sheet


def _suspects(count: int = 2, num_spaces: int = 2, ratio: float = 0.5) -> Suspects:
    names = ["pixels", "features"][:num_spaces]
    return Suspects(
        torch.arange(count) + 1,
        {name: torch.arange(count) + k for k, name in enumerate(names)},
        {name: torch.full((count,), ratio) for name in names},
    )


def _images(seed: int, channels: int = 1) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(256, (6, channels, 28, 28), generator=draw, dtype=torch.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count", [1, 3])
def test_equal_data_gives_equal_pixels(channels: int, count: int) -> None:
    arguments = (_images(0, channels), _images(1, channels), _suspects(count))
    first, second = suspects_sheet(*arguments), suspects_sheet(*arguments)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.uint8
    assert first.std() > 10


def test_sheet_grows_with_suspects_and_spaces() -> None:
    def shape(count: int, spaces: int) -> tuple[int, ...]:
        return suspects_sheet(_images(0), _images(1), _suspects(count, spaces)).shape

    assert shape(4, 1)[0] == shape(2, 1)[0]
    assert shape(4, 1)[1] > 1.2 * shape(2, 1)[1]
    assert shape(2, 2)[0] == pytest.approx(1.5 * shape(2, 1)[0], abs=2)


@pytest.mark.parametrize("where", ["fake", "pixels", "features"])
def test_each_image_stands_in_its_row(where: str) -> None:
    """Black images but for one white fake or training image; rows in order, columns too."""
    fakes, train = torch.zeros(2, 6, 1, 28, 28, dtype=torch.uint8)
    if where == "fake":
        fakes[2] = 255
    else:
        train[{"pixels": 5, "features": 4}[where]] = 255
    nearest = {"pixels": torch.tensor([0, 5]), "features": torch.tensor([1, 4])}
    ratio = {name: torch.tensor([0.2, 3.0]) for name in nearest}
    arguments = (train, Suspects(torch.tensor([1, 2]), nearest, ratio))
    white = suspects_sheet(fakes, *arguments).astype(int)
    black = suspects_sheet(torch.zeros_like(fakes), torch.zeros_like(train), arguments[1])
    changed = np.argwhere((white - black).min(-1) > 200)
    height, width = white.shape[:2]
    row = ["fake", "pixels", "features"].index(where)
    assert len(changed) > 1000
    assert np.all(changed[:, 0] * 3 // height == row)
    assert changed[:, 1].min() > width * 0.55


def test_a_ratio_below_one_is_red() -> None:
    def red(ratio: float) -> int:
        sheet = suspects_sheet(_images(0), _images(1), _suspects(3, 2, ratio)).astype(int)
        return int(((sheet[..., 0] - sheet[..., 2]) > 100).sum())

    assert red(0.99) > 50
    assert red(1.01) == 0
