"""Units as images, of a generator that draws one square with each of its units."""

from pathlib import Path

import pandas as pd
import torch
from torch import nn

from ganatomy.explain.units.unit_images import (
    AREA,
    FILE,
    IMAGES,
    images_of_units,
    load_units,
    save_units,
)
from ganatomy.rng import generator

SQUARES = [(slice(0, 2), slice(0, 2)), (slice(0, 2), slice(4, 6)), (slice(4, 6), slice(0, 2))]


class _Draw(nn.Module):
    """Maps (n, 3, 6, 6): in its square, unit k is as strong as coordinate k."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = torch.zeros(len(z), 3, 6, 6)
        for unit, square in enumerate(SQUARES):
            maps[:, unit, *square] = z[:, unit, None, None]
        return maps


class _Sum(nn.Module):
    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps.sum(1, keepdim=True)


def _generator() -> nn.Module:
    return nn.Sequential(_Draw(), _Sum(), nn.Dropout(0.5))  # shows a forgotten eval mode


def _z(count: int = 40) -> torch.Tensor:
    return torch.rand(count, 3, generator=generator(1, "z"))


def _table(*rows: tuple[int, str, float, bool]) -> pd.DataFrame:
    columns = ["unit", "concept", "effect", "stands_out"]
    return pd.DataFrame(rows, columns=columns).assign(layer="0")


def test_the_images_are_those_in_which_the_unit_is_most_active_with_and_without_it() -> None:
    z = _z()
    (found,) = images_of_units(_generator(), z, _table((1, "contrast", -0.5, True)))
    assert (found.layer, found.unit, found.concept, found.effect) == ("0", 1, "contrast", -0.5)
    strongest = z[:, 1].sort(descending=True).indices[:IMAGES]
    expected = _Sum()(_Draw()(z[strongest]))
    torch.testing.assert_close(found.images, expected)
    # held at its mean over latents and places: 4 of 36 places are as bright as the coordinate
    mean = z[:, 1].mean() * 4 / 36
    expected[:, 0] += mean
    expected[:, 0, *SQUARES[1]] -= z[strongest, 1, None, None]
    torch.testing.assert_close(found.without, expected)
    torch.testing.assert_close(found.activation, _Draw()(z[strongest])[:, 1])


def test_as_much_as_is_said_is_active() -> None:
    z = torch.linspace(0.1, 1, 60)[:, None].expand(60, 3)
    (found,) = images_of_units(_generator(), z, _table((0, "a", 0.1, True)))
    assert abs(float((_Draw()(z)[:, 0] > found.level).float().mean()) - AREA) < 0.01


def test_units_that_stand_out_come_once_the_largest_effect_first() -> None:
    table = _table(
        (0, "a", 0.3, True), (0, "b", -0.9, True), (1, "a", 5.0, False), (2, "a", -0.4, True)
    )
    found = images_of_units(_generator(), _z(), table)
    assert [(each.unit, each.concept) for each in found] == [(0, "b"), (2, "a")]
    assert len(images_of_units(_generator(), _z(), table, most=1)) == 1
    assert images_of_units(_generator(), _z(), table.assign(stands_out=False)) == ()


def test_saved_and_loaded_they_are_the_same_and_none_leave_nothing(tmp_path: Path) -> None:
    units = images_of_units(
        _generator(), _z(), _table((0, "a", 0.3, True), (2, "D's logit", -0.4, True))
    )
    save_units(units, tmp_path)
    again = load_units(tmp_path)
    assert len(again) == 2
    for one, other in zip(units, again):
        for name, value in vars(one).items():
            if isinstance(value, torch.Tensor):
                torch.testing.assert_close(getattr(other, name), value, rtol=0, atol=0)
            else:
                assert getattr(other, name) == value
    save_units((), tmp_path)
    assert not (tmp_path / FILE).exists()
    assert load_units(tmp_path) == ()
