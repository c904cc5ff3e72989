"""Concepts of discriminators that look for planted textures, in closed form, and by noise."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.craft.factors import Factors, factorise, matched, places
from ganatomy.explain.craft.result import DiscriminatorConcepts
from ganatomy.explain.craft.sobol import total_indices
from ganatomy.explain.craft.study import ConceptsSettings, find_discriminator_concepts
from ganatomy.explain.networks.subjects import Subjects
from tests.unit.damaged import refuses_damage

SIDE, CELL, CHANNELS = 24, 4, 32
QUICK = ConceptsSettings(num_concepts=4, num_images=160, num_asked=16, num_draws=16)
CHECKED = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(2, 2)
STRIPED = torch.tensor([[1.0], [-1.0]]).repeat(2, 4)


class Textures(nn.Module):
    """A logit that rises with checks and falls half as much with stripes, wherever they are."""

    def __init__(self) -> None:
        super().__init__()
        self.look = nn.Conv2d(1, CHANNELS, CELL, stride=CELL)
        draw = torch.Generator().manual_seed(3)
        self.look.weight.data = 0.02 * torch.randn(CHANNELS, 1, CELL, CELL, generator=draw)
        self.look.weight.data[0, 0], self.look.weight.data[1, 0] = CHECKED / 8, STRIPED / 8
        self.look.bias.data = torch.full((CHANNELS,), -0.5)
        self.look.bias.data[2:] = 0.0
        self.active = nn.ReLU()
        self.weights = torch.zeros(CHANNELS)
        self.weights[0], self.weights[1] = 2.0, -1.0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits of shape (n,)."""
        return self.active(self.look(images)).sum((2, 3)) @ self.weights


class Noise(nn.Module):
    """Weights that nobody has trained."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Conv2d(1, CHANNELS, CELL, stride=CELL), nn.LeakyReLU(0.2))
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(CHANNELS * (SIDE // CELL) ** 2, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits of shape (n,)."""
        return self.head(self.layers(images)).flatten()


def planted(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noise with a checked cell in one half and a striped one in the other; where, by cell."""
    draw = torch.Generator().manual_seed(seed)
    images = 0.2 * torch.randn(count, 1, SIDE, SIDE, generator=draw)
    cells = torch.randint(0, SIDE // CELL, (count, 2), generator=draw)
    for number, (row, column) in enumerate(cells.tolist()):
        rows, columns = (slice(CELL * k, CELL * (k + 1)) for k in (row, column))
        images[number, 0, rows, columns] = CHECKED if number % 2 else STRIPED
    return images.clamp(-1, 1), cells


def subjects(network: nn.Module, real: torch.Tensor, fake: torch.Tensor | None = None) -> Subjects:
    return Subjects.of(None, network, real=real, fake=fake)


@pytest.fixture(scope="module")
def textures() -> DiscriminatorConcepts:
    real, _ = planted(80, 0)
    fake, _ = planted(80, 1)
    return find_discriminator_concepts(
        subjects(Textures(), real, fake), layer="active", settings=QUICK
    )


def test_planted_textures_are_the_concepts_in_the_order_of_their_weights(
    textures: DiscriminatorConcepts,
) -> None:
    table = textures.table
    assert textures.standing_out == [1, 2]
    assert float(textures.parts[0, 0]) > 0.95
    assert float(textures.parts[1, 1]) > 0.95
    assert table["effect"].iloc[0] > 0 > table["effect"].iloc[1]
    # in half of the images each is not there, and has no share
    assert table["importance"].iloc[0] > 1.5 * table["importance"].iloc[1] > 0
    assert table["importance"].iloc[2:].max() < 0.15
    assert table["stability"].iloc[:2].min() > 0.95
    assert textures.fidelity > 0.9 > 0.3 > textures.fidelity_of_random
    assert "concept 1 speaks for real" in textures.verdict()


def test_crops_show_the_planted_places(textures: DiscriminatorConcepts) -> None:
    side = 3 * CELL
    assert textures.crops.shape == (4, 8, 1, side, side)
    for concept, texture in ((0, CHECKED), (1, STRIPED)):
        kernel = texture[None, None] / 16
        for crop in textures.crops[concept].float() / 127.5 - 1:
            assert float(nn.functional.conv2d(crop[None], kernel).max()) > 0.95
        for example, where in zip(textures.examples[concept], textures.maps[concept]):
            row, column = divmod(int(where.argmax()), SIDE // CELL)
            rows, columns = (slice(CELL * k, CELL * (k + 1)) for k in (row, column))
            found = example[0, rows, columns].float() / 127.5 - 1
            assert torch.allclose(found, texture, atol=0.01)


def test_effects_are_what_the_head_gives_by_hand(textures: DiscriminatorConcepts) -> None:
    """A head that is linear: without a concept it loses the sum of its weights' products."""
    directions = Factors(textures.parts).directions
    worth = directions @ Textures().weights
    assert float(worth[0]) == pytest.approx(2.0, abs=0.15)
    assert float(worth[1]) == pytest.approx(-1.0, abs=0.15)
    # each is in half of the images, as strong: their effects are as 2 to -1
    ratio = textures.table["effect"].iloc[0] / textures.table["effect"].iloc[1]
    assert ratio == pytest.approx(-2.0, rel=0.3)


def test_no_concept_of_noise_stands_out() -> None:
    real, fake = torch.rand(80, 1, SIDE, SIDE), torch.rand(80, 1, SIDE, SIDE)
    found = [
        find_discriminator_concepts(
            subjects(Noise(seed), 2 * real - 1, 2 * fake - 1), settings=QUICK
        )
        for seed in range(5)
    ]
    assert sum(len(each.standing_out) for each in found) <= 1
    assert any("No concept counts more" in each.verdict() for each in found)


def test_total_indices_of_a_sum_are_shares_of_its_squares() -> None:
    weights = torch.tensor([3.0, -2.0, 1.0, 0.0]).double()
    found = total_indices(lambda mask: mask @ weights, 4, draws=512)
    assert torch.allclose(found, weights.square() / weights.square().sum(), atol=0.02)


def test_total_indices_of_a_product_count_what_both_share() -> None:
    """Of x y with x, y uniform in [0, 1]: V = 7 / 144, and each total is (1/3)(1/12) / V = 4/7."""
    found = total_indices(lambda mask: mask[:, 0] * mask[:, 1], 2, draws=4096)
    assert torch.allclose(found, torch.full((2,), 4 / 7).double(), atol=0.01)
    assert bool(total_indices(lambda mask: torch.ones(len(mask)), 2).isnan().all())


def test_factors_that_were_planted_are_found_again() -> None:
    draw = torch.Generator().manual_seed(1)
    parts = torch.rand(3, 12, generator=draw) * (torch.rand(3, 12, generator=draw) < 0.4)
    parts[:, 6:] = 0.0  # what is added cannot cancel: else there is more than one answer
    parts = parts / parts.norm(dim=1, keepdim=True)
    amounts = torch.rand(40, 3, 5, 5, generator=draw) * (
        torch.rand(40, 3, 5, 5, generator=draw) < 0.5
    )
    truth = Factors(parts)
    activations = truth.rebuilt(amounts)
    assert activations.shape == (40, 6, 5, 5)
    assert bool((places(activations) >= 0).all())
    found = factorise(activations, 3, seed=0)
    rebuilt = found.rebuilt(found.amounts(activations))
    error = (rebuilt - activations).square().sum() / activations.square().sum()
    assert float(error) < 0.02
    assert torch.allclose(matched(found, Factors(found.parts.flip(0))), torch.ones(3), atol=1e-4)


def test_amounts_are_the_best_that_are_not_negative() -> None:
    """Beside scipy's solver, place by place."""
    from scipy.optimize import nnls

    draw = torch.Generator().manual_seed(2)
    factors = factorise(torch.randn(10, 4, 3, 3, generator=draw), 3, seed=0)
    activations = torch.randn(2, 4, 3, 3, generator=draw)
    found = factors.amounts(activations).permute(0, 2, 3, 1).flatten(0, 2)
    for row, amounts in zip(places(activations), found):
        best, _ = nnls(factors.parts.T.double().numpy(), row.double().numpy())
        assert np.allclose(amounts.numpy(), best, atol=1e-4)


def test_real_images_alone_will_do_and_a_seed_gives_the_same(tmp_path: Path) -> None:
    real, _ = planted(40, 4)
    one, other = (
        find_discriminator_concepts(subjects(Textures(), real), layer="active", settings=QUICK)
        for _ in range(2)
    )
    assert one.table.equals(other.table)
    assert one.table["on_fake"].isna().all()
    assert one.num_images == 20
    one.save(tmp_path / "saved")
    loaded = DiscriminatorConcepts.load(tmp_path / "saved")
    assert loaded.verdict() == one.verdict()
    assert loaded.metrics() == one.metrics()
    assert torch.equal(loaded.crops, one.crops)
    refused = refuses_damage(one, DiscriminatorConcepts.load, tmp_path)
    assert {each.split()[0] for each in refused} == {
        "concepts.csv",
        "concepts.json",
        "concepts.safetensors",
    }


class Constant(Textures):
    """One logit for all."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits of shape (n,)."""
        return 0 * super().forward(images)


class Flat(nn.Module):
    """No layer has maps."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(SIDE * SIDE, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images to logits of shape (n,)."""
        return self.layer(images.flatten(1)).flatten()


@pytest.mark.parametrize(
    ("network", "count", "what"),
    [
        (Constant(), 40, "the same logit for every image"),
        (Flat(), 40, "no layer of the discriminator has maps"),
        (Textures(), 10, "10 images"),
    ],
)
def test_what_has_no_concepts_is_refused_in_words(
    network: nn.Module, count: int, what: str
) -> None:
    with pytest.raises(InputError, match=what):
        find_discriminator_concepts(subjects(network, planted(count, 0)[0]), settings=QUICK)
