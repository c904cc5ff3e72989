"""Sampling designs against what defines them, and the seeds of items."""

from itertools import islice

import pytest
import torch

from ganatomy.errors import InputError
from ganatomy.explain.lime.designs import blocks, cluster_size
from ganatomy.explain.lime.sampling import keys_of
from ganatomy.explain.lime.settings import DESIGNS

COUNTS = [1, 7, 8, 20, 49, 64]


def _draw(design: str, num_features: int, seed: int = 0, count: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.cat(list(islice(blocks(design, num_features, generator), count)))


def _signs(masks: torch.Tensor) -> torch.Tensor:
    return masks.double() * 2 - 1


@pytest.mark.parametrize("num_features", COUNTS)
@pytest.mark.parametrize("design", ["paired", "orthogonal"])
def test_each_row_is_followed_by_its_complement(design: str, num_features: int) -> None:
    masks = _draw(design, num_features, count=3)
    assert torch.equal(masks[1::2], ~masks[::2])
    assert torch.equal(masks.sum(0), torch.full((num_features,), len(masks) // 2))
    assert cluster_size(design) == 2


@pytest.mark.parametrize("num_features", COUNTS)
def test_orthogonal_features_are_uncorrelated_and_balanced_in_half_a_block(
    num_features: int,
) -> None:
    masks = _draw("orthogonal", num_features)
    half = _signs(masks[::2])
    order = len(half)
    assert order & (order - 1) == 0
    assert num_features < order <= max(2 * num_features, 64)
    assert torch.equal(half.T @ half, order * torch.eye(num_features).double())
    assert torch.equal(half.sum(0), torch.zeros(num_features).double())  # not the constant column


@pytest.mark.parametrize("design", DESIGNS)
def test_a_sample_by_itself_is_fair_coins(design: str) -> None:
    """First row of 4,000 blocks: every feature half shown, every pair of features independent."""
    rows = torch.stack([_draw(design, 5, seed)[0] for seed in range(4000)])
    signs = _signs(rows)
    moments = signs.T @ signs / len(signs) - torch.eye(5).double()
    assert float(signs.mean(0).abs().max()) < 4 / 4000**0.5
    assert float(moments.abs().max()) < 4.5 / 4000**0.5
    assert len({tuple(row) for row in rows.tolist()}) == 32


def test_iid_rows_are_independent() -> None:
    signs = _signs(_draw("iid", 8, count=40))
    assert float((signs[1:] * signs[:-1]).mean(0).abs().max()) < 4 / len(signs) ** 0.5
    assert cluster_size("iid") == 1


def test_orthogonal_blocks_differ_in_columns_signs_and_order() -> None:
    first, second = _draw("orthogonal", 49, count=2).chunk(2)
    assert not torch.equal(first, second)
    assert set(map(tuple, first.tolist())) != set(map(tuple, second.tolist()))


def test_no_feature_goes_round_with_the_number_of_the_pair() -> None:
    """16 baselines are used in turn: an unmixed Hadamard matrix has columns of period 16."""
    for seed in range(20):
        half = _signs(_draw("orthogonal", 49, seed)[::2])
        by_turn = half.unflatten(0, (-1, 16)).mean(0)  # 4 rows of each baseline
        assert float((by_turn.abs() == 1).double().mean()) < 0.3  # 1/8 by chance; 15 of 49 unmixed


@pytest.mark.parametrize("design", DESIGNS)
def test_the_seed_decides(design: str) -> None:
    assert torch.equal(_draw(design, 9, 3, 2), _draw(design, 9, 3, 2))
    assert not torch.equal(_draw(design, 9, 3, 2), _draw(design, 9, 4, 2))


def test_unknown_design_names_the_known() -> None:
    with pytest.raises(InputError, match="iid, paired, orthogonal"):
        _draw("sobol", 5)


def test_keys_depend_on_seed_purpose_content_and_shape() -> None:
    inputs = torch.rand(4, 3, 6, 5, generator=torch.Generator().manual_seed(1))
    keys = keys_of(3, "lime", inputs)
    assert keys == keys_of(3, "lime", inputs.clone())
    assert len(set(keys)) == 4
    assert keys[2:3] == keys_of(3, "lime", inputs[2:3])
    for other in (
        keys_of(4, "lime", inputs),
        keys_of(3, "latent", inputs),
        keys_of(3, "lime", inputs.flatten(2)),
    ):
        assert not set(keys) & set(other)
