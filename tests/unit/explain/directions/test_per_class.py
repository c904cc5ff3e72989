"""Directions of a conditional generator whose classes are known to differ."""

import pandas as pd
import pytest
import torch
from torch import nn

from ganatomy.explain.directions.per_class import CLASS_COLUMNS, MOST_CLASSES, classes_of
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.settings import DirectionsSettings
from ganatomy.explain.directions.study import find_directions
from tests.unit.explain.directions.planted import Classed, Linear, patterns
from tests.unit.explain.directions.test_methods import latents

QUICK = DirectionsSettings(
    num_directions=3, num_random=6, num_held_out=24, num_images=300, num_draws=0
)
READERS = {
    name: lambda images, own=own: (images * own).sum((1, 2, 3))
    for name, own in zip("abc", patterns((1, 8, 8), 3))
}


def _classed(generator: nn.Module, first: int = 0) -> DirectionsStudy:
    """All latents but one are of a class: what is found there is found overall."""
    classes = nn.functional.one_hot(torch.full((400,), first), 3).float()
    return find_directions(
        generator,
        torch.cat([latents(), classes], 1),
        num_classes=3,
        class_names=("plain", "strong", "turned"),
        readers=READERS,
        settings=QUICK,
    )


@pytest.fixture(scope="module")
def classes() -> pd.DataFrame:
    return _classed(Classed()).classes.set_index(["class", "direction"])


def test_an_effect_that_a_class_doubles_is_twice_there_and_differs(classes: pd.DataFrame) -> None:
    assert classes.reset_index().columns.tolist() == CLASS_COLUMNS
    effect = classes["effect"]
    assert effect["strong", 2] / effect["plain", 2] == pytest.approx(2.0, rel=1e-3)
    assert effect["turned", 2] == pytest.approx(effect["plain", 2], rel=1e-3)
    assert classes["stands_out"]["strong", 2]
    assert classes["differs"]["strong", 2] * effect["plain", 2] > 0
    assert classes["change"]["strong", 2] / classes["change"]["plain", 2] == pytest.approx(
        2.0, rel=1e-3
    )


def test_a_class_with_a_direction_of_its_own_has_no_such_one(classes: pd.DataFrame) -> None:
    assert classes["cosine"]["plain", 1] > 0.999
    assert classes["cosine"]["turned", 1] < 0.01
    assert classes["effect"]["turned", 1] == pytest.approx(0.0, abs=1e-3)
    assert classes["cosine"]["strong", 2] > 0.999


def test_the_third_factor_is_alike_in_all_classes(classes: pd.DataFrame) -> None:
    own = classes.xs(3, level="direction")
    assert own["cosine"].min() > 0.999
    assert own["differs"].abs().max() < 1e-4
    assert not own["stands_out"].any()


def test_classes_that_do_not_differ_are_said_to_be_alike() -> None:
    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Linear()

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return self.inner(z)

    study = _classed(Same())
    assert not study.classes["stands_out"].any()
    assert "alike in every class" in study.verdict()
    differing = _classed(Classed()).verdict()
    assert "Not alike in every class is the effect of directions 1 and 2" in differing


def test_of_many_classes_some_are_asked_about() -> None:
    assert classes_of(0) == []
    assert classes_of(7) == list(range(7))
    assert len(classes_of(23)) == MOST_CLASSES
    assert classes_of(1000) == list(range(0, 1000, 100))


def test_a_generator_without_classes_has_no_such_rows() -> None:
    study = find_directions(Linear(), latents(), settings=QUICK)
    assert study.classes.empty
    assert study.classes.columns.tolist() == CLASS_COLUMNS
