"""One call over all distances, on fakes whose quality is known."""

from dataclasses import FrozenInstanceError

import pytest
import torch

from ganatomy.metrics.fidelity import INCEPTION_NAMES, NAMES, Measurement, measure_fidelity
from ganatomy.metrics.frechet import frechet_distance
from ganatomy.metrics.kid import kernel_distance
from ganatomy.metrics.manifold import compare_manifolds


def _rows(count: int, seed: int, mean: float = 0.0, sd: float = 1.0) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(count, 6, generator=draw) * sd + mean


REALS, FLOOR, FAKES = _rows(300, 0), _rows(300, 1), _rows(300, 2, 0.4, 0.8)


def _by_name(found: list[Measurement]) -> dict[str, Measurement]:
    return {measurement.name: measurement for measurement in found}


@pytest.fixture(scope="module")
def measured() -> dict[str, Measurement]:
    """Three hundred fakes that are off centre and too alike."""
    return _by_name(measure_fidelity(FAKES, REALS, FLOOR, seed=3, num_replicates=100))


def test_values_and_floors_are_the_metrics(measured: dict[str, Measurement]) -> None:
    for rows, field in ((FAKES, "value"), (FLOOR, "floor")):
        manifold = compare_manifolds(rows, REALS, 5)
        expected = {
            "fcd": frechet_distance(rows, REALS),
            "kid": kernel_distance(rows, REALS),
            **{name: float(getattr(manifold, name).mean()) for name in NAMES[2:]},
        }
        found = {name: getattr(measurement, field) for name, measurement in measured.items()}
        assert found == pytest.approx(expected, rel=1e-9)
    assert tuple(measured) == NAMES


def test_which_way_is_better(measured: dict[str, Measurement]) -> None:
    assert [measured[name].better for name in NAMES] == ["lower"] * 2 + ["higher"] * 4


def test_intervals_surround_their_values(measured: dict[str, Measurement]) -> None:
    for name, one in measured.items():
        assert one.low < one.value < one.high, name
        assert one.floor_low < one.floor < one.floor_high, name


def test_bad_fakes_are_told_from_the_floor(measured: dict[str, Measurement]) -> None:
    assert measured["fcd"].low > measured["fcd"].floor_high
    assert measured["kid"].low > measured["kid"].floor_high
    assert measured["coverage"].high < measured["coverage"].floor_low


def test_reals_in_place_of_fakes_are_not(measured: dict[str, Measurement]) -> None:
    for one in measure_fidelity(_rows(300, 5), REALS, FLOOR, seed=3, num_replicates=100):
        assert max(one.low, one.floor_low) < min(one.high, one.floor_high), one.name
        assert one.floor == measured[one.name].floor


@pytest.mark.parametrize("name", ["precision", "recall"])
def test_shares_have_binomial_intervals(name: str, measured: dict[str, Measurement]) -> None:
    share = measured[name].value
    expected = 2 * 1.96 * (share * (1 - share) / 300) ** 0.5
    assert measured[name].high - measured[name].low == pytest.approx(expected, rel=0.25)


def test_collapsed_fakes_are_measured() -> None:
    found = _by_name(
        measure_fidelity(REALS[:1].expand(300, 6), REALS, FLOOR, seed=0, num_replicates=20)
    )
    assert found["recall"].value == found["recall"].high == 0
    assert found["coverage"].high < 0.2
    assert found["fcd"].low > found["fcd"].floor_high


def test_repeats_with_the_seed_and_leaves_the_global_generator() -> None:
    state = torch.get_rng_state()
    first = measure_fidelity(FAKES, REALS, FLOOR, seed=0, num_replicates=20)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(9)
    assert measure_fidelity(FAKES, REALS, FLOOR, seed=0, num_replicates=20) == first
    other = measure_fidelity(FAKES, REALS, FLOOR, seed=1, num_replicates=20)
    assert [one.value for one in other] == [one.value for one in first]
    assert all(one.low != two.low for one, two in zip(other, first))


@pytest.mark.parametrize("counts", [(40, 300, 300), (300, 40, 300), (300, 300, 40)])
def test_all_sets_are_cut_to_the_smallest(counts: tuple[int, int, int]) -> None:
    sets = [rows[:count] for rows, count in zip((FAKES, REALS, FLOOR), counts)]
    found = measure_fidelity(*sets, seed=0, num_replicates=10)
    assert found == measure_fidelity(FAKES[:40], REALS[:40], FLOOR[:40], seed=0, num_replicates=10)
    assert {one.count for one in found} == {40}


def test_names_of_other_features() -> None:
    found = measure_fidelity(FAKES, REALS, FLOOR, seed=0, num_replicates=5, names=INCEPTION_NAMES)
    assert [one.name for one in found][:3] == ["fid", "kid_inception", "precision_inception"]
    with pytest.raises(ValueError, match="zip"):
        measure_fidelity(FAKES, REALS, FLOOR, seed=0, num_replicates=5, names=("fid",))


def test_progress_counts_the_steps() -> None:
    steps: list[tuple[int, int]] = []
    measure_fidelity(
        FAKES,
        REALS,
        FLOOR,
        seed=0,
        num_replicates=7,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(done, 18) for done in range(1, 19)]


def test_measurements_are_frozen(measured: dict[str, Measurement]) -> None:
    with pytest.raises(FrozenInstanceError):
        measured["fcd"].value = 0.0  # type: ignore[misc]


@pytest.mark.parametrize("which", ["fakes", "reals", "floor"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_features_that_are_not_finite(which: str, value: float) -> None:
    sets = {"fakes": FAKES, "reals": REALS, "floor": FLOOR}
    sets[which] = sets[which].clone()
    sets[which][7, 2] = value
    with pytest.raises(ValueError, match=f"features of the {which} are not finite"):
        measure_fidelity(*sets.values(), seed=0)


@pytest.mark.parametrize(("count", "width"), [(5, 6), (1, 6), (0, 6), (300, 4)])
def test_sets_that_cannot_be_compared(count: int, width: int) -> None:
    with pytest.raises(ValueError, match="cannot compare feature sets"):
        measure_fidelity(torch.rand(count, width), REALS, FLOOR, seed=0, num_replicates=5)
