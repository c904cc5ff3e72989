"""What is seen in generated images alone: planted collapse is found, and nothing else is."""

from pathlib import Path

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.metrics.samples import SamplesStudy, look_at_samples
from tests.unit.damaged import refuses_damage
from tests.unit.explain.directions.planted import Blob, Linear


def latents(count: int = 200, dim: int = 12, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def modes(count: int, spread: float = 0.0, num_images: int = 200) -> torch.Tensor:
    """Images of a few kinds, with noise that is small beside what tells them apart."""
    draw = torch.Generator().manual_seed(2)
    kinds = torch.rand(count, 1, 8, 8, generator=draw) * 2 - 1
    noise = spread * torch.randn(num_images, 1, 8, 8, generator=draw)
    return kinds[torch.arange(num_images) % count] + noise


@pytest.mark.parametrize("count", [1, 3, 20])
def test_modes_that_are_repeated_are_a_collapse(count: int) -> None:
    study = look_at_samples(modes(count, 0.005))
    assert study.num_near == 200
    assert study.num_expected < 1
    assert study.is_collapsed
    assert study.verdict().count("They collapse: all 200 images are near-identical") == 1
    assert study.pairs.shape == (4, 2, 1, 8, 8)


def test_a_part_that_collapses_is_counted() -> None:
    images = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    images[:30] = images[:1]
    study = look_at_samples(images)
    assert study.num_near == 30
    assert study.is_collapsed
    images[5:] = torch.rand(195, 1, 8, 8, generator=torch.Generator().manual_seed(3)) * 2 - 1
    few = look_at_samples(images)
    assert few.num_near == 5
    assert not few.is_collapsed  # as chance may have it


@pytest.mark.parametrize("generator", [Blob(), Linear()])
def test_a_generator_that_varies_has_no_sign_of_it(generator: torch.nn.Module) -> None:
    with torch.no_grad():
        study = look_at_samples(generator(latents()))
    assert not study.is_collapsed


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_images_that_differ_in_few_ways_are_near_by_chance(dim: int) -> None:
    """Points of a cube, as images: as many are near as were foretold."""
    points = torch.rand(300, dim, generator=torch.Generator().manual_seed(dim)) * 2 - 1
    study = look_at_samples(points.repeat(1, 60)[:, :60].reshape(300, 1, 6, 10))
    assert study.num_near == pytest.approx(study.num_expected, abs=35)
    assert not study.is_collapsed


def test_figures_are_those_of_numpy() -> None:
    images = modes(20, 0.3)
    study = look_at_samples(images)
    flat = images.flatten(1).double().numpy()
    apart = [((flat[i] - flat[j]) ** 2).mean() ** 0.5 * 127.5 for i in range(200) for j in range(i)]
    assert study.apart == pytest.approx(float(torch.tensor(apart).median()), rel=1e-2)
    assert study.beyond == pytest.approx(float((abs(flat) > 1).mean()))
    assert (study.low, study.high) == (pytest.approx(flat.min()), pytest.approx(flat.max()))
    assert study.shape == (1, 8, 8)
    assert len(study.shown) == 32


@pytest.mark.parametrize("shape", [(2, 8, 8), (3, 12, 30), (16, 9, 7)])
def test_any_shape_will_do(shape: tuple[int, int, int]) -> None:
    images = torch.rand(40, *shape) * 2 - 1
    study = look_at_samples(images)
    assert study.shape == shape
    assert f"{shape[2]} by {shape[1]} pixels" in study.verdict()


def test_what_cannot_be_looked_at_is_refused() -> None:
    with pytest.raises(InputError, match="9 images"):
        look_at_samples(modes(1, num_images=9))
    with pytest.raises(InputError, match="not finite"):
        look_at_samples(modes(1) / 0)


@pytest.mark.parametrize("count", [3, 200])
def test_saved_and_loaded_it_is_the_same(count: int, tmp_path: Path) -> None:
    study = look_at_samples(modes(count))
    study.save(tmp_path)
    again = SamplesStudy.load(tmp_path)
    assert again.metrics() == study.metrics()
    assert again.verdict() == study.verdict()
    assert torch.equal(again.shown, study.shown)
    assert torch.equal(again.pairs, study.pairs)


def test_what_is_damaged_is_refused(tmp_path: Path) -> None:
    refused = refuses_damage(look_at_samples(modes(3)), SamplesStudy.load, tmp_path)
    assert {"samples.json lacks num_near", "pictures.safetensors lacks pairs"} < {*refused}
