"""Precision, recall, density and coverage against prdc and planted answers."""

import pytest
import torch
from prdc import compute_prdc

from ganatomy.metrics.manifold import Manifold, compare_manifolds

NAMES = ("precision", "recall", "density", "coverage")


def _rows(count: int, width: int, seed: int, mean: float = 0.0, sd: float = 1.0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, width, generator=draw, dtype=torch.float64) * sd + mean


def _means(found: Manifold) -> dict[str, float]:
    return {name: float(getattr(found, name).mean()) for name in NAMES}


def _column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(("n", "m", "width"), [(120, 120, 8), (60, 150, 3), (150, 60, 64)])
def test_agrees_with_prdc(n: int, m: int, width: int, k: int) -> None:
    fakes, reals = _rows(n, width, 0, 0.3, 0.8), _rows(m, width, 1)
    expected = compute_prdc(reals.numpy(), fakes.numpy(), k)
    found = _means(compare_manifolds(fakes, reals, k))
    assert found == pytest.approx(expected, rel=1e-12)
    assert len(set(found.values())) > 1


@pytest.mark.parametrize("chunk", [1, 7, 64, 512])
def test_chunks_do_not_matter(chunk: int) -> None:
    fakes, reals = _rows(60, 8, 0, 0.3), _rows(90, 8, 1)
    found, expected = (
        compare_manifolds(fakes, reals, 5, chunk=chunk),
        compare_manifolds(fakes, reals),
    )
    for name in NAMES:
        assert torch.equal(getattr(found, name), getattr(expected, name)), name


def test_balls_on_a_line() -> None:
    """Reals reach 1 each; the first fake reaches 9.5, the others 0.5."""
    found = compare_manifolds(_column(0.5, 10, 10.5), _column(0, 1, 2, 3), k=1)
    assert found.precision.tolist() == [1, 0, 0]
    assert found.density.tolist() == [2, 0, 0]
    assert found.recall.tolist() == [1, 1, 1, 1]
    assert found.coverage.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(("place", "answer"), [(3.999, 1), (4, 0), (4.001, 0)])
def test_the_edge_is_outside(place: float, answer: int) -> None:
    found = compare_manifolds(_column(place, 100), _column(0, 1, 2, 3), k=1)
    assert found.precision.tolist() == [answer, 0]
    assert found.coverage.tolist() == [0, 0, 0, answer]


@pytest.mark.parametrize("chunk", [7, 100])
@pytest.mark.parametrize("width", [2, 64])
@pytest.mark.parametrize("k", [1, 5, 99])
def test_equal_sets(k: int, width: int, chunk: int) -> None:
    """Each ball has k of the set's rows inside, and one on its edge."""
    rows = _rows(100, width, 0) + 50
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    found = _means(compare_manifolds(rows[order], rows, k, chunk=chunk))
    assert found == {"precision": 1, "recall": 1, "density": pytest.approx(1), "coverage": 1}


def test_disjoint_sets() -> None:
    found = _means(compare_manifolds(_rows(40, 8, 0, 100), _rows(50, 8, 1)))
    assert found == dict.fromkeys(NAMES, 0)


def test_same_distribution_has_density_one() -> None:
    found = _means(compare_manifolds(_rows(1000, 4, 0), _rows(1000, 4, 1)))
    assert found["density"] == pytest.approx(1, abs=0.1)
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.03)  # Naeem et al., N = M


def test_one_outlier_among_the_reals() -> None:
    """It widens the manifold of precision, hardly that of density."""
    reals = torch.cat([_rows(60, 4, 0), torch.full((1, 4), 50.0, dtype=torch.float64)])
    fakes = _rows(40, 4, 1, 20.0)
    found = _means(compare_manifolds(fakes, reals))
    assert found["precision"] == 1
    assert found["density"] == pytest.approx(1 / 5)


def test_a_collapsed_generator_covers_next_to_nothing() -> None:
    reals = _rows(60, 4, 0)
    fakes = reals[:1].expand(30, 4)
    found = compare_manifolds(fakes, reals)
    assert found.precision.tolist() == [1] * 30
    assert float(found.recall.sum()) == 0
    distances = torch.linalg.vector_norm(reals[:, None] - reals, dim=2)
    reach = distances.sort(1).values[:, 5]
    torch.testing.assert_close(found.coverage, (distances[0] < reach).double())


def test_reals_that_are_all_one_image() -> None:
    reals = torch.full((20, 3), 0.1, dtype=torch.float64)
    found = _means(compare_manifolds(_rows(30, 3, 0), reals))
    assert found["precision"] == found["density"] == found["coverage"] == 0


def test_single_precision_is_computed_in_double() -> None:
    fakes, reals = _rows(60, 8, 0).float(), _rows(50, 8, 1).float()
    expected = compare_manifolds(fakes.double(), reals.double())
    assert torch.equal(compare_manifolds(fakes, reals).density, expected.density)


@pytest.mark.parametrize(
    ("fakes", "reals", "k"),
    [((5, 3), (9, 3), 5), ((9, 3), (5, 3), 5), ((9, 3), (9, 4), 5), ((9, 3), (9, 3), 0)],
)
def test_sets_that_cannot_be_compared(
    fakes: tuple[int, int], reals: tuple[int, int], k: int
) -> None:
    with pytest.raises(ValueError, match="cannot compare feature sets"):
        compare_manifolds(torch.zeros(fakes), torch.zeros(reals), k)
