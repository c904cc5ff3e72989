"""Concepts of images: which there are, in which units, and that they are measured alike."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.data.features.tones import Contrast
from ganatomy.data.images import to_float
from ganatomy.errors import InputError
from ganatomy.explain.directions.concepts import feature_readers
from ganatomy.explain.rules.measuring import RANGE_COLUMNS, Concepts
from tests.unit.data.features import planted

WRITTEN = "tests.unit.data.features.written"


def _noise(count: int, channels: int = 1, height: int = 12, width: int = 10) -> torch.Tensor:
    draw = torch.Generator().manual_seed(count)
    return torch.rand(count, channels, height, width, generator=draw) * 2 - 1


class _Classifier(nn.Module):
    """Logits of three classes: brightness, its opposite, and one that never comes."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        mean = images.mean((1, 2, 3))
        return torch.stack([mean, -mean, torch.full_like(mean, -1e4)], 1)


def test_units_are_those_that_are_said() -> None:
    """Black to white is 0 to 1, by numpy on pixels from 0 to 1."""
    images = _noise(30)
    table = Concepts.on(images).table
    pixels = ((images + 1) / 2).numpy().astype(float)
    units = dict(zip(table.names, table.units))
    assert units["brightness"] == "mean, 0 black to 1 white"
    assert units["contrast"] == "standard deviation, 0 black to 1 white"
    for name, expected in (
        ("brightness", pixels.mean((1, 2, 3))),
        ("contrast", pixels.std((1, 2, 3))),
        ("cell_1_2", pixels[:, :, 3:6, 5:7].mean((1, 2, 3))),
        ("asymmetry", ((pixels - pixels[..., ::-1]) / 2).std((1, 2, 3))),
    ):
        np.testing.assert_allclose(table.column(name), expected, atol=1e-6)


def test_slant_is_in_degrees_and_place_in_pixels() -> None:
    table = Concepts.on(planted.bars([-30, 0, 20])).table
    assert table.column("orientation").tolist() == pytest.approx([-30, 0, 20], abs=2.5)
    spots = Concepts.on(planted.blobs([3.0] * 3, [(0, 0), (4, 0), (-2, 5)])).table
    assert spots.column("position_across").tolist() == pytest.approx([0, 4, -2], abs=0.1)
    assert spots.column("position_down").tolist() == pytest.approx([0, 0, 5], abs=0.1)


@pytest.mark.parametrize(
    ("channels", "there", "lacking"),
    [
        (1, set(), {"colour", "saturation", "red_green", "yellow_blue"}),
        (2, {"channel_0", "channel_1"}, {"colour"}),
        (3, {"colour", "saturation", "red_green", "yellow_blue"}, set()),
        (4, {"channel_3"}, {"saturation"}),
    ],
)
@pytest.mark.parametrize(("height", "width"), [(12, 10), (5, 7), (3, 3)])
def test_any_images_are_measured(
    channels: int, there: set[str], lacking: set[str], height: int, width: int
) -> None:
    concepts = Concepts.on(_noise(40, channels, height, width))
    assert there <= set(concepts.names)
    assert {concepts.left_out.get(name) for name in lacking} <= {"needs images in colour"}
    assert lacking <= concepts.left_out.keys()
    assert not set(concepts.names) & concepts.left_out.keys()
    assert {"brightness", "contrast", "thickness", "area"} <= set(concepts.names)
    cells = [name for name in concepts.names if name.startswith("cell_")]
    assert len(cells) == min(4, height, width) ** 2
    again = concepts.measure(_noise(40, channels, height, width))
    assert torch.equal(again.values, concepts.table.values)


def test_an_angle_is_left_out_and_says_why() -> None:
    assert "an angle" in Concepts.on(_noise(20, 3)).left_out["hue"]
    assert Concepts.on(_noise(20, 1)).left_out["hue"] == "needs images in colour"


def test_the_set_is_fixed_and_measured_alike_in_any_number_of_images() -> None:
    concepts = Concepts.on(_noise(50), evaluator=_Classifier(), class_names=("a", "b", "c"))
    images = _noise(700)
    whole = concepts.measure(images)
    assert whole.names == concepts.names
    parts = torch.cat([concepts.measure(part).values for part in images.split(93)])
    torch.testing.assert_close(parts, whole.values, rtol=1e-5, atol=1e-6)
    assert concepts.measure(images[:0]).values.shape == (0, len(concepts.names))
    for place, (name, read) in enumerate(concepts.readers().items()):
        assert name == concepts.names[place]
        read_alone = read(images).double()
        torch.testing.assert_close(read_alone, whole.values[:, place], rtol=1e-5, atol=1e-6)


def test_what_is_the_same_in_every_image_is_no_concept() -> None:
    images = planted.discs([5.0] * 20)
    images = images * torch.linspace(0.5, 1.0, 20).view(-1, 1, 1, 1)
    concepts = Concepts.on(images)
    assert "contrast" in concepts.names
    for name in ("area", "aspect", "holes", "components"):
        assert concepts.left_out[name] == "the same in every image"
    flat = Concepts.on(torch.zeros(5, 1, 8, 8))
    assert flat.names == ()
    assert flat.measure(torch.ones(3, 1, 8, 8)).values.shape == (3, 0)
    assert flat.left_out["aspect"] == "undefined in 100 % of the images"


@pytest.mark.parametrize(("empty", "is_kept"), [(2, True), (3, False)])
def test_undefined_values_are_the_median_and_at_most_one_in_twenty(
    empty: int, is_kept: bool
) -> None:
    images = planted.strips([2, 3, 4, 5] * 10)
    images[:empty] = -1.0
    concepts = Concepts.on(images)
    assert ("aspect" in concepts.names) == is_kept
    if is_kept:
        aspect = concepts.table.column("aspect")
        median = aspect[empty:].sort().values[(len(images) - empty - 1) // 2]
        assert aspect[:empty].tolist() == [float(median)] * empty
        new = concepts.measure(torch.full((3, 1, 32, 32), -1.0)).column("aspect")
        assert new.tolist() == [float(median)] * 3
        assert concepts.readers()["aspect"](images[:1]).tolist() == pytest.approx([float(median)])
    else:
        assert concepts.left_out["aspect"] == "undefined in 8 % of the images"


def test_probabilities_of_classes_come_from_the_evaluator() -> None:
    images = _noise(40)
    concepts = Concepts.on(images, evaluator=_Classifier(), class_names=("light", "dark", "never"))
    assert concepts.names[-2:] == ("probability(light)", "probability(dark)")
    assert concepts.left_out["probability(never)"] == "the same in every image"
    mean = images.mean((1, 2, 3)).tolist()
    expected = [1 / (1 + math.exp(-2 * each)) for each in mean]
    assert concepts.table.column("probability(light)").tolist() == pytest.approx(expected, abs=1e-6)
    assert concepts.giver("probability(dark)") is None
    assert concepts.feature("probability(dark)") is None


@pytest.mark.parametrize(
    ("evaluator", "class_names", "reason"),
    [
        (None, ("a", "b", "c"), "there is no evaluator"),
        (_Classifier(), (), "the data has no classes"),
    ],
)
def test_without_evaluator_or_classes_there_are_none(
    evaluator: nn.Module | None, class_names: tuple[str, ...], reason: str
) -> None:
    concepts = Concepts.on(_noise(10), evaluator=evaluator, class_names=class_names)
    assert concepts.left_out["probability"] == reason


@pytest.mark.parametrize(
    ("name", "shift", "within"),
    [
        ("brightness", 0.05, 1e-4),
        ("contrast", -0.03, 1e-3),
        ("orientation", 12.0, 1.5),
        ("position_across", 1.5, 0.1),
        ("position_down", -2.0, 0.1),
        ("scale", 0.4, 0.15),
    ],
)
def test_what_can_be_given_is_given_in_the_unit_of_the_concept(
    name: str, shift: float, within: float
) -> None:
    images = planted.blobs([2.0, 3.0, 3.5, 2.5], [(0, 0), (2, 1), (-1, 2), (1, -2)])
    images = (torch.cat([images, planted.bars([-10, 5, 15, 0])]) + 1) * 0.7 - 1
    concepts = Concepts.on(images)
    give = concepts.giver(name)
    assert give is not None
    wanted = concepts.table.column(name) + shift
    changed = concepts.measure(give(images, wanted))
    assert (changed.column(name) - wanted).abs().max() < within
    assert (concepts.table.column(name) - wanted).abs().min() > within
    if name.startswith("position"):
        other = {"position_across", "position_down"} - {name}
        kept = other.pop()
        assert (changed.column(kept) - concepts.table.column(kept)).abs().max() < 0.1


def test_concepts_know_the_features_that_change_them() -> None:
    concepts = Concepts.on(_noise(20))
    assert isinstance(concepts.feature("contrast"), Contrast)
    found = concepts.feature("high_frequencies")
    assert found is not None
    assert found.name == "blur"
    assert concepts.giver("high_frequencies") is None
    holes = concepts.feature("holes")
    assert holes is not None
    assert holes.modes == ()
    with pytest.raises(InputError, match="no concept 'blur'"):
        concepts.giver("blur")


def test_own_and_learned_concepts(digits: Dataset) -> None:
    images = to_float(digits.images)
    own = f"{WRITTEN}:MeasuredOnly"
    learned = {"learned:3": lambda images: images[:, 0, 14, 14]}
    concepts = Concepts.on(images, own=(own,), learned=learned)
    assert concepts.names[-2:] == (own, "learned:3")
    assert concepts.table.units[-2:] == ("pixels that are white", "")
    white = (digits.images == 255).sum((1, 2, 3))
    assert concepts.table.column(own).tolist() == white.tolist()
    assert torch.equal(concepts.table.column("learned:3"), images[:, 0, 14, 14].double())


def test_what_one_asked_for_and_is_no_concept_is_warned_of_once(digits: Dataset) -> None:
    images, told = to_float(digits.images), list[str]()
    own = [f"{WRITTEN}:{name}" for name in ("NotANumber", "MeasuredOnly", "AlwaysTheSame")]
    learned = {"learned:2": lambda images: images[:, 0, 0, 0] * 0}
    found = Concepts.on(images, own=own, learned=learned, on_warning=told.append)
    assert told == [
        f"{own[0]} is in no rule: it is undefined in 100 % of the images",
        f"{own[2]} is in no rule: it is the same in every image",
        "learned:2 is in no rule: it is the same in every image",
    ]
    assert own[1] in found.names


def test_what_is_only_measured_is_not_asked_for_a_change() -> None:
    with pytest.raises(InputError, match="no method 'measure'") as caught:
        Concepts.on(_noise(30), own=(f"{WRITTEN}:NoMeasure",))
    assert caught.value.remedy == "Write measure(images): one number for each image."


@pytest.mark.parametrize(
    ("given", "what", "where"),
    [
        ({"own": (f"{WRITTEN}:Even",)}, "chooses images", "own"),
        ({"own": (f"{WRITTEN}:Absent",)}, "has no 'Absent'", "own"),
        ({"learned": {"contrast": torch.mean}}, "two concepts are named contrast", "learned"),
        ({"evaluator": _Classifier(), "class_names": ("a", "b")}, r"gave \(30, 3\)", "evaluator"),
        (
            {"evaluator": nn.Linear(3, 2), "class_names": ("a", "b")},
            r"does not take images of shape \(1, 12, 10\)",
            "evaluator",
        ),
        ({"images": torch.zeros(1, 1, 8, 8)}, r"of shape \(1, 1, 8, 8\)", "images"),
        ({"images": torch.zeros(4, 1, 8, 8, dtype=torch.uint8)}, "uint8", "images"),
        ({"images": torch.full((4, 1, 8, 8), torch.nan)}, "not finite", "images"),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, object], what: str, where: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        Concepts.on(**({"images": _noise(30)} | given))  # type: ignore[arg-type]
    assert caught.value.where == where


def test_a_reader_that_such_images_do_not_fit_is_left_out_with_a_warning() -> None:
    told: list[str] = []
    readers = {"learned:1": lambda images: images[:, 5].mean((1, 2))}
    concepts = Concepts.on(_noise(20), learned=readers, on_warning=told.append)
    assert concepts.left_out["learned:1"] == "not made for images of 1 channel, 12 x 10"
    assert told == ["learned:1 is not read: it is not made for images of 1 channel, 12 x 10"]


def test_ranges_are_of_the_images_that_are_given() -> None:
    images = _noise(60)
    concepts = Concepts.on(images)
    part = concepts.table.take(torch.arange(20))
    ranges = concepts.ranges(part).set_index("name")
    assert [*concepts.ranges(part)] == RANGE_COLUMNS
    means = ((images[:20] + 1) / 2).mean((1, 2, 3)).double().numpy()
    expected = [means.min(), means.max(), means.mean(), means.std()]
    row = ranges.loc["brightness"]
    assert [row[key] for key in ("low", "high", "mean", "std")] == pytest.approx(expected, abs=1e-6)
    assert set(ranges.index[ranges["reason"] == ""]) == set(concepts.names)
    assert ranges.loc["saturation", "reason"] == "needs images in colour"
    assert math.isnan(ranges.loc["saturation", "mean"])


def test_directions_read_the_same_concepts() -> None:
    images = _noise(30)
    readers, table = feature_readers(images), Concepts.on(images).table
    assert tuple(readers) == table.names
    for name, read in readers.items():
        torch.testing.assert_close(read(images).double(), table.column(name), rtol=1e-6, atol=1e-7)
