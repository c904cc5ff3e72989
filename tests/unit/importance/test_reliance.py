"""What a discriminator relies on: planted ones, peers, and a test that is as sure as it says."""

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score
from torch import nn

from ganatomy.data.recipe import Recipe
from ganatomy.errors import InputError
from ganatomy.importance.reliance import auc_drop, reliance
from ganatomy.metrics.bootstrap import resample
from ganatomy.rng import generator

COLUMNS = [
    *("variant", "features", "mode", "readout", "value", "low", "high", "p", "q", "stands_out"),
]
Changed = tuple[Recipe, torch.Tensor]


class _Corner(nn.Module):
    """Looks at the upper left cell of a 2 x 2 grid of 4 x 4 pixels, and nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(127.5))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (self.factor * (images[:, 0, :4, :4] + 1).sum((1, 2))).round()


class _Blind(nn.Module):
    """Says the same of every image."""

    def __init__(self, answer: float) -> None:
        super().__init__()
        self.answer = nn.Parameter(torch.tensor(answer))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.answer.expand(len(images))


def _images(count: int, seed: int, low: int = 0, high: int = 256) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randint(low, high, (count, 1, 8, 8), generator=draw).to(torch.uint8)


REALS, FAKES = _images(80, 0, 20, 256), _images(60, 1, 0, 236)


def _without_cell(row: int, column: int) -> Changed:
    changed = REALS.clone()
    changed[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 0
    name = f"cell_{row}_{column}"
    return _recipe(name, mode="remove"), changed


def _recipe(name: str, *features: str, mode: str = "noise") -> Recipe:
    return Recipe(name, features or (name,), mode, 0, "", "")


def _rely(changed: list[Changed], seed: int = 0, fdr: float = 0.05) -> pd.DataFrame:
    return reliance(_Corner(), REALS, changed, base_fakes=FAKES, fdr=fdr, seed=seed)


def _logits(images: torch.Tensor) -> np.ndarray:
    return images[:, 0, :4, :4].sum((1, 2)).numpy()


def test_only_the_cell_that_it_looks_at_counts() -> None:
    cells = [_without_cell(row, column) for row, column in itertools.product(range(2), range(2))]
    table = _rely(cells)
    assert list(table.columns) == COLUMNS
    assert len(table) == 8
    seen = table[table["variant"] == "cell_0_0"]
    assert (seen["low"] > 0).all()
    assert ((seen["low"] < seen["value"]) & (seen["value"] < seen["high"])).all()
    others = table[table["variant"] != "cell_0_0"]
    assert (others[["value", "low", "high"]] == 0).all(axis=None)
    assert (others.loc[others["readout"] == "d_auc_drop", ["p", "q"]] == 1).all(axis=None)
    out = table[table["stands_out"]]
    assert list(zip(out["variant"], out["readout"])) == [("cell_0_0", "d_auc_drop")]


def test_values_are_what_peers_and_definitions_say() -> None:
    recipe, changed = _without_cell(0, 0)
    changed = torch.where(torch.arange(80).view(-1, 1, 1, 1) % 2 == 0, changed, REALS)
    table = _rely([(_recipe("both", *recipe.features, "blur", mode="remove"), changed)]).set_index(
        "readout"
    )
    assert (table["features"] == "cell_0_0+blur").all()
    before, after, fakes = _logits(REALS), _logits(changed), _logits(FAKES)
    truth = [1] * 80 + [0] * 60
    drop = roc_auc_score(truth, np.r_[before, fakes]) - roc_auc_score(truth, np.r_[after, fakes])
    assert table.loc["d_auc_drop", "value"] == pytest.approx(drop, abs=1e-12)
    change = np.abs(after - before).mean() / before.std(ddof=1)
    assert table.loc["d_logit_change", "value"] == pytest.approx(change, rel=1e-9)
    assert table.loc["d_logit_change", ["p", "q"]].isna().all()
    # the only p is its own q
    assert table.loc["d_auc_drop", "q"] == table.loc["d_auc_drop", "p"] > 0


def test_better_told_apart_is_a_negative_drop() -> None:
    brighter = REALS.clone()
    brighter[:, :, :4, :4] = 255
    row = _rely([(_recipe("bright", mode="remove"), brighter)]).set_index("readout")
    before = roc_auc_score([1] * 80 + [0] * 60, np.r_[_logits(REALS), _logits(FAKES)])
    assert row.loc["d_auc_drop", "value"] == pytest.approx(before - 1)
    assert row.loc["d_auc_drop", "high"] < 0


def test_false_finds_are_kept_rare_over_the_whole_table() -> None:
    """q is Benjamini and Hochberg's of the p, and what stands out has a q up to fdr."""
    draw = torch.Generator().manual_seed(0)
    changed: list[Changed] = []
    for step, size in enumerate((0, 4, 8, 16, 30)):
        noise = torch.randint(-size, size + 1, REALS.shape, generator=draw) - size
        images = (REALS.int() + noise).clamp(0, 255).to(torch.uint8)
        changed.append((_recipe(f"noise_{step}", "noise"), images))
    p = _rely(changed).query("readout == 'd_auc_drop'")["p"].to_numpy()
    expected = stats.false_discovery_control(p)
    fdr = (p[3] + expected[3]) / 2  # by p alone it would stand out
    assert p[3] < fdr < expected[3] < 0.5
    judged = _rely(changed, fdr=fdr).query("readout == 'd_auc_drop'")
    assert judged["q"].tolist() == pytest.approx(expected.tolist())
    assert judged["stands_out"].tolist() == [False, False, False, False, True]


def test_draws_depend_on_the_seed_alone_and_are_shared() -> None:
    changed = [_without_cell(0, 0), _without_cell(0, 1)]
    once = _rely(changed)
    torch.manual_seed(5)
    pd.testing.assert_frame_equal(_rely(changed), once)
    alone = _rely(changed[:1])
    pd.testing.assert_frame_equal(alone[COLUMNS[:8]], once.loc[:1, COLUMNS[:8]], check_exact=True)
    assert not np.allclose(_rely(changed, seed=1)["low"], once["low"], atol=1e-9)


# ---- intervals and the test ----


def _normal(count: int, draw: torch.Generator) -> torch.Tensor:
    return torch.randn(count, generator=draw, dtype=torch.float64)


def _by_pairs(
    original: list[float], changed: list[float], fakes: list[float]
) -> tuple[float, float]:
    """Mean and variance-around-zero of the mean, from all pairs."""

    def wins(real: float, fake: float) -> float:
        return (real > fake) + (real == fake) / 2

    lost = np.array([[wins(a, f) - wins(b, f) for f in fakes] for a, b in zip(original, changed)])
    of_reals, of_fakes = lost.mean(1), lost.mean(0)
    variance = (of_reals**2).mean() / len(of_reals) + (of_fakes**2).mean() / len(of_fakes)
    return float(lost.mean()), float(variance)


@pytest.mark.parametrize("levels", [3, 1000])
def test_drop_and_p_from_all_pairs(levels: int) -> None:
    draw = torch.Generator().manual_seed(levels)
    original, changed, fakes = (
        torch.randint(levels, (count,), generator=draw).double() for count in (13, 13, 9)
    )
    drop, p = auc_drop(original, changed, fakes)
    mean, variance = _by_pairs(original.tolist(), changed.tolist(), fakes.tolist())
    assert drop == pytest.approx(mean, abs=1e-12)
    assert mean != 0
    assert p == pytest.approx(2 * stats.norm.sf(abs(mean) / variance**0.5), rel=1e-9)


@pytest.mark.parametrize("separation", [0.0, 1.0])
@pytest.mark.parametrize("share_changed", [0.3, 1.0])
def test_no_drop_is_rejected_as_often_as_it_says(separation: float, share_changed: float) -> None:
    """Changed reals of the same distribution as the original ones, and correlated with them."""
    draw = torch.Generator().manual_seed(0)
    rejected = 0
    for _ in range(600):
        common = 0.8**0.5 * _normal(100, draw) + separation
        original, other = (common + 0.2**0.5 * _normal(100, draw) for _ in range(2))
        hit = torch.rand(100, generator=draw) < share_changed
        fakes = _normal(100, draw)
        rejected += auc_drop(original, torch.where(hit, other, original), fakes)[1] <= 0.05
    low, high = stats.binom.interval(0.999, 600, 0.04)
    assert low <= rejected <= high


def test_not_sure_beyond_what_the_number_of_images_allows() -> None:
    one, two = torch.ones(10, dtype=torch.float64), torch.full((10,), 2.0, dtype=torch.float64)
    drop, p = auc_drop(two, one - 1, one)
    assert drop == 1
    assert p == pytest.approx(2 * stats.norm.sf(5**0.5))  # n m / (n + m) = 5
    assert auc_drop(one, one, two) == (0, 1)


class _FirstPixels(nn.Module):
    """Two bytes of an image are its logit."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        high, low = images.flatten(1).unbind(1)
        return self.factor * (high + low / 256)


def _as_images(logits: torch.Tensor) -> torch.Tensor:
    """Logits in about [-6, 6] as images of 1 x 2 pixels: an affine map of them, order kept."""
    number = ((logits + 6) / 12 * 65535).round().clamp(0, 65535).long()
    return torch.stack([number // 256, number % 256], 1).to(torch.uint8).view(-1, 1, 1, 2)


def test_intervals_are_those_of_images_drawn_anew() -> None:
    """Each replicate by its list of images and all pairs; the reals are drawn in pairs."""
    reals, fakes = REALS[:20], torch.cat([REALS[:4], FAKES[:11]])  # four ties
    changed = torch.cat([_without_cell(0, 0)[1][:2], REALS[20:25], REALS[7:20]])
    table = reliance(
        _Corner(), reals, [(_recipe("v"), changed)], base_fakes=fakes, fdr=0.05, seed=3
    )
    draws = [
        resample(count, 500, generator(3, "reliance", name)).long().numpy()
        for name, count in (("reals", 20), ("fakes", 15))
    ]
    before, after, made = (_logits(images).astype(float) for images in (reals, changed, fakes))
    replicates: dict[str, list[float]] = {"d_logit_change": [], "d_auc_drop": []}
    for real_counts, fake_counts in zip(*draws):
        rows, columns = np.repeat(np.arange(20), real_counts), np.repeat(np.arange(15), fake_counts)
        wins = [
            np.greater.outer(x[rows], made[columns]) + np.equal.outer(x[rows], made[columns]) / 2
            for x in (before, after)
        ]
        replicates["d_auc_drop"].append(float(wins[0].mean() - wins[1].mean()))
        change = np.abs(after - before)[rows].mean() / before[rows].std(ddof=1)
        replicates["d_logit_change"].append(float(change))
    for row in table.itertuples():
        drawn = np.array(replicates[str(row.readout)])
        low, high = np.quantile(drawn, [0.025, 0.975]) - drawn.mean() + row.value
        assert (row.low, row.high) == pytest.approx((max(low, -1), high), rel=1e-6)


def test_intervals_hold_the_truth() -> None:
    """Reals N(1, 1), changed by N(-0.5, 0.25), against fakes N(0, 1)."""
    draw = torch.Generator().manual_seed(0)
    auc_before, auc_after = (stats.norm.cdf(d / s**0.5) for d, s in ((1, 2), (0.5, 2.25)))
    truth = {
        "d_auc_drop": auc_before - auc_after,
        "d_logit_change": stats.foldnorm.mean(1, scale=0.5),
    }
    inside = dict.fromkeys(truth, 0)
    trials = 120
    for trial in range(trials):
        original = _normal(60, draw) + 1
        changed = original - 0.5 + 0.5 * _normal(60, draw)
        table = reliance(
            _FirstPixels(),
            _as_images(original),
            [(_recipe("v"), _as_images(changed))],
            base_fakes=_as_images(_normal(60, draw)),
            fdr=0.05,
            seed=trial,
        )
        for row in table.itertuples():
            inside[str(row.readout)] += row.low <= truth[str(row.readout)] <= row.high
    for readout, count in inside.items():
        assert 0.87 * trials <= count < trials, readout


# ---- what cannot be measured ----


def test_a_blind_discriminator_relies_on_nothing() -> None:
    table = reliance(_Blind(0.1), REALS, [_without_cell(0, 0)], base_fakes=FAKES, fdr=0.05, seed=0)
    change, drop = table.to_dict("records")
    assert np.isnan([change["value"], change["low"], change["high"]]).all()
    assert (drop["value"], drop["low"], drop["high"], drop["p"]) == (0, 0, 0, 1)
    assert not table["stands_out"].any()


def test_logits_that_are_not_finite() -> None:
    with pytest.raises(InputError, match=r"not finite.*real images"):
        reliance(_Blind(float("nan")), REALS, [], base_fakes=FAKES, fdr=0.05, seed=0)


def test_changed_images_that_are_not_the_same_ones() -> None:
    with pytest.raises(InputError, match=r"\(79, 1, 8, 8\), not \(80, 1, 8, 8\).*class_1"):
        _rely([(_recipe("class_1", mode="remove"), REALS[1:])])


@pytest.mark.parametrize(("num_reals", "num_fakes"), [(9, 60), (80, 9)])
def test_too_few_images(num_reals: int, num_fakes: int) -> None:
    with pytest.raises(InputError, match=r"^9 .*at least 10"):
        reliance(_Corner(), REALS[:num_reals], [], base_fakes=FAKES[:num_fakes], fdr=0.05, seed=0)
