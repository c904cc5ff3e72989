"""LIME of a GAN of which a part is missing: what there is is what a whole one has, no more."""

from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.data.dataset import Dataset
from ganatomy.errors import InputError
from ganatomy.explain.lime.pool import pool_of
from ganatomy.explain.lime.result import CASES, LimeStudy
from ganatomy.explain.lime.settings import Hiding, LimeSampling
from ganatomy.explain.lime.study import explain_by_lime
from ganatomy.explain.networks.named import Vocabulary
from ganatomy.explain.networks.subjects import Subjects
from ganatomy.explain.networks.targets import Target

HEIGHT, WIDTH, DIM = 8, 12, 3
SAMPLING, HIDING = LimeSampling(num_samples=64), Hiding(segment_side=3)
torch.manual_seed(0)
G = nn.Sequential(nn.Linear(DIM, 2 * HEIGHT * WIDTH), nn.Unflatten(1, (2, HEIGHT, WIDTH)))
D = nn.Sequential(nn.Flatten(), nn.Linear(2 * HEIGHT * WIDTH, 1), nn.Flatten(0))
REALS, Z = torch.rand(5, 2, HEIGHT, WIDTH) * 2 - 1, torch.randn(6, DIM)
FAKES = G(Z).detach()
LEFT = Target("left", G, lambda z: G(z)[..., : WIDTH // 2].mean((1, 2, 3)))
WHOLE = Subjects.of(G, D, real=REALS, z=Z)
_PARTS = {
    "d_real": Subjects.of(None, D, real=REALS),
    "d_fake": Subjects.of(None, D, fake=FAKES),
    "d_real d_fake": Subjects.of(None, D, real=REALS, fake=FAKES),
    "d_fake g_regions": Subjects.of(G, D, z=Z),
    "": Subjects.of(G, None, z=Z),
}


def _explain(subjects: Subjects, warnings: list[str] | None = None) -> LimeStudy:
    return explain_by_lime(
        subjects,
        sampling=SAMPLING,
        hiding=HIDING,
        further={"left": LEFT},
        on_warning=(lambda text: None) if warnings is None else warnings.append,
    )


@pytest.mark.parametrize("keys", _PARTS)
def test_there_are_the_cases_that_can_be_and_the_rest_is_told_once(
    keys: str, tmp_path: Path
) -> None:
    subjects, warnings = _PARTS[keys], list[str]()
    found = _explain(subjects, warnings)
    assert list(found.cases) == keys.split()
    assert (found.latents is not None) == subjects.has_generator
    lacking = [
        name
        for name, is_there in (
            ("no discriminator", subjects.has_discriminator),
            ("no generator", subjects.has_generator),
            ("no real images", len(subjects.real) or not subjects.has_discriminator),
            ("no generated images", len(subjects.fake) or not subjects.has_discriminator),
        )
        if not is_there
    ]
    for name in lacking:
        assert sum(text.startswith(name) for text in warnings) == 1
    assert len(found.left_out) == len(lacking)
    for name, key in (("real images", "d_real"), ("generated images", "d_fake")):
        assert (f"At {name} a linear surrogate" in found.verdict()) == (key in found.cases)
    _explain(WHOLE).save(tmp_path)  # what an earlier result has left there is not of this one
    found.save(tmp_path)
    again = LimeStudy.load(tmp_path)
    assert again.verdict() == found.verdict()
    assert again.metrics().keys() == found.metrics().keys()
    assert list(again.cases) == keys.split()
    assert again.hiding == found.hiding


def test_a_discriminator_alone_is_explained_as_within_a_whole_gan() -> None:
    alone, whole = _explain(_PARTS["d_real d_fake"]), _explain(WHOLE)
    assert alone.hiding == whole.hiding
    for key, case in alone.cases.items():
        assert torch.equal(case.maps, whole.cases[key].maps)


def test_of_a_generator_alone_the_latents_of_ones_own_target_are_weighed() -> None:
    found = _explain(_PARTS[""]).latents
    assert found is not None
    linear = G[0]
    assert isinstance(linear, nn.Linear)
    slopes = linear.weight.detach().unflatten(0, (2, HEIGHT, WIDTH))[..., : WIDTH // 2, :]
    expected = slopes.mean((0, 1, 2))
    mean = torch.tensor(found.of("left")["mean"].to_numpy()).float()
    torch.testing.assert_close(mean, expected, rtol=0, atol=1e-4)


def test_without_real_images_what_hides_is_asked_of_generated_ones_and_that_is_said() -> None:
    found, by_hand = _explain(_PARTS["d_fake g_regions"]), _explain(_PARTS["d_fake"])
    assert found.hiding == by_hand.hiding
    assert found.hiding.asked_of == "generated"
    black = next(each for each in found.hiding.checks if each.baseline == "black")
    with torch.no_grad():
        rises = D(torch.full_like(FAKES, -1)) - D(FAKES)
    assert black.share == float((rises > 0).float().mean())
    assert "No real images were given, so D was asked about generated ones" in found.verdict()
    assert _explain(WHOLE).hiding.asked_of == "real"
    assert "No real images" not in _explain(WHOLE).verdict()


def test_what_hides_without_real_images_is_made_of_the_training_data_or_of_generated_ones() -> None:
    generated = _PARTS["d_fake"]
    assert torch.equal(pool_of(generated, None), FAKES)
    train = Dataset(torch.zeros(4, 2, HEIGHT, WIDTH, dtype=torch.uint8), torch.zeros(4).long(), ())
    assert torch.equal(pool_of(generated, Vocabulary(train)), -torch.ones(4, 2, HEIGHT, WIDTH))
    assert torch.equal(pool_of(WHOLE, None), REALS)


def test_with_neither_a_discriminator_nor_a_target_there_is_nothing_to_explain() -> None:
    with pytest.raises(InputError, match="neither a discriminator nor a target"):
        explain_by_lime(_PARTS[""])


def test_a_whole_gan_says_nothing_of_missing_parts(tmp_path: Path) -> None:
    found = _explain(WHOLE)
    assert list(found.cases) == list(CASES)
    assert found.left_out == ()
    found.save(tmp_path)
    how = (tmp_path / "lime.json").read_text()
    assert "left_out" not in how
    assert "asked_of" not in how
