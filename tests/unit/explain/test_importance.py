"""Effects against nulls, rederived by hand; false alarms as often as promised."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats
from sklearn.metrics import roc_auc_score
from torch import nn

from ganatomy.explain import importance
from ganatomy.explain.importance import Member, Probe, read_out, summarise
from ganatomy.metrics.random_features import RandomFeatures

READOUTS = ["d_separation", "d_shift", "g_fcd", "g_frd"]
NUM_TABLES = 400


def _repeats(
    draw: np.random.Generator,
    num_seeds: int = 4,
    num_nulls: int = 3,
    variants: tuple[str, ...] = ("blur", "contrast"),
    readouts: tuple[str, ...] = ("d_separation", "g_fcd"),
) -> pd.DataFrame:
    """A table in which changing a feature changes nothing."""
    names = [*variants, *(f"null_{k}" for k in range(num_nulls))]
    rows = []
    for readout in readouts:
        for seed in range(num_seeds):
            level = 10 * draw.normal()  # seeds differ far more than nulls do
            for name in names:
                value = level + draw.normal()
                rows.append((name, name.startswith("null_"), seed, readout, value))
    return pd.DataFrame(rows, columns=["variant", "is_null", "seed", "readout", "value"])


def _plant(repeats: pd.DataFrame, variant: str, readout: str, effect: float) -> pd.DataFrame:
    planted = repeats.copy()
    hit = (planted["variant"] == variant) & (planted["readout"] == readout)
    planted.loc[hit, "value"] += effect
    return planted


def _row(summary: pd.DataFrame, variant: str, readout: str) -> dict[str, Any]:
    found = summary[(summary["variant"] == variant) & (summary["readout"] == readout)]
    assert len(found) == 1
    row: dict[str, Any] = found.iloc[0].to_dict()
    return row


# ---- summarise ----


@pytest.mark.parametrize(("num_seeds", "num_nulls"), [(4, 3), (1, 2), (3, 5)])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_summary_is_the_one_worked_out_by_hand(
    num_seeds: int, num_nulls: int, alpha: float
) -> None:
    repeats = _repeats(np.random.default_rng(0), num_seeds, num_nulls)
    shuffled = repeats.sample(frac=1, random_state=1)
    summary = summarise(shuffled, alpha)
    assert len(summary) == 4
    value = {(r.variant, r.seed, r.readout): r.value for r in repeats.itertuples()}
    freedom = num_seeds * (num_nulls - 1)
    for readout in ("d_separation", "g_fcd"):
        nulls = np.array(
            [
                [value[f"null_{k}", seed, readout] for k in range(num_nulls)]
                for seed in range(num_seeds)
            ]
        )
        sd = np.sqrt(nulls.var(axis=1, ddof=1).mean())  # seeds have equal counts: pooled
        if readout == "d_shift" and num_nulls > 2:  # measured from the nulls themselves
            sd *= (num_nulls - 1) / (num_nulls - 2)
        error = sd * np.sqrt((1 + 1 / num_nulls) / num_seeds)
        for variant in ("blur", "contrast"):
            own = np.array([value[variant, seed, readout] for seed in range(num_seeds)])
            effect = (own - nulls.mean(1)).mean()
            t = effect / error
            low, high = stats.t.interval(1 - alpha, freedom, loc=effect, scale=error)
            row = _row(summary, variant, readout)
            expected = {
                "effect": effect,
                "low": low,
                "high": high,
                "null_sd": sd,
                "error": error,
                "t": t,
                "threshold": stats.t.ppf(1 - alpha / 4 / 2, freedom),
                "p": 2 * stats.t.sf(abs(t), freedom),
            }
            for name, number in expected.items():
                assert row[name] == pytest.approx(number, rel=1e-9), name
            assert row["stands_out"] == (row["p"] < alpha / 4)
            assert row["network"] == {"d": "discriminator", "g": "generator"}[readout[0]]


@pytest.mark.parametrize("num_nulls", [3, 4, 7])
def test_shift_is_judged_like_what_it_is_made_of(num_nulls: int) -> None:
    """Let each member be at a distance b of its own from the middle, and two members at the sum of
    their b from each other. Then the mean distances to the other nulls hold neither more nor less
    than the b themselves, and must be judged alike."""
    own = _repeats(np.random.default_rng(0), 4, num_nulls, readouts=("g_fcd",))
    table = own.pivot(index="seed", columns="variant", values="value")
    nulls = [f"null_{k}" for k in range(num_nulls)]
    shifts = pd.DataFrame(
        {
            name: np.mean([table[name] + table[k] for k in nulls if k != name], axis=0)
            for name in table
        },
        index=table.index,
    )
    melted = shifts.reset_index().melt("seed", var_name="variant")
    melted = melted.assign(readout="d_shift", is_null=melted["variant"].isin(nulls))
    summary = summarise(pd.concat([own, melted]), 0.05)
    for variant in ("blur", "contrast"):
        plain, shift = _row(summary, variant, "g_fcd"), _row(summary, variant, "d_shift")
        for name in ("effect", "low", "high", "null_sd", "error", "t", "p"):
            assert shift[name] == pytest.approx(plain[name], rel=1e-9), name


def test_planted_effect_stands_out_alone() -> None:
    repeats = _repeats(np.random.default_rng(0), readouts=tuple(READOUTS))
    for effect in (30.0, -30.0):
        summary = summarise(_plant(repeats, "contrast", "g_fcd", effect), 0.05)
        out = summary[summary["stands_out"]]
        assert list(zip(out["variant"], out["readout"])) == [("contrast", "g_fcd")]
        row = _row(summary, "contrast", "g_fcd")
        assert row["low"] < effect < row["high"]
        assert row["low"] * row["high"] > 0


def test_a_seeds_own_level_does_not_matter() -> None:
    repeats = _repeats(np.random.default_rng(0))
    moved = repeats.assign(value=repeats["value"] + 1000.0 * repeats["seed"])
    pd.testing.assert_frame_equal(summarise(moved, 0.05), summarise(repeats, 0.05), rtol=1e-6)


def test_units_do_not_matter() -> None:
    repeats = _repeats(np.random.default_rng(0))
    scaled = summarise(repeats.assign(value=1000 * repeats["value"]), 0.05)
    plain = summarise(repeats, 0.05)
    for name in ("t", "p", "threshold", "stands_out"):
        np.testing.assert_allclose(scaled[name].astype(float), plain[name].astype(float))
    for name in ("effect", "low", "high", "null_sd", "error"):
        np.testing.assert_allclose(scaled[name], 1000 * plain[name])


def _band(probability: float) -> tuple[float, float]:
    """Two-sided 99.9 % band of a share of NUM_TABLES."""
    low, high = stats.binom.interval(0.999, NUM_TABLES, probability)
    return low / NUM_TABLES, high / NUM_TABLES


def test_one_comparison_raises_a_false_alarm_as_often_as_alpha_says() -> None:
    """Exact for normal noise: one variant, one readout."""
    draw = np.random.default_rng(1)
    alarms = [
        bool(summarise(_repeats(draw, 3, 4, ("v",), ("g_fcd",)), 0.05)["stands_out"].any())
        for _ in range(NUM_TABLES)
    ]
    low, high = _band(0.05)
    assert low <= np.mean(alarms) <= high


def test_the_whole_table_raises_a_false_alarm_as_often_as_alpha_says() -> None:
    """Bonferroni: at most alpha, and hardly less where comparisons are nearly independent."""
    draw = np.random.default_rng(2)
    variants = ("a", "b", "c")
    alarms = [
        bool(summarise(_repeats(draw, 3, 4, variants), 0.05)["stands_out"].any())
        for _ in range(NUM_TABLES)
    ]
    assert _band(0.03)[0] <= np.mean(alarms) <= _band(0.05)[1]


@pytest.mark.parametrize("num_nulls", [3, 4])
def test_shifts_of_members_like_any_null_raise_no_more_false_alarms(
    num_nulls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """d_shift is measured from the nulls themselves. A member that is one more null must not seem
    further from them than they are from each other."""
    _measure_nothing_but_logits(monkeypatch)
    draw = torch.Generator().manual_seed(0)
    alarms = []
    for _ in range(NUM_TABLES):
        members = []
        for seed in range(3):
            level = torch.randn(40, generator=draw, dtype=torch.float64)
            for name in ("v", *(f"null_{k}" for k in range(num_nulls))):
                own = torch.randn(40, generator=draw, dtype=torch.float64)
                members.append(_member(name, seed, level + 0.5 * own))
        repeats = read_out(members, _probe(), lambda done, total: None)
        alarms.append(bool(summarise(repeats[repeats.readout == "d_shift"], 0.05).stands_out.any()))
    assert np.mean(alarms) <= _band(0.05)[1]
    assert any(alarms)


def test_nulls_that_do_not_vary_judge_nothing() -> None:
    repeats = _repeats(np.random.default_rng(0))
    still = (repeats["readout"] == "g_fcd") & repeats["is_null"]
    repeats.loc[still, "value"] = 3.0
    summary = summarise(_plant(repeats, "blur", "g_fcd", 1e6), 0.05)
    for variant in ("blur", "contrast"):
        row = _row(summary, variant, "g_fcd")
        assert (row["null_sd"], row["t"], row["stands_out"]) == (0, 0, False)
        assert row["p"] == 1
        assert row["low"] == row["effect"] == row["high"]
    assert _row(summary, "blur", "d_separation")["null_sd"] > 0


@pytest.mark.parametrize("num_nulls", [0, 1])
def test_fewer_than_two_nulls(num_nulls: int) -> None:
    with pytest.raises(ValueError, match=f"{num_nulls} nulls"):
        summarise(_repeats(np.random.default_rng(0), num_nulls=num_nulls), 0.05)


# ---- read_out ----


class _Logits(nn.Module):
    """A discriminator that is known by its logits."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = logits


def _member(name: str, seed: int, logits: torch.Tensor) -> Member:
    return Member(name, name.startswith("null_"), seed, nn.Identity(), _Logits(logits))


def _probe() -> Probe:
    half = torch.zeros(20, 1, 4, 4, dtype=torch.uint8)
    return Probe(half, half + 1, torch.zeros(2, 1), nn.Identity(), nn.Identity())


def _measure_nothing_but_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    def score(network: _Logits, images: torch.Tensor) -> torch.Tensor:
        real, fake = network.logits.chunk(2)
        return fake if images.any() else real

    monkeypatch.setattr(importance, "score", score)
    monkeypatch.setattr(importance, "generate", lambda network, z: torch.zeros(1, 1, 4, 4))
    monkeypatch.setattr(importance, "extract", lambda network, images: torch.zeros(2, 2))
    monkeypatch.setattr(importance, "frechet_distance", lambda one, two: 0.0)


def test_shift_is_the_distance_of_standardised_logits_from_each_null(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _measure_nothing_but_logits(monkeypatch)
    draw = np.random.default_rng(0)
    logits = {
        (name, seed): draw.normal(3, 2, 40)
        for seed in (0, 1)
        for name in ("v", "null_0", "null_1", "null_2")
    }
    members = [_member(name, seed, torch.from_numpy(x)) for (name, seed), x in logits.items()]
    steps: list[tuple[int, int]] = []
    repeats = read_out(members, _probe(), lambda done, total: steps.append((done, total)))
    assert steps == [(done, 8) for done in range(1, 9)]
    standard = {key: (x - x.mean()) / x.std(ddof=1) for key, x in logits.items()}
    for seed in (0, 1):
        distances = [
            np.sqrt(((standard["v", seed] - standard[f"null_{k}", seed]) ** 2).mean())
            for k in range(3)
        ]
        found = repeats.query("variant == 'v' and readout == 'd_shift' and seed == @seed")["value"]
        assert found.tolist() == pytest.approx([np.mean(distances)])
        real, fake = np.split(logits["v", seed], 2)
        found = repeats.query("variant == 'v' and readout == 'd_separation' and seed == @seed")
        expected = roc_auc_score([1] * 20 + [0] * 20, np.r_[real, fake])
        assert found["value"].tolist() == pytest.approx([expected])


def test_nulls_are_not_compared_with_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their mean shift is the mean distance over pairs of nulls."""
    _measure_nothing_but_logits(monkeypatch)
    draw = np.random.default_rng(0)
    logits = {f"null_{k}": draw.normal(size=40) for k in range(4)}
    members = [_member(name, 0, torch.from_numpy(x)) for name, x in logits.items()]
    repeats = read_out(members, _probe(), lambda done, total: None)
    standard = [(x - x.mean()) / x.std(ddof=1) for x in logits.values()]
    pairs = [np.sqrt(((x - y) ** 2).mean()) for x, y in combinations(standard, 2)]
    shifts = repeats[repeats["readout"] == "d_shift"]["value"]
    assert shifts.mean() == pytest.approx(np.mean(pairs))


def test_shift_does_not_see_a_change_of_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    _measure_nothing_but_logits(monkeypatch)
    draw = torch.Generator().manual_seed(0)
    logits = [torch.randn(40, generator=draw, dtype=torch.float64) for _ in range(3)]
    members = [_member(name, 0, x) for name, x in zip(("null_0", "null_1", "v"), logits)]
    scaled = [*members[:2], _member("v", 0, 100 * logits[2] + 7)]
    tables = [read_out(some, _probe(), lambda *_: None) for some in (members, scaled)]
    for table in tables:
        table["value"] = table["value"].round(9)
    pd.testing.assert_frame_equal(*[t[t.readout == "d_shift"] for t in tables])


class _Painter(nn.Module):
    """Latents as images: a batch of constant images whose levels follow z."""

    def __init__(self, shift: float) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(shift))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        levels = (0.2 * z[:, :1] + self.shift).clamp(-1, 1)
        return levels.view(-1, 1, 1, 1).expand(-1, 1, 8, 8)


class _MeanLevel(nn.Module):
    """A discriminator that scores brightness."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        noise = images[:, 0, 0, 0] * 0.1
        return self.factor * images.mean((1, 2, 3)) + noise


def test_every_member_is_measured_on_the_same_probe() -> None:
    draw = torch.Generator().manual_seed(0)
    bright = torch.randint(150, 250, (30, 1, 8, 8), generator=draw, dtype=torch.uint8)
    dark = torch.randint(0, 100, (30, 1, 8, 8), generator=draw, dtype=torch.uint8)
    z = torch.randn(30, 1, generator=draw)
    shifts = {"null_0": 0.5, "null_1": 0.52, "far": -0.8}
    members = [
        Member(name, name.startswith("null"), 0, _Painter(shift), _MeanLevel(sign))
        for (name, shift), sign in zip(shifts.items(), (1.0, 2.0, -1.0))
    ]
    probe = Probe(bright, dark, z, RandomFeatures(1, 1), RandomFeatures(1, 0))
    repeats = read_out(members, probe, lambda done, total: None)
    assert list(repeats.columns) == ["variant", "is_null", "seed", "readout", "value"]
    assert len(repeats) == 12
    table = repeats.pivot(index="variant", columns="readout", values="value")
    assert list(table.columns) == READOUTS
    for readout in ("g_fcd", "g_frd"):
        assert table.loc["far", readout] > 2 * table.loc["null_0", readout] > 0
    assert not np.isclose(table.loc["far", "g_fcd"], table.loc["far", "g_frd"])
    assert table["d_separation"].to_dict() == {"null_0": 1.0, "null_1": 1.0, "far": 0.0}
    assert table.loc["far", "d_shift"] > 1 > table.loc["null_0", "d_shift"]
    flags = repeats.set_index("variant")["is_null"]
    assert flags.loc["null_0"].all()
    assert not flags.loc["far"].any()
