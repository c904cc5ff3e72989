"""Effects against nulls: rederived by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ganatomy.errors import InputError
from ganatomy.importance.ranking import SUMMARY_COLUMNS, summarise
from ganatomy.statistics import benjamini_hochberg
from tests.unit.importance.retrained import Array, noise, repeats

READOUTS = ["d_separation", "g_fcd"]


def _noise(num_seeds: int = 4, num_nulls: int = 3, seed: int = 0) -> dict[str, Array]:
    draw = np.random.default_rng(seed)
    return noise(draw, ["blur", "contrast"], num_nulls, len(READOUTS), num_seeds, 0.5)


def _row(summary: pd.DataFrame, variant: str, readout: str) -> dict[str, Any]:
    found = summary[(summary["variant"] == variant) & (summary["readout"] == readout)]
    assert len(found) == 1
    row: dict[str, Any] = found.iloc[0].to_dict()
    return row


# ---- benjamini_hochberg ----


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_adjusted_p_are_those_of_scipy(count: int) -> None:
    p = np.random.default_rng(count).uniform(size=count) ** 3
    p[count // 2 :] = p[count // 2 :].round(1)  # ties
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12)


def test_what_was_not_tested_does_not_count() -> None:
    p = np.array([np.nan, 0.01, 0.04, np.nan, 0.03])
    q = benjamini_hochberg(p)
    np.testing.assert_allclose(q, [np.nan, 0.03, 0.04, np.nan, 0.04])
    assert np.isnan(benjamini_hochberg(p[[0, 3]])).all()
    assert benjamini_hochberg(p[:0]).shape == (0,)


# ---- summarise ----


@pytest.mark.parametrize(("num_seeds", "num_nulls"), [(4, 3), (2, 2), (3, 5)])
@pytest.mark.parametrize("fdr", [0.05, 0.5])
def test_summary_is_the_one_worked_out_by_hand(num_seeds: int, num_nulls: int, fdr: float) -> None:
    values = _noise(num_seeds, num_nulls)
    values["blur"][0] += 4
    table = repeats(values, READOUTS, mode="permute")
    summary = summarise(table.sample(frac=1, random_state=1), fdr)
    assert list(summary.columns) == SUMMARY_COLUMNS
    assert len(summary) == 4
    q = stats.false_discovery_control(summary["p"])
    assert (summary["stands_out"] == (q <= fdr)).all()
    np.testing.assert_allclose(summary["q"], q)
    for place, readout in enumerate(READOUTS):
        nulls = np.array([values[f"null_{k}"][place] for k in range(num_nulls)])
        variances = nulls.var(axis=0, ddof=1)  # one for each seed
        sd = np.sqrt(variances.mean())
        freedom = variances.sum() ** 2 / (variances**2 / (num_nulls - 1)).sum()
        assert num_nulls - 1 <= freedom <= num_seeds * (num_nulls - 1)
        error = sd * np.sqrt((1 + 1 / num_nulls) / num_seeds)
        for variant in ("blur", "contrast"):
            own = values[variant][place] - nulls.mean(0)
            paired = stats.ttest_1samp(own, 0).confidence_interval(0.95)
            t = own.mean() / error
            row = _row(summary, variant, readout)
            expected = {
                "effect": own.mean(),
                "low": paired.low,
                "high": paired.high,
                "null_sd": sd,
                "standardised": own.mean() / sd,
                "error": error,
                "freedom": freedom,
                "t": t,
                "p": 2 * stats.t.sf(abs(t), freedom),
            }
            for name, number in expected.items():
                assert row[name] == pytest.approx(number, rel=1e-9), name
            assert row["network"] == {"d": "discriminator", "g": "generator"}[readout[0]]
            assert (row["features"], row["mode"], row["judged"]) == (variant, "permute", True)


def test_seeds_of_equal_noise_have_all_degrees_of_freedom() -> None:
    """Nulls at -1, 0, 1 around each seed's level: variance 1 in each of 5 seeds."""
    level = np.arange(5.0)[None]
    values = {f"null_{k}": level + k - 1 for k in range(3)} | {"blur": level + 2}
    row = summarise(repeats(values, ["g_fcd"]), 0.05).iloc[0]
    assert row["freedom"] == pytest.approx(10)
    assert row["effect"] == pytest.approx(2)
    assert row["error"] == pytest.approx(np.sqrt(4 / 15))


def test_a_diverged_gan_is_left_out() -> None:
    """blur has no seed 3 and null_0 no seed 1, by NaN or by a missing row."""
    values = _noise()
    values["blur"][:, 3] = np.nan
    values["null_0"][:, 1] = np.nan
    table = repeats(values, READOUTS)
    summary = summarise(table, 0.05)
    pd.testing.assert_frame_equal(summarise(table.dropna(), 0.05), summary)
    centre = np.array([np.nanmean([values[f"null_{k}"][1, s] for k in range(3)]) for s in range(4)])
    deviations = [values[f"null_{k}"][1] - centre for k in range(3)]
    sd = np.sqrt(np.nansum(np.square(deviations)) / (2 + 1 + 2 + 2))
    blur, contrast = (_row(summary, name, "g_fcd") for name in ("blur", "contrast"))
    assert blur["effect"] == pytest.approx((values["blur"][1] - centre)[:3].mean())
    assert blur["null_sd"] == contrast["null_sd"] == pytest.approx(sd)
    three, two = 1 + 1 / 3, 1 + 1 / 2  # variance of one difference, from 3 nulls or from 2
    assert blur["error"] == pytest.approx(sd * np.sqrt(three + two + three) / 3)
    assert contrast["error"] == pytest.approx(sd * np.sqrt(3 * three + two) / 4)


def test_only_the_end_of_training_and_no_subset_is_judged() -> None:
    values = _noise()
    plain = repeats(values, READOUTS)
    early = repeats({name: table**2 for name, table in values.items()}, READOUTS, share=0.5)
    subset = repeats({"subset_000=blur+contrast": values["blur"] + 100}, READOUTS)
    summary = summarise(pd.concat([early, plain, subset]), 0.05)
    pd.testing.assert_frame_equal(summary, summarise(plain, 0.05))


@pytest.mark.parametrize("num_nulls", [3, 4, 7])
def test_shift_is_judged_like_what_it_is_made_of(num_nulls: int) -> None:
    """Let each member be at a distance b of its own from the middle, and two members at the sum of
    their b from each other. Then the mean distances to the other nulls hold neither more nor less
    than the b themselves, and must be judged alike."""
    own = noise(np.random.default_rng(0), ["blur", "contrast"], num_nulls, 1, 4)
    nulls = [name for name in own if name.startswith("null_")]
    both = {
        name: np.concatenate(
            [
                np.mean([own[name] + own[k] for k in nulls if k != name], axis=0),
                own[name],
            ]
        )
        for name in own
    }
    summary = summarise(repeats(both, ["d_shift", "g_fcd"]), 0.05)
    for variant in ("blur", "contrast"):
        plain, shift = _row(summary, variant, "g_fcd"), _row(summary, variant, "d_shift")
        for name in ("effect", "low", "high", "null_sd", "error", "freedom", "t", "p"):
            assert shift[name] == pytest.approx(plain[name], rel=1e-9), name


def test_shifts_from_two_nulls_cannot_be_judged() -> None:
    """Each is the other's only measure: their distances are equal, and tell nothing."""
    values = _noise(num_nulls=2)
    values["null_1"][0] = values["null_0"][0] + 1e-3
    summary = summarise(repeats(values, ["d_shift", "g_fcd"]), 0.05)
    assert summary.groupby("readout")["judged"].all().to_dict() == {"d_shift": False, "g_fcd": True}


def test_planted_effect_stands_out_alone() -> None:
    for effect in (30.0, -30.0):
        values = _noise(num_nulls=4)
        values["contrast"][1] += effect
        summary = summarise(repeats(values, READOUTS), 0.05)
        out = summary[summary["stands_out"]]
        assert list(zip(out["variant"], out["readout"])) == [("contrast", "g_fcd")]
        row = _row(summary, "contrast", "g_fcd")
        assert row["low"] < effect < row["high"]
        assert row["low"] * row["high"] > 0


def test_levels_and_units_do_not_matter() -> None:
    table = repeats(_noise(), READOUTS)
    plain = summarise(table, 0.05)
    moved = table.assign(value=1000 * (table["value"] + 50.0 * table["seed"]))
    other = summarise(moved, 0.05)
    for name in ("effect", "low", "high", "null_sd", "error"):
        np.testing.assert_allclose(other[name], 1000 * plain[name], rtol=1e-6)
    for name in ("standardised", "freedom", "t", "p", "q"):
        np.testing.assert_allclose(other[name], plain[name], rtol=1e-6)


def test_nulls_that_do_not_vary_judge_nothing() -> None:
    """Three times 0.1 is not exactly 0.3: rounding is no noise either."""
    values = _noise()
    for k in range(3):
        values[f"null_{k}"][1] = 0.1
    values["blur"][0] += 1e3
    summary = summarise(repeats(values, READOUTS), 0.05)
    for variant in ("blur", "contrast"):
        row = _row(summary, variant, "g_fcd")
        assert (row["null_sd"], row["judged"], row["stands_out"]) == (0, False, False)
        assert all(np.isnan(row[name]) for name in ("standardised", "freedom", "t", "p", "q"))
        assert row["low"] < row["effect"] < row["high"]
    judged = summary[summary["judged"]]
    np.testing.assert_allclose(judged["q"], stats.false_discovery_control(judged["p"]))
    assert _row(summary, "blur", "d_separation")["stands_out"]


@pytest.mark.parametrize("num_nulls", [0, 1])
def test_fewer_than_two_nulls(num_nulls: int) -> None:
    with pytest.raises(InputError, match=f"^{num_nulls} nulls.*num_nulls"):
        summarise(repeats(_noise(num_nulls=num_nulls), READOUTS), 0.05)


def test_one_seed() -> None:
    """Nothing can be called significant; the interval is that of one more null."""
    table = repeats(_noise(num_seeds=1), READOUTS)
    with pytest.raises(InputError, match=r"^1 seed:.*\[num_seeds\]"):
        summarise(table, 0.05)
    summary = summarise(table, None)
    assert summary["q"].isna().all()
    assert not summary["stands_out"].any()
    low, high = stats.t.interval(0.95, 2, loc=summary["effect"], scale=summary["error"])
    np.testing.assert_allclose(summary[["low", "high"]], np.stack([low, high], 1))
