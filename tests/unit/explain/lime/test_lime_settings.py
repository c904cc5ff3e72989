"""One record for all who explain by LIME: its choices, its defaults and what it refuses."""

from dataclasses import fields
from typing import Any

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.hiding import fills_of, segments_of, square_side
from ganatomy.explain.lime.segments import grid
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from tasks.lime.params import Lime

_OTHERS: dict[str, Any] = {
    "engine": "lime",
    "design": "iid",
    "num_samples": 99,
    "tolerance": 0.5,
    "max_samples": 1000,
    "segments": "masks",
    "segment_side": 5,
    "num_segments": 9,
    "masks": ["one.png"],
    "baseline": "mean",
}


def test_defaults_of_the_records_are_those_of_the_parameters() -> None:
    params = Lime()
    assert params.sampling() == LimeSampling()
    assert params.hiding() == Hiding()


@pytest.mark.parametrize("record", [LimeSampling, Hiding])
def test_each_parameter_of_the_records_name_is_handed_on(record: Any) -> None:
    """Every one that the section has is in the record, with a value that is not the default."""
    params = Lime(**_OTHERS)
    made = params.sampling() if record is LimeSampling else params.hiding()
    names = {field.name for field in fields(record)}
    assert names & set(Lime.model_fields) == names & set(_OTHERS)
    for name in names & set(_OTHERS):
        expected = tuple(_OTHERS[name]) if name == "masks" else _OTHERS[name]
        assert getattr(made, name) == expected != getattr(record(), name)


@pytest.mark.parametrize(
    ("record", "argument"),
    [
        (LimeSampling, "engine"),
        (LimeSampling, "design"),
        (Hiding, "segments"),
        (Hiding, "baseline"),
    ],
)
def test_an_unknown_choice_is_refused_by_the_arguments_name(record: Any, argument: str) -> None:
    with pytest.raises(InputError, match=f"no {argument} 'other'") as error:
        record(**{argument: "other"})
    assert error.value.where == argument


def test_masks_without_a_mask_are_refused() -> None:
    with pytest.raises(InputError, match="no masks") as error:
        Hiding(segments="masks")
    assert error.value.where == "masks"


def test_what_hides_is_made_from_the_segments_that_are_hidden() -> None:
    images = torch.rand(2, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    assert torch.equal(segments_of(Hiding(segment_side=3), images), grid(12, 12, 3))
    assert square_side(Hiding(), 12) == 2
    assert square_side(Hiding(segment_side=3), 12) == 3
    fills = fills_of(Hiding(baseline="inpaint", segment_side=3), images)
    other = fills_of(Hiding(baseline="inpaint", segment_side=4), images)
    assert fills.shape == (2, 1, 1, 12, 12)
    assert not torch.equal(fills, other)
