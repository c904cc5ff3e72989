"""Units whose concept is planted: a generator that draws one square with each of its units."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from torch import nn

from ganatomy.errors import InputError
from ganatomy.explain.units.dissection import DISSECTION_COLUMNS, Reader, dissect, strongest
from ganatomy.rng import generator

SQUARES = [
    (slice(4 * (k // 2), 4 * (k // 2) + 3), slice(4 * (k % 2), 4 * (k % 2) + 3)) for k in range(4)
]
ORDER = [2, 0, 5, 3]  # the units that draw the squares 0 to 3; 1 and 4 draw nothing


class _Draw(nn.Module):
    """z of shape (n, 4) to maps (n, 6, 8, 8): what a unit draws is as bright as its coordinate."""

    def __init__(self) -> None:
        super().__init__()
        masks = torch.zeros(4, 6, 8, 8)
        for square, unit in enumerate(ORDER):
            masks[square, unit, *SQUARES[square]] = 1
        self.register_buffer("masks", masks)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        noise = 0.1 * torch.ones(6)[:, None, None] * torch.tensor([0, 1, 0, 0, 1, 0])[:, None, None]
        return torch.einsum("nk,kuhw->nuhw", z.exp(), self.masks) + noise


class _Planted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.units = _Draw()
        self.unused = nn.Dropout(0.5)  # shows a forgotten eval mode

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        maps = self.unused(self.units(z))
        return torch.as_tensor(maps[:, ORDER].sum(1, keepdim=True) - 1)


def _readers() -> dict[str, Reader]:
    def reader(square: int) -> Reader:
        return lambda images: images[:, 0, *SQUARES[square]].mean((1, 2))

    return {f"square {k}": reader(k) for k in range(4)}


def _z(count: int = 60) -> torch.Tensor:
    return 0.5 * torch.randn(count, 4, generator=generator(5, "z"))


def _noise(seed: int) -> Reader:
    draw = generator(seed, "reader")
    return lambda images: torch.randn(len(images), generator=draw)


class _Units(nn.Module):
    """Images whose pixels are the units, and these the latents: what is read is known exactly."""

    def __init__(self, num_units: int) -> None:
        super().__init__()
        self.units = nn.Identity()
        self.pixels = nn.Unflatten(1, (num_units, 1, 1))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.pixels(self.units(z)))


def _of(table: pd.DataFrame, unit: int, concept: str = "concept") -> pd.Series:
    return table[(table["unit"] == unit) & (table["concept"] == concept)].iloc[0]


@pytest.mark.parametrize("fill", ["mean", "zero"])
def test_each_square_is_found_in_the_unit_that_draws_it_and_in_no_other(fill: str) -> None:
    table = dissect(_Planted(), ["units"], _z(), readers=_readers(), fill=fill, batch_size=17)
    assert table.columns.tolist() == DISSECTION_COLUMNS
    assert len(table) == 6 * 4
    out = table[table["stands_out"]]
    assert sorted(zip(out["unit"], out["concept"])) == sorted(
        (unit, f"square {k}") for k, unit in enumerate(ORDER)
    )
    # all that varies in a square is due to its unit: a standard deviation for a standard deviation
    np.testing.assert_allclose(out[["effect", "low", "high", "spread"]], 1, rtol=1e-4)
    still = table["unit"].isin([1, 4])  # they have the same activation in all images
    assert table.loc[still, ["effect", "low", "high", "p", "q"]].isna().all(axis=None)
    others = table[~table["stands_out"] & ~still]
    assert (others[["effect", "spread"]] == 0).all(axis=None)
    assert (others["p"] == 1).all()


@pytest.mark.parametrize("weight", [0.3, -2.0])
def test_a_unit_in_proportion_has_its_share_of_the_concept_and_a_companion_has_none(
    weight: float,
) -> None:
    z = 2 + torch.randn(80, 4, generator=generator(1, "z")) * torch.tensor([1.0, 3.0, 1.0, 0.1])
    z[:, 2] = 5 * z[:, 1] + 0.1 * z[:, 2]  # goes along with the concept, and does nothing
    readers: dict[str, Reader] = {
        "concept": lambda images: images[:, 0, 0, 0] + weight * images[:, 1, 0, 0]
    }
    table = dissect(_Units(4), ["units"], z, readers=readers)
    sd = (z[:, 0] + weight * z[:, 1]).std().item()
    for unit, share in ((0, z[:, 0].std().item() / sd), (1, weight * z[:, 1].std().item() / sd)):
        found = _of(table, unit)
        np.testing.assert_allclose(found[["effect", "low", "high"]].astype(float), share, rtol=1e-4)
        assert found["spread"] == pytest.approx(abs(share), rel=1e-4)
        assert found["stands_out"]
    np.testing.assert_array_equal(table.loc[table["unit"] >= 2, ["effect", "spread"]], 0)
    assert not table.loc[table["unit"] >= 2, "stands_out"].any()


def test_a_square_shows_in_the_spread_only() -> None:
    half = torch.randn(40, 2, generator=generator(2, "z"))
    z = torch.cat([half, -half])
    readers: dict[str, Reader] = {"concept": lambda images: images[:, 1, 0, 0] ** 2}
    found = _of(dissect(_Units(2), ["units"], z, readers=readers), 1)
    assert found["effect"] == pytest.approx(0, abs=1e-5)
    assert not found["stands_out"]
    assert found["spread"] == pytest.approx(1, rel=1e-4)


def test_figures_are_scipys_line_and_benjamini_hochberg() -> None:
    torch.manual_seed(2)
    network = nn.Sequential(
        *(nn.Linear(4, 20), nn.Unflatten(1, (5, 2, 2)), nn.ReLU(), nn.Flatten()),
        *(nn.Linear(20, 36), nn.Tanh(), nn.Unflatten(1, (1, 6, 6))),
    )
    readers: dict[str, Reader] = {
        "ink": lambda images: images.mean((1, 2, 3)),
        "left": lambda images: images[..., :3].mean((1, 2, 3)),
        "gap": lambda images: images[:, 0, 0, 0].where(images[:, 0, 0, 0] > 0.12, torch.nan),
    }
    z = _z(30)
    table = dissect(network, ["2"], z, readers=readers, batch_size=8, fdr=0.2)
    with torch.no_grad():
        base = network(z)
        units = network[:3](z)
        for row in table.to_dict("records"):
            activation = units[:, row["unit"]].mean((1, 2)).double().numpy()
            changed = units.clone()
            changed[:, row["unit"]] = units[:, row["unit"]].mean()
            before = readers[row["concept"]](base).double().numpy()
            after = readers[row["concept"]](network[3:](changed)).double().numpy()
            both = np.isfinite(before) & np.isfinite(after)
            scale = before[np.isfinite(before)].std(ddof=1)
            line = stats.linregress(activation[both], (before - after)[both])
            error = _hc3(activation[both], (before - after)[both])
            half = error * stats.t.ppf(0.975, both.sum() - 2)
            figures = np.array([line.slope, line.slope - half, line.slope + half])
            expected = figures * activation.std(ddof=1) / scale
            found = [row[name] for name in ("effect", "low", "high", "spread")]
            spread = (after - before)[both].std(ddof=1) / scale
            np.testing.assert_allclose(found, [*expected, spread], rtol=2e-3, atol=1e-5)
            p = 2 * stats.t.sf(abs(line.slope) / error, both.sum() - 2)
            assert row["p"] == pytest.approx(p, rel=1e-2)
    gap = readers["gap"](base)
    assert 3 < gap.isnan().sum() < 27
    assert 0 < table["stands_out"].sum() < len(table)
    np.testing.assert_allclose(table["q"], stats.false_discovery_control(table["p"]), rtol=1e-9)
    np.testing.assert_array_equal(table["stands_out"], table["q"] <= 0.2)


def _hc3(x: np.ndarray, y: np.ndarray) -> float:
    """Standard error of the slope, in matrix form (MacKinnon & White 1985)."""
    design = np.stack([np.ones_like(x), x], 1)
    bread = np.linalg.inv(design.T @ design)
    hat = design @ bread @ design.T
    left = (y - hat @ y) / (1 - np.diag(hat))
    return float(np.sqrt((bread @ design.T @ np.diag(left**2) @ design @ bread)[1, 1]))


def test_readers_of_noise_find_no_unit() -> None:
    found = []
    for seed in range(60):
        z = torch.randn(12, 8, generator=generator(seed, "z"))
        readers = {f"noise {k}": _noise(10 * seed + k) for k in range(4)}
        found.append(dissect(_Units(8), ["units"], z, readers=readers))
    # the false discovery rate of tables without any true one is the share of tables with any
    false = sum(bool(table["stands_out"].any()) for table in found)
    assert false <= stats.binom.ppf(0.999, 60, 0.05)
    low, high = pd.concat(found)["p"].lt(0.05).mean() + np.array([-0.02, 0.02])
    assert low < 0.05 < high


def test_a_unit_whose_mean_varies_by_rounding_only_has_no_slope() -> None:
    network = nn.Sequential(
        *(nn.Linear(4, 18), nn.Unflatten(1, (2, 3, 3)), nn.InstanceNorm2d(2)), nn.Conv2d(2, 1, 1)
    )
    readers: dict[str, Reader] = {"corner": lambda images: images[:, 0, 0, 0]}
    table = dissect(network, ["2"], _z(), readers=readers)
    assert table[["effect", "low", "high", "p", "q"]].isna().all(axis=None)
    assert not table["stands_out"].any()
    assert (table["spread"] > 0.1).all()  # it does move the concept


def test_concepts_that_are_read_together_are_as_apart_and_share_passes() -> None:
    apart = _readers()
    calls: list[int] = []

    def three(images: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        flat = torch.full((len(images),), 2.0)
        return torch.stack([apart["square 1"](images), flat, apart["square 3"](images)], 1)

    together: dict[str | tuple[str, ...], Reader] = {
        "square 0": apart["square 0"],
        ("square 1", "flat", "square 3"): three,
    }
    said: list[str] = []
    found = dissect(_Planted(), ["units"], _z(), readers=together, on_warning=said.append)
    assert sum(calls) == 60 + 6 * 60
    assert len(said) == 1
    assert "flat" in said[0]
    del apart["square 2"]
    pd.testing.assert_frame_equal(found, dissect(_Planted(), ["units"], _z(), readers=apart))


def test_every_layer_keeps_the_same_share_of_its_units_that_vary_most() -> None:
    first = nn.Linear(8, 8, bias=False)
    first.weight.data = torch.diag(torch.tensor([1.0, 8, 2, 7, 3, 6, 4, 5]))
    second = nn.Linear(8, 4, bias=False)
    second.weight.data = 0.001 * torch.eye(8)[[1, 0, 2, 3]]
    network = nn.Sequential(first, second, nn.Unflatten(1, (4, 1, 1)))
    z = torch.eye(8)  # every unit's activation is one of its weights in one latent, 0 elsewhere
    readers: dict[str, Reader] = {"sum": lambda images: images.sum((1, 2, 3))}
    said: list[str] = []
    done: list[tuple[int, int]] = []
    whole = dissect(network, ["0", "1"], z, readers=readers).set_index(["layer", "unit"])
    few = dissect(
        network,
        ["0", "1"],
        z,
        readers=readers,
        max_units=6,
        on_progress=lambda now, total: done.append((now, total)),
        on_warning=said.append,
    )
    kept = [("0", 1), ("0", 3), ("0", 5), ("0", 7), ("1", 0), ("1", 3)]
    assert list(zip(few["layer"], few["unit"])) == kept
    names = ["effect", "low", "high", "spread", "p"]
    np.testing.assert_array_equal(few[names], whole.loc[kept][names])
    assert done[-1] == (48, 48)
    assert len(said) == 1
    assert "6 of 12 units" in said[0]
    for most in (1, 5, 11, 12, 99):
        assert len(dissect(network, ["0", "1"], z, readers=readers, max_units=most)) == min(
            most, 12
        )


def test_last_bits_that_depend_on_the_batch_are_no_effect() -> None:
    def drifting(images: torch.Tensor) -> torch.Tensor:
        return images[:, 0, *SQUARES[0]].mean((1, 2)) + 1e-7 * len(images)

    readers: dict[str, Reader] = {"square": drifting}
    table = dissect(_Planted(), ["units"], _z(), readers=readers, fill="zero", batch_size=17)
    table = table.dropna()
    assert table.loc[table["stands_out"], "unit"].tolist() == [ORDER[0]]
    assert (table.loc[table["unit"] != ORDER[0], "effect"] == 0).all()


def test_several_layers_share_one_table() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.Unflatten(1, (2, 1, 1)))
    done: list[tuple[int, int]] = []
    table = dissect(
        network,
        ["0", "2"],
        _z(10),
        readers={"first": lambda images: images[:, 0, 0, 0]},
        batch_size=8,
        on_progress=lambda now, total: done.append((now, total)),
    )
    assert list(zip(table["layer"], table["unit"])) == [
        *(("0", k) for k in range(3)),
        ("2", 0),
        ("2", 1),
    ]
    np.testing.assert_allclose(table["q"], stats.false_discovery_control(table["p"]), rtol=1e-9)
    assert done[-1] == (50, 50)
    assert [now for now, _ in done] == sorted(now for now, _ in done)


def test_the_generator_is_given_back_as_it_was() -> None:
    network = _Planted().train()

    def broken(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("reader")

    dissect(network, ["units"], _z(5), readers=_readers())
    with pytest.raises(RuntimeError, match="reader"):
        dissect(network, ["units"], _z(5), readers={"broken": broken})
    assert network.training
    assert network.unused.training
    assert not network.units._forward_hooks


def test_a_concept_that_never_varies_is_left_out_and_said() -> None:
    flat: dict[str, Reader] = {
        "flat": lambda images: torch.full((len(images),), 3.0),
        "unreadable": lambda images: torch.full((len(images),), torch.nan),
    }
    said: list[str] = []
    table = dissect(
        _Planted(), ["units"], _z(), readers=flat | _readers(), fill="zero", on_warning=said.append
    )
    assert set(table["concept"]) == set(_readers())
    assert [name for name in flat if any(name in text for text in said)] == list(flat)
    with pytest.raises(InputError, match="none of 2"):
        dissect(_Planted(), ["units"], _z(), readers=flat)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"layers": ["unit"]}, "units"),
        ({"layers": []}, "0 layers"),
        ({"z": _z(2)}, "2 latents"),
        ({"max_units": 0}, "max_units 0"),
        ({"fill": "grey"}, "mean, zero"),
        ({"readers": {"wide": lambda images: images.mean((2, 3))}}, r"wide.*\(9, 1\)"),
        ({"readers": {("a", "b"): lambda images: images.mean((2, 3))}}, r"a, b.*\(9, 1\)"),
        ({"readers": {"a": len, ("b", "a"): len}}, "a twice"),
    ],
)
def test_what_cannot_be_dissected_is_said(change: dict[str, object], words: str) -> None:
    given: dict[str, object] = {
        "layers": ["units"],
        "z": _z(9),
        "readers": _readers(),
        "fill": "mean",
    }
    call: Callable[..., pd.DataFrame] = dissect
    with pytest.raises(InputError, match=words):
        call(_Planted(), **(given | change))


def test_the_strongest_units_of_each_concept() -> None:
    table = pd.DataFrame(
        [
            ("a", 0, "x", -0.2, True),
            ("a", 0, "b", 0.1, True),
            ("a", 1, "x", 0.9, True),
            ("a", 1, "b", 5.0, False),
            ("b", 0, "x", -0.5, True),
            ("b", 0, "b", -0.3, True),
        ],
        columns=["layer", "unit", "concept", "effect", "stands_out"],
    )
    found = strongest(table, per_concept=2)
    assert list(zip(found["layer"], found["unit"], found["concept"])) == [
        *(("a", 1, "x"), ("b", 0, "x"), ("b", 0, "b"), ("a", 0, "b")),
    ]
    assert found.columns.tolist() == table.columns.tolist()
    assert strongest(table.assign(stands_out=False)).empty
