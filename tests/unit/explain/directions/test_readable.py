"""Directions as features, on generators whose factors are known: read, changed, refused."""

from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import UNLABELLED, Dataset
from ganatomy.data.features.learned_set import LearnedFeatures
from ganatomy.data.features.recipes import recipes
from ganatomy.data.images import to_float, to_uint8
from ganatomy.data.recipe import Recipe, Regions
from ganatomy.data.variants import apply
from ganatomy.errors import InputError
from ganatomy.explain.directions.readable import ReadingSettings, learn_features, learned_readers
from ganatomy.explain.directions.study import DirectionsSettings, find_directions
from ganatomy.rng import generator
from tests.unit.damaged import refuses_damage
from tests.unit.explain.directions.planted import (
    DIM,
    SIDE,
    Alike,
    Blob,
    Linear,
    factors,
    patterns,
)

QUICK = DirectionsSettings(num_random=6, num_held_out=24, num_images=700)
FEW = ReadingSettings(num_components=24, num_centres=120, num_changed=300)


def drawn(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed))


def learnt(generator: nn.Module, count: int = 900) -> LearnedFeatures:
    study = find_directions(generator, drawn(400, 1), settings=QUICK)
    return learn_features(study, generator, drawn(count, 2), settings=FEW)


def correlation(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([one.double(), other.double()]))[0, 1])


def middles(images: torch.Tensor) -> torch.Tensor:
    """Columns and rows of the middle of what is bright, shape (n, 2), of a spot on black."""
    bright, axis = (images[:, 0] + 1) / 2, torch.arange(SIDE).float()
    total = bright.sum((1, 2))
    across, down = bright.sum(1) @ axis, bright.sum(2) @ axis
    return torch.stack([across / total, down / total], 1)


@pytest.fixture(scope="module")
def blob() -> LearnedFeatures:
    return learnt(Blob())


@pytest.fixture(scope="module")
def folder(blob: LearnedFeatures, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("learned")
    blob.save(made)
    return made


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Images of spots of which nobody has seen the latents."""
    images = to_uint8(Blob()(drawn(300, 9)).detach())
    return Dataset(images, torch.full((300,), UNLABELLED))


def test_a_linear_generator_is_read_and_followed_as_it_was_built() -> None:
    """In closed form: a step along a factor adds 0.3 times its strength of its pattern."""
    learned = learnt(Linear())
    assert list(learned.features) == ["learned:1", "learned:2", "learned:3"]
    assert all("stand out" in each.reason for each in learned.judged[3:])
    z = drawn(100, 3)
    images = Linear()(z).detach()
    for place, feature in enumerate(learned.features.values()):
        known = z @ factors(3)[place]
        sign = 1 if correlation(feature.measure(images), known) > 0 else -1
        assert correlation(feature.measure(images), sign * known) > 0.99
        built = images + sign * 0.3 * (3.0, 2.2, 1.8)[place] * patterns((1, 8, 8), 3)[place]
        walked = feature.walked(images, 1.0)
        # but for what is cut off at black and white
        assert float((walked - built.clamp(-1, 1)).square().sum()) < 0.03 * float(
            (images - built).square().sum()
        )
        judged = feature.judged
        assert judged.r2_low < judged.r2 < judged.r2_high <= 1
        assert judged.follows > 0.95
        assert judged.left < 0.1


def test_a_bent_factor_is_read_from_images_that_nothing_was_fitted_to(
    blob: LearnedFeatures,
) -> None:
    z = drawn(300, 4)
    images = Blob()(z).detach()
    for place in range(2):
        feature = blob.features[f"learned:{place + 1}"]
        found = correlation(feature.measure(images), z @ factors(3)[place])
        assert abs(found) > 0.9
        # what is stated of other images holds here
        assert found**2 == pytest.approx(feature.judged.r2, abs=0.08)


def test_changing_moves_the_factor_and_leaves_the_others(
    blob: LearnedFeatures, data: Dataset
) -> None:
    images = to_float(data.images)
    before = middles(images)
    across = blob.features["learned:1"]
    removed = across.change(images, "remove", 0)
    after = middles(removed)
    assert float(after[:, 0].std()) < 0.5 * float(before[:, 0].std())
    assert float(after[:, 1].std()) > 0.85 * float(before[:, 1].std())
    left = float(across.measure(removed).std() / across.measure(images).std())
    assert left == pytest.approx(across.judged.left, abs=0.12)
    assert left < 0.4
    permuted = across.change(images, "permute", 0)
    order = torch.randperm(300, generator=generator(0, "learned:1", "permute"))
    assert correlation(middles(permuted)[:, 0], before[order, 0]) > 0.85


def test_the_figure_of_following_is_the_share_of_gs_own_walk(blob: LearnedFeatures) -> None:
    """On fresh latents, by hand: squared distances to G's images, changed and as they were."""
    z = drawn(200, 11)
    study = find_directions(Blob(), drawn(400, 1), settings=QUICK)
    for number in (1, 2):
        feature = blob.features[f"learned:{number}"]
        apart, at_first = 0.0, 0.0
        for step in (1.0, -1.0):
            own = Blob()(z + step * study.directions[number - 1].float()).detach()
            images = Blob()(z).detach()
            apart += float((feature.walked(images, step) - own).square().sum())
            at_first += float((images - own).square().sum())
        judged = feature.judged
        assert judged.follows_low - 0.05 < 1 - apart / at_first < judged.follows_high + 0.05
        assert judged.follows > 0.5


def test_a_direction_that_no_image_tells_is_refused_with_its_figure() -> None:
    class Even(nn.Module):
        """The same image for z and -z."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(DIM, DIM, bias=False)
            self.layer.weight.data = torch.diag(torch.tensor([1.0] + (DIM - 1) * [0.05]))
            self.patterns = patterns((1, 8, 8), DIM)

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            strong = self.layer(z) * torch.tensor([0.0] + (DIM - 1) * [1.0])
            even = strong + self.layer(z).square() * torch.tensor([1.0] + (DIM - 1) * [0.0])
            return torch.einsum("nk,kchw->nchw", even, self.patterns)

    learned = learnt(Even())
    assert learned.features == {}
    assert "variance, less than 50 %" in learned.judged[0].reason
    with pytest.raises(InputError, match="learned:1 is no feature: its reading tells"):
        learned.find("learned:1")


def test_noise_has_no_learned_feature_and_says_why() -> None:
    learned = learnt(Alike())
    assert learned.features == {}
    assert learned.coordinates is None
    assert {"it does not stand out" in each.reason for each in learned.judged} == {True}
    assert learned.verdict().startswith("None of 5 directions are features")
    assert learned.metrics() == {"num_learned_features": 0}


def test_what_is_saved_is_loaded(
    blob: LearnedFeatures, folder: Path, data: Dataset, tmp_path: Path
) -> None:
    loaded = LearnedFeatures.load(folder)
    assert loaded.verdict() == blob.verdict()
    assert loaded.metrics() == blob.metrics()
    images = to_float(data.images)
    for name, feature in blob.features.items():
        assert torch.equal(feature.measure(images), loaded.features[name].measure(images))
        same = [each.change(images, "permute", 1) for each in (feature, loaded.features[name])]
        assert torch.equal(*same)
    none = learnt(Alike())
    none.save(tmp_path / "none")
    assert LearnedFeatures.load(tmp_path / "none").verdict() == none.verdict()
    refused = refuses_damage(blob, LearnedFeatures.load, tmp_path)
    assert {each.split()[0] for each in refused} == {"learned.json", "learned.safetensors"}


def test_a_variant_is_made_of_it_whatever_the_chunk(folder: Path, data: Dataset) -> None:
    made = recipes(
        ["contrast", "learned:1", "learned:2:permute"],
        data,
        num_nulls=1,
        seed=0,
        interactions=["contrast+learned:1"],
        regions=Regions(learned=str(folder)),
    )
    names = ["contrast", "learned:1", "learned:2-permute", "contrast+learned:1", "null_0"]
    assert [each.name for each in made] == names
    assert [bool(each.regions.learned) for each in made] == [False, True, True, True, False]
    assert made[1].kind == "learned"
    assert made[1].concept == "position_across"
    assert "direction 1 of G's latents (position_across)" in made[1].meaning
    for recipe in made:
        assert Recipe.from_json(recipe.to_json()) == recipe
    for recipe in made[1:4]:
        whole, in_parts = apply(data, recipe), apply(data, recipe, chunk=37)
        assert torch.equal(whole.dataset.images, in_parts.dataset.images)
        assert whole.change > 1


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("learned:99", "no learned:99: G has 5 directions that were looked at"),
        ("learned:x", "'learned:x' names no direction"),
        ("learned:0", "'learned:0' names no direction"),
        ("learned:5", "learned:5 is no feature: it does not stand out"),
    ],
)
def test_what_is_none_is_refused_in_words(
    folder: Path, data: Dataset, name: str, what: str
) -> None:
    with pytest.raises(InputError, match=what) as raised:
        recipes([name], data, num_nulls=3, seed=0, regions=Regions(learned=str(folder)))
    assert raised.value.where == "features"


def test_without_a_generators_directions_it_is_refused(data: Dataset) -> None:
    with pytest.raises(InputError, match="no directions of a generator were given"):
        recipes(["learned:1"], data, num_nulls=3, seed=0)


def test_too_few_latents_are_refused() -> None:
    study = find_directions(Blob(), drawn(400, 1), settings=QUICK)
    with pytest.raises(InputError, match="10 latents"):
        learn_features(study, Blob(), drawn(10, 2))


def test_readers_read_the_same_by_name(blob: LearnedFeatures, data: Dataset) -> None:
    images = to_float(data.images)
    study = find_directions(Blob(), drawn(400, 1), settings=QUICK)
    readers = learned_readers(study, Blob(), drawn(300, 2))
    assert list(readers) == list(blob.features)
    assert readers["learned:1"](images).shape == (300,)
    read = blob.readers()["learned:1"](images)
    assert correlation(readers["learned:1"](images), read) > 0.95
    assert blob.titles()["learned:1"] == "learned:1 (position_across)"
