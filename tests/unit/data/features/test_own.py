"""A user's own features: sound ones work as ours do, faulty ones are refused in words."""

from pathlib import Path

import pytest
import torch

from ganatomy.data.dataset import Dataset
from ganatomy.data.features import Feature, Selection, find, known
from ganatomy.data.images import to_float
from ganatomy.errors import InputError

WRITTEN = "tests.unit.data.features.written"


def _find(name: str, dataset: Dataset) -> Feature | Selection:
    return find(name, known(dataset), dataset)


def test_the_smallest(digits: Dataset) -> None:
    feature = _find(f"{WRITTEN}:Corner", digits)
    assert isinstance(feature, Feature)
    assert (feature.name, feature.kind, feature.modes) == (f"{WRITTEN}:Corner", "own", ("remove",))
    assert "Corner" in feature.meaning("remove")
    images = to_float(digits.images)
    changed = feature.change(images, "remove", 0)
    assert (changed[..., :3, :3] == 0.5).all()
    assert torch.equal(changed[..., 3:], images[..., 3:])
    assert torch.equal(feature.measure(changed), torch.full((len(digits),), 0.5))
    with pytest.raises(InputError, match="no mode 'permute'"):
        feature.change(images, "permute", 0)


def test_what_it_says_of_itself(digits: Dataset) -> None:
    feature = _find(f"{WRITTEN}:Described", digits)
    assert (feature.kind, feature.unit, feature.modes) == ("tone", "levels", ("remove", "noise"))
    assert feature.meaning("noise") == "the corner is changed by noise"


def test_global_random_numbers_are_seeded_and_left_alone(digits: Dataset) -> None:
    feature = _find(f"{WRITTEN}:Described", digits)
    assert isinstance(feature, Feature)
    images = to_float(digits.images[:20])
    state = torch.get_rng_state()
    first = feature.change(images, "noise", 1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(5)
    assert torch.equal(feature.change(images, "noise", 1), first)
    assert not torch.equal(feature.change(images, "noise", 2), first)


def test_one_that_selects(digits: Dataset) -> None:
    feature = _find(f"{WRITTEN}:Even", digits)
    assert isinstance(feature, Selection)
    assert feature.select(digits, "remove", 0).tolist() == list(range(0, 300, 2))
    assert feature.measure(digits).tolist() == [0, 1] * 150


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("NeedsArgument", "constructor raised TypeError", "without arguments"),
        ("Exiting", "constructor raised KeyError: 'weights'", "without arguments"),
        ("NOT_A_CLASS", "constructor raised TypeError", "without arguments"),
        ("Cornr", "has no 'Cornr'", "Corner, "),
        ("NoChange", "no method 'change'", "select(dataset, mode, seed)"),
        ("NoMeasure", "no method 'measure'", "measure(images)"),
        ("UnknownMode", "modes = ('erase',)", "remove, permute, noise"),
        ("OneString", "modes = 'remove'", "as a tuple"),
        ("Shorter", "shape (15, 1, 28, 28), expected images of shape (16, 1, 28, 28)", "all"),
        ("Nothing", "gave a NoneType", "Return all images"),
        ("Double", "torch.float64 on cpu, expected torch.float32", ".to(images)"),
        ("NotFinite", "not finite", "division"),
        ("OutOfRange", "between 1.5 and 1.5, expected [-1, 1]", "clamp(-1, 1)"),
        ("InPlace", "changes its input", "clone"),
        ("Fickle", "another result each time", "ganatomy.rng.generator"),
        ("Failing", "change raised IndexError: no row 28", "Mend"),
        ("ScalarMeasure", "shape (), expected a tensor of shape (16,)", "one number"),
        ("Mask", "gave a torch.bool tensor of shape (16,)", "LongTensor"),
        ("TooFar", "places from 0 to 16 of 16 images", "LongTensor"),
    ],
)
def test_faults(name: str, what: str, remedy: str, digits: Dataset) -> None:
    with pytest.raises(InputError) as caught:
        _find(f"{WRITTEN}:{name}", digits)
    assert caught.value.what.startswith(f"{WRITTEN}:{name}: ")
    assert what in caught.value.what
    assert remedy in caught.value.remedy
    assert caught.value.where == "features"


def test_its_own_words_are_kept(digits: Dataset) -> None:
    with pytest.raises(InputError, match=r"no faces here \[my data\]\. Use faces\."):
        _find(f"{WRITTEN}:InWords", digits)


def test_modules_that_cannot_be_imported(
    digits: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "feature_that_fails.py").write_text("1 / 0")
    with pytest.raises(InputError, match="importing feature_that_fails raised ZeroDivisionError"):
        _find("feature_that_fails:A", digits)
    with pytest.raises(InputError, match=r"no module 'absent_one'.*Put absent_one/part\.py"):
        _find("absent_one.part:A", digits)
