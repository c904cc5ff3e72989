"""The study of directions on generators whose factors are known."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.directions.effects import EFFECT_COLUMNS
from ganatomy.explain.directions.learned import learned_targets
from ganatomy.explain.directions.result import DirectionsStudy
from ganatomy.explain.directions.study import DirectionsSettings, find_directions
from tests.unit.damaged import refuses_damage
from tests.unit.explain.directions.planted import DIM, SIDE, Alike, Blob, Linear, factors
from tests.unit.explain.directions.test_methods import cosines, latents

QUICK = DirectionsSettings(num_random=6, num_held_out=24, num_images=700)


@pytest.fixture(scope="module")
def blob() -> DirectionsStudy:
    return find_directions(Blob(), latents(), settings=QUICK)


def test_planted_factors_are_recovered_and_no_others_stand_out(blob: DirectionsStudy) -> None:
    assert cosines(blob.directions, factors(3)).min() > 0.95
    assert blob.num_that_stand_out == 3
    assert blob.changes["stands_out"].tolist() == [True, True, True, False, False]
    assert blob.changes["change"].iloc[3:].max() < 0.1 * blob.changes["change"].iloc[0]
    assert blob.methods["method"].tolist() == ["sefa", "ganspace", "jacobian"]


def test_they_are_named_by_what_they_were_planted_to_do(blob: DirectionsStudy) -> None:
    assert [blob.concept_of(number) for number in (1, 2)] == ["position_across", "position_down"]
    light = blob.clear_effects(3)
    assert {"brightness", "contrast"} & set(light["concept"].iloc[:4])
    assert not {"position_across", "position_down"} & set(light["concept"])
    assert all(blob.concept_of(number) == "" for number in (4, 5))


def test_a_weak_or_unsteady_effect_is_told_and_names_nothing(blob: DirectionsStudy) -> None:
    own = (blob.effects["direction"] == 3) & blob.effects["clear"]
    weak = blob.effects.assign(effect=blob.effects["effect"].where(~own, 0.49))
    unsteady = blob.effects.assign(monotone=blob.effects["monotone"].where(~own, 0.7))
    for effects in (weak, unsteady):
        study = replace(blob, effects=effects)
        assert blob.concept_of(3)
        assert study.concept_of(3) == ""
        assert len(study.clear_effects(3)) == int(own.sum())
        assert "1 of them has no name" in study.verdict()


def test_effects_are_slopes_of_what_is_read(blob: DirectionsStudy) -> None:
    """By hand: brightness of moved images against the steps, a line for each latent."""
    generator, held_out = Blob(), latents()[-24:]
    spread = generator(latents()[-96:]).mean((1, 2, 3)).std()
    table = blob.effects.set_index(["direction", "concept"])
    assert list(blob.effects.columns) == EFFECT_COLUMNS
    steps = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0])
    read = [
        generator(held_out + step * blob.directions[2].float()).mean((1, 2, 3)) for step in steps
    ]
    design = torch.stack([torch.ones(5), steps], 1)
    slope = (torch.linalg.lstsq(design, torch.stack(read)).solution[1] / spread).detach()
    row = table.loc[(3, "brightness")]
    assert row["effect"] == pytest.approx(float(slope.mean()), rel=1e-3)
    half = 2.0687 * float(slope.std()) / 24**0.5  # Student's t, 23 degrees of freedom
    assert row["high"] - row["effect"] == pytest.approx(half, rel=1e-3)
    assert row["monotone"] == 1.0


def test_the_strips_show_the_steps(blob: DirectionsStudy) -> None:
    assert blob.strips.shape == (5, 3, 5, 1, SIDE, SIDE)
    held_out, direction = latents()[-24:][:3], blob.directions[0].float()
    for place, step in enumerate((-2.0, -1.0, 0.0, 1.0, 2.0)):
        images = Blob()(held_out + step * direction)
        shown = blob.strips[0, :, place].float() / 127.5 - 1
        assert float((shown - images.detach().clamp(-1, 1)).abs().max()) < 0.005


def test_a_linear_generators_share_of_change_is_that_of_its_strengths() -> None:
    study = find_directions(Linear(), latents(), settings=QUICK)
    total = 3.0**2 + 2.2**2 + 1.8**2
    assert study.changes["consistency"].iloc[:3].min() > 0.999
    ratios = study.changes["ratio"]
    assert ratios.iloc[0] / ratios.iloc[2] == pytest.approx((3.0 / 1.8) ** 2)
    # 72 random steps, every twelve of them all dimensions: their mean is that of all
    assert study.changes["share"].iloc[0] == pytest.approx(9.0 / total, rel=1e-4)
    assert ratios.iloc[0] == pytest.approx(DIM * 9.0 / total, rel=1e-4)


def test_noise_has_no_direction_that_stands_out_and_no_name() -> None:
    study = find_directions(Alike(), latents(), settings=QUICK)
    assert study.num_that_stand_out == 0
    assert study.changes["ratio"].between(0.99, 1.01).all()
    assert study.metrics()["num_directions_named"] == 0
    assert learned_targets(study, Alike()) == {}
    assert study.verdict().startswith("No direction of 5 stands out")


def test_a_class_is_never_moved() -> None:
    class Classed(nn.Module):
        def forward(self, z: torch.Tensor) -> torch.Tensor:
            assert torch.equal(z[:, DIM:].sum(1), torch.ones(len(z)))
            assert set(z[:, DIM:].unique().tolist()) <= {0.0, 1.0}
            return blob(z[:, :DIM]) * (1 - 0.5 * z[:, DIM : DIM + 1, None, None])

    blob = Blob()
    classes = nn.functional.one_hot(torch.arange(400) % 3).float()
    study = find_directions(
        Classed(), torch.cat([latents(), classes], 1), num_classes=3, settings=QUICK
    )
    assert study.directions.shape == (5, DIM)
    assert cosines(study.directions, factors(3))[:2].min() > 0.95


@pytest.mark.parametrize("shape", [(3, 8, 8), (4, 12, 12), (16, 8, 8), (3, 16, 12)])
def test_any_channels_and_sizes_will_do(shape: tuple[int, int, int]) -> None:
    told: list[str] = []
    study = find_directions(Linear(shape=shape), latents(), settings=QUICK, on_warning=told.append)
    assert study.strips.shape[-3:] == shape
    assert study.num_that_stand_out == 3
    assert {"brightness", "contrast"} <= set(study.effects["concept"])
    assert ("saturation" in set(study.effects["concept"])) == (shape[0] == 3)
    assert not told


def test_a_learned_target_rises_along_its_direction_alone(blob: DirectionsStudy) -> None:
    generator = Blob()
    study = find_directions(Linear(), latents(), settings=QUICK)
    targets = learned_targets(study, Linear())
    assert list(targets) == ["learned:1", "learned:2", "learned:3"]
    z = latents(5).requires_grad_(True)
    for number, target in enumerate(targets.values(), start=1):
        (slope,) = torch.autograd.grad(target.values(z).sum(), z)
        along = slope @ study.directions[:3].float().T
        assert along[:, number - 1].min() > 0.4
        others = [each for each in range(3) if each != number - 1]
        assert along[:, others].abs().max() < 1e-4
    assert {*learned_targets(blob, generator)} <= {"learned:1", "learned:2", "learned:3"}


def test_the_generator_comes_back_as_it_was() -> None:
    generator = Blob().train()
    before = {name: each.clone() for name, each in generator.state_dict().items()}
    find_directions(generator, latents(), settings=QUICK)
    assert generator.training
    assert all(each.requires_grad and each.grad is None for each in generator.parameters())
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in generator.modules())
    assert all(torch.equal(each, before[name]) for name, each in generator.state_dict().items())


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        find_directions(Blob(), latents(), settings=QUICK, seed=3).save(tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 10
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_saved_and_loaded_it_is_the_same(blob: DirectionsStudy, tmp_path: Path) -> None:
    blob.save(tmp_path)
    again = DirectionsStudy.load(tmp_path)
    assert again.metrics() == blob.metrics()
    assert again.verdict() == blob.verdict()
    for name in ("directions", "mean_changes", "strips"):
        assert torch.equal(getattr(again, name), getattr(blob, name))


def test_what_is_damaged_is_refused(blob: DirectionsStudy, tmp_path: Path) -> None:
    refused = refuses_damage(blob, DirectionsStudy.load, tmp_path)
    assert {"directions.json lacks method", "directions.safetensors lacks strips"} < {*refused}
    assert {"changes.csv lacks stands_out", "effects.csv lacks clear"} < {*refused}


def test_too_few_latents_are_refused() -> None:
    with pytest.raises(InputError, match="20 latents, 24 of them to judge by"):
        find_directions(Blob(), latents(20), settings=QUICK)


def test_a_generator_of_one_image_or_of_none_is_refused() -> None:
    class Constant(nn.Module):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value = value

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.full((len(z), 1, 8, 8), self.value)

    for value, said in ((0.5, "the same image"), (float("nan"), "not finite")):
        with pytest.raises(InputError, match=said):
            find_directions(Constant(value), latents(), settings=QUICK)
