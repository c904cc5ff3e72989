"""Maps of D and G compared: closed forms, scipy's rank correlation, and what chance explains."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from ganatomy.errors import InputError
from ganatomy.explain.maps.disagreement import disagreement
from ganatomy.rng import generator


def _maps(count: int, seed: int, size: int = 6) -> torch.Tensor:
    return torch.randn(count, size, size, generator=generator(seed, "maps"))


def test_half_of_the_mass_in_common() -> None:
    of_d, of_g = torch.zeros(1, 2, 2), torch.zeros(1, 2, 2)
    of_d[0, 0] = torch.tensor([3.0, -3.0])
    of_g[0, :, 1] = 10
    result = disagreement(of_d, of_g)
    torch.testing.assert_close(result.map[0], torch.tensor([[0.5, 0.0], [0.0, -0.5]]))
    assert float(result.overlap[0]) == pytest.approx(0.5)
    assert float(result.correlation[0]) == pytest.approx(0, abs=1e-6)


def test_neither_scale_nor_sign_counts() -> None:
    of_d = _maps(3, 0)
    result = disagreement(of_d, -1e6 * of_d)
    torch.testing.assert_close(result.overlap, torch.ones(3))
    torch.testing.assert_close(result.correlation, torch.ones(3))
    torch.testing.assert_close(result.map, torch.zeros(3, 6, 6), rtol=0, atol=1e-7)


def test_apart_is_no_overlap() -> None:
    of_d, of_g = torch.zeros(2, 4, 4), torch.zeros(2, 4, 4)
    of_d[:, :2], of_g[:, 2:] = 1, 1
    result = disagreement(of_d, of_g)
    torch.testing.assert_close(result.overlap, torch.zeros(2))
    torch.testing.assert_close(result.correlation, -torch.ones(2))
    torch.testing.assert_close(result.map.clamp(min=0).sum((1, 2)), torch.ones(2))


def test_figures_are_those_of_the_definition() -> None:
    of_d, of_g = _maps(7, 1), _maps(7, 2).round(decimals=0)  # ties
    result = disagreement(of_d, of_g)
    d, g = (maps.abs().double().numpy().reshape(7, -1) for maps in (of_d, of_g))
    d, g = d / d.sum(1, keepdims=True), g / g.sum(1, keepdims=True)
    overlap = np.minimum(d[:, None], g[None]).sum(-1)
    np.testing.assert_allclose(result.overlap, overlap.diagonal(), rtol=1e-5)
    np.testing.assert_allclose(result.map.reshape(7, -1), d - g, atol=1e-7)
    for at in range(7):
        others = np.delete(overlap[at], at).mean()
        assert float(result.chance_overlap[at]) == pytest.approx(others, rel=1e-5)
        assert float(result.correlation[at]) == pytest.approx(spearmanr(d[at], g[at])[0], rel=1e-5)


def test_what_all_images_have_in_common_is_chance() -> None:
    frame = torch.zeros(6, 6)
    frame[0] = 50
    own = torch.zeros(8, 6, 6)
    own[torch.arange(8), 2 + torch.arange(8) // 3, torch.arange(8) % 3] = 50
    shared = disagreement(frame + _maps(8, 3), frame + _maps(8, 4))
    assert float((shared.overlap - shared.chance_overlap).mean().abs()) < 0.02
    assert float(shared.chance_overlap.min()) > 0.8
    private = disagreement(own + 0.1 * _maps(8, 3), own + 0.1 * _maps(8, 4))
    assert float((private.overlap - private.chance_overlap).min()) > 0.8


@pytest.mark.parametrize("value", [0.0, torch.nan, torch.inf])
def test_a_flat_map_has_no_figures_and_does_no_harm_to_the_others(value: float) -> None:
    of_d, of_g = _maps(4, 5), _maps(4, 6)
    whole = disagreement(of_d[1:], of_g[1:])
    of_d[0, 0, 0] = value
    if value == 0:
        of_d[0] = 0
    result = disagreement(of_d, of_g)
    assert bool(result.overlap[0].isnan())
    assert bool(result.correlation[0].isnan())
    assert bool(result.chance_overlap[0].isnan())
    assert not bool(result.map[0].any())
    torch.testing.assert_close(result.overlap[1:], whole.overlap)
    torch.testing.assert_close(result.map[1:], whole.map)
    flat_g = disagreement(of_g, of_d)
    assert bool(flat_g.overlap[0].isnan())
    assert not bool(flat_g.map[0].any())
    # D's map is there, so the other images' chance still stands, without the flat one
    assert bool(flat_g.chance_overlap.isfinite().all())
    other = disagreement(of_g[1:], of_d[1:])
    torch.testing.assert_close(flat_g.chance_overlap[1:], other.chance_overlap)


def test_a_constant_map_has_no_ranks_and_one_image_no_others() -> None:
    result = disagreement(torch.ones(1, 4, 4), _maps(1, 7, 4))
    assert bool(result.overlap.isfinite().all())
    assert bool(result.correlation.isnan().all())
    assert bool(result.chance_overlap.isnan().all())


def test_maps_of_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(2, 6, 6\) and \(3, 6, 6\)"):
        disagreement(_maps(2, 0), _maps(3, 0))
    with pytest.raises(InputError, match="n, h, w"):
        disagreement(_maps(2, 0)[0], _maps(2, 0)[0])
