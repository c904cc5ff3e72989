"""What holds for every feature in every mode."""

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import MODES, Feature, Pixels, known
from ganatomy.data.images import to_float, to_uint8
from ganatomy.errors import InputError
from tests.unit.conftest import MakeDataset


def _pixel_features() -> list[tuple[str, str]]:
    dataset = Dataset(torch.zeros(2, 3, 28, 28, dtype=torch.uint8), torch.zeros(2).long())
    return [
        (name, mode)
        for name, feature in known(dataset, grid=2).items()
        for mode in feature.modes
        if isinstance(feature, Feature) and name not in ("cell_0_1", "cell_1_0", "cell_1_1")
    ]


PAIRS = _pixel_features()
MEASURED_ONLY = {
    "area", "aspect", "elongation", "components", "holes", "edge_width", "red_green", "yellow_blue",
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset(digits: Dataset, make_dataset: MakeDataset) -> Dataset:
    """Coloured digits before various backgrounds, and random pixels."""
    grey = digits.take(torch.arange(0, 300, 6)).images
    draw = torch.Generator().manual_seed(0)
    tint, wall = (torch.rand(50, 3, 1, 1, generator=draw) for _ in range(2))
    random = make_dataset(50, 3).images
    coloured = grey * tint + (255 - grey) * wall / 4
    images = torch.cat([coloured.to(torch.uint8), random // 2 + 40])
    return Dataset(images, torch.arange(100) % 2, ("a", "b"))


def _feature(name: str, dataset: Dataset) -> Feature:
    feature = known(dataset, grid=2)[name]
    assert isinstance(feature, Feature)
    return feature


def test_all_kinds_are_there() -> None:
    images = torch.zeros(2, 3, 28, 28, dtype=torch.uint8)
    columns = {"old": torch.tensor([0.0, 1.0])}
    features = known(Dataset(images, torch.arange(2), ("a", "b"), columns))
    assert {feature.kind for feature in features.values()} == {
        "region", "tone", "frequency", "geometry", "stroke", "symmetry", "background", "colour",
        "noise", "class", "balance", "attribute", "shape",
    }  # fmt: skip
    assert all(feature.name == name for name, feature in features.items())
    assert all(feature.unit for feature in features.values())
    assert {name for name, f in features.items() if not f.modes} == MEASURED_ONLY
    assert all(set(f.modes) <= set(MODES) for f in features.values())
    meanings = [f.meaning(mode) for f in features.values() for mode in f.modes]
    assert len(set(meanings)) == len(meanings)
    assert all(len(meaning.split()) >= 4 for meaning in meanings)


@pytest.mark.parametrize(("name", "mode"), PAIRS)
def test_change(name: str, mode: str, dataset: Dataset) -> None:
    """In range, of the same shape, another one; the input stays, the seed decides."""
    feature, images = _feature(name, dataset), to_float(dataset.images)
    before = images.clone()
    torch.manual_seed(1)
    changed = feature.change(images, mode, 3)
    torch.manual_seed(2)
    again = feature.change(images, mode, 3)
    assert torch.equal(images, before)
    assert torch.equal(again, changed)
    assert changed.shape == images.shape
    assert changed.dtype == torch.float32
    assert changed.isfinite().all()
    assert changed.abs().max() <= 1
    assert not torch.equal(to_uint8(changed), dataset.images)
    other = feature.change(images, mode, 4)
    assert torch.equal(other, changed) == (mode == "remove")
    values = feature.measure(changed)
    assert values.shape == (len(images),)
    assert values.isfinite().all()


@pytest.mark.parametrize(("name", "mode"), PAIRS)
def test_chunks_do_not_matter(name: str, mode: str, dataset: Dataset) -> None:
    feature = _feature(name, dataset)
    (whole,) = (to_uint8(part) for part in feature.parts(Pixels(dataset.images), mode, 0))
    for chunk in (7, 64):
        parts = list(feature.parts(Pixels(dataset.images, chunk), mode, 0))
        assert [len(part) for part in parts][:-1] == [chunk] * (len(parts) - 1)
        assert torch.equal(torch.cat([to_uint8(part) for part in parts]), whole)


@pytest.mark.parametrize("name", ["colour", "hue", "saturation"])
@pytest.mark.parametrize("mode", MODES)
def test_grey_images_have_no_colour(name: str, mode: str, dataset: Dataset) -> None:
    feature, grey = _feature(name, dataset), torch.zeros(4, 1, 28, 28)
    with pytest.raises(InputError, match=f"grey images have no {name}"):
        feature.change(grey, mode, 0)


@pytest.mark.parametrize(("name", "mode"), PAIRS)
def test_flat_images_do_no_harm(name: str, mode: str) -> None:
    """No division by zero where there is no mass, no contrast, no colour."""
    black = torch.full((3, 3, 28, 28), -1.0)
    grey = Dataset(to_uint8(black), torch.zeros(3).long())
    feature = _feature(name, grey)
    changed = feature.change(black, mode, 0)
    assert changed.isfinite().all()
    assert feature.measure(changed).isfinite().all()
    if mode != "noise":
        assert torch.equal(to_uint8(changed), grey.images)


def test_a_mode_that_is_none(dataset: Dataset) -> None:
    with pytest.raises(InputError, match=r"class_a has no mode 'noise'.*It has: remove\."):
        known(dataset)["class_a"].meaning("noise")
    with pytest.raises(InputError, match=r"contrast has no mode 'shuffle'.*remove, permute, noise"):
        _feature("contrast", dataset).change(to_float(dataset.images), "shuffle", 0)
