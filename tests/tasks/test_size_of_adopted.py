"""A generator of another size or other channels: which parameters would fit it."""

import pytest
from torch import nn

from ganatomy.errors import InputError
from ganatomy.gan.adopt.adopted import Adopted
from tasks.contract import examined


class _Found:
    generator = nn.Identity()


class _Probed:
    def __init__(self, shape: tuple[int, int, int]) -> None:
        self.image_shape = shape


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ((3, 36, 36), "prepare.image_size=36 and prepare.channels=3."),
        ((4, 40, 64), "prepare.image_size=[40, 64] and prepare.channels=all."),
        ((2, 28, 28), "prepare.image_size=28 and prepare.channels=all."),
    ],
)
def test_the_parameters_that_fit_are_told_and_allowed(
    made: tuple[int, int, int], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examined, "probe", lambda found: _Probed(made))
    found: Adopted = _Found()  # type: ignore[assignment]
    examined.check_size(found, made)
    with pytest.raises(InputError) as caught:
        examined.check_size(found, (1, 28, 28))
    assert caught.value.remedy == f"Set {told}"
