"""Screening: verdicts on hand-made tables, costs by counting, and what survives in simulations."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from ganatomy.errors import InputError
from ganatomy.importance.ranking import SUMMARY_COLUMNS
from ganatomy.importance.screening import (
    Rung,
    cost_at_most,
    cost_of,
    quotas,
    screened_run,
    survivors,
)

NULLS = ("null_0", "null_1", "null_2", "null_3")
READOUTS = ("g_fcd", "g_frd", "d_separation")
RUNGS = (Rung(0.15, 3), Rung(0.4, 3))
SHORT = Rung(0.15, 2)
Asked = list[tuple[tuple[str, ...], Rung]]
TrainAndRead = Callable[[tuple[str, ...], Rung], pd.DataFrame]


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"feature_{k:02}" for k in range(count))


def _world(
    effects: dict[tuple[str, str], float],
    seed: int = 0,
    asked: Asked | None = None,
    readouts: Sequence[str] = READOUTS,
) -> TrainAndRead:
    """Trainings whose truth is known.

    `effects` are those of a full training by variant and readout, in the nulls' standard deviation
    there. In a training of a share s of the steps they are s**(1/2) times as large, and the noise
    is s**(-1/4) times as large. Seeds differ by more than the noise.
    """
    draw = np.random.default_rng(seed)

    def train_and_read(variants: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        if asked is not None:
            asked.append((variants, rung))
        shape = (len(variants), rung.num_seeds, len(readouts))
        truth = [[effects.get((name, readout), 0.0) for readout in readouts] for name in variants]
        values = (
            3 * draw.normal(size=(1, *shape[1:]))
            + rung.share**-0.25 * draw.normal(size=shape)
            + rung.share**0.5 * np.array(truth)[:, None]
        )
        rows = pd.MultiIndex.from_product(
            [variants, range(rung.num_seeds), readouts], names=["variant", "seed", "readout"]
        )
        table = pd.DataFrame({"value": values.ravel()}, index=rows).reset_index()
        is_null = table["variant"].isin(NULLS)
        return table.assign(
            features=table["variant"].mask(is_null, ""),
            mode=np.where(is_null, "null", "remove"),
            is_null=is_null,
            share=rung.share,
        )

    return train_and_read


def _summary(tests: dict[str, list[tuple[float, float]]]) -> pd.DataFrame:
    """As `summarise` gives it: (t, p) of each readout by variant."""
    rows = [
        {"variant": variant, "readout": readout, "network": "generator", "t": t, "p": p}
        for variant, own in tests.items()
        for readout, (t, p) in zip(READOUTS, own)
    ]
    table = pd.DataFrame(rows).reindex(columns=SUMMARY_COLUMNS)
    return table.assign(features=table["variant"], judged=table["t"].notna(), stands_out=False)


BLIND = (float("nan"), float("nan"))
FIVE = {
    "weak": [(0.4, 0.7), (-1.0, 0.4)],
    "first": [(1.0, 0.4), (-7.0, 0.001)],
    "third": [(2.5, 0.05), BLIND],
    "blind": [BLIND, BLIND],
    "second": [(3.0, 0.02), (0.0, 1.0)],
}


def test_verdicts_say_why() -> None:
    table = survivors(_summary(FIVE), SHORT, keep=2, alpha=0.2)
    after = "after 15 % of the steps, 2 seeds"
    assert table.drop(columns=["score", "p"]).to_numpy().tolist() == [
        ["first", True, f"kept: p = 0.001 on its clearest readout {after}"],
        ["second", True, f"kept: p = 0.02 on its clearest readout {after}"],
        ["third", False, "dropped: not among the first 2"],
        ["weak", False, f"dropped: cannot be told from nulls {after}"],
        ["blind", False, f"dropped: no readout can be judged {after}"],
    ]
    assert table["score"].tolist()[:4] == [7.0, 3.0, 2.5, 1.0]
    assert table["p"].tolist()[:4] == [0.001, 0.02, 0.05, 0.4]
    assert table.loc[4, ["score", "p"]].isna().all()


@pytest.mark.parametrize(
    ("keep", "alpha", "at_least", "kept"),
    [
        (5, 0.2, 0, 3),
        (5, 0.03, 0, 2),
        (1, 0.2, 0, 1),
        (5, 0.5, 0, 4),
        (5, 0.0005, 0, 0),
        (5, 0.0005, 3, 3),
        (5, 0.2, 5, 5),
    ],
)
def test_the_first_are_kept(keep: int, alpha: float, at_least: int, kept: int) -> None:
    table = survivors(_summary(FIVE), SHORT, keep, alpha=alpha, keep_at_least=at_least)
    assert table["kept"].tolist() == [True] * kept + [False] * (5 - kept)


def test_one_seed_in_words() -> None:
    table = survivors(_summary(FIVE), Rung(0.055, 1), keep=2, alpha=0.2)
    assert table.loc[3, "reason"].endswith("after 5.5 % of the steps, 1 seed")


@pytest.mark.parametrize(
    ("count", "num_rungs", "keep", "expected"),
    [
        (16, 4, 1, (8, 4, 2, 1)),
        (54, 2, 6, (18, 6)),
        (20, 2, 6, (11, 6)),
        (20, 1, 6, (6,)),
        (5, 3, 6, (5, 5, 5)),
        (0, 1, 6, (0,)),
    ],
)
def test_every_rung_drops_the_same_share(
    count: int, num_rungs: int, keep: int, expected: tuple[int, ...]
) -> None:
    assert quotas(count, num_rungs, keep) == expected


def _cost(asked: Asked) -> float:
    return sum(rung.share for names, rung in asked for _ in names for _ in range(rung.num_seeds))


@pytest.mark.parametrize("rungs", [RUNGS[:1], RUNGS, (Rung(0.1, 2), Rung(0.3, 1), Rung(0.3, 4))])
def test_it_costs_at_most_what_is_asked_for(rungs: tuple[Rung, ...]) -> None:
    asked: Asked = []
    world = _world({}, asked=asked)
    found = screened_run(_names(20), NULLS, rungs, train_and_read=world, keep=6, alpha=1)
    screening = _cost(asked)
    most = cost_at_most(20, len(NULLS), rungs, final_seeds=8, keep=6)
    assert most.screening == pytest.approx(screening, rel=1e-12)
    world((*found.survivors, *NULLS), Rung(1.0, 8))
    assert most.cost == pytest.approx(_cost(asked), rel=1e-12)
    assert most.num_trained == found.num_trained
    assert most.factor == pytest.approx(8 * (20 + 4) / _cost(asked), rel=1e-12)


def test_the_cost_of_what_was_dropped_earlier_than_planned() -> None:
    asked: Asked = []
    found = screened_run(
        _names(12), NULLS, RUNGS, train_and_read=_world({}, asked=asked), keep=6, alpha=0.01
    )
    cost = cost_of(found.num_trained, len(NULLS), RUNGS, final_seeds=8)
    assert found.num_trained == (12, 0, 3)
    assert cost.screening == pytest.approx(_cost(asked), rel=1e-12)
    assert cost.cost < cost_at_most(12, len(NULLS), RUNGS, final_seeds=8, keep=6).cost
    assert cost.unscreened == 8 * 16


def test_rungs_train_the_survivors_and_every_null() -> None:
    effects = {(name, "g_fcd"): 200.0 for name in _names(9)[::2]}
    asked: Asked = []
    found = screened_run(
        _names(9), NULLS, RUNGS, train_and_read=_world(effects, asked=asked), keep=5, alpha=0.001
    )
    assert [(*names, rung) for names, rung in asked] == [
        (*_names(9), *NULLS, RUNGS[0]),
        (*found.history.query("rung == 1 and kept")["variant"].sort_values(), *NULLS, RUNGS[1]),
    ]
    assert found.survivors == _names(9)[::2]
    history = found.history
    assert history.columns.tolist() == [
        *("rung", "share", "num_seeds", "variant", "score", "p", "kept", "reason")
    ]
    assert history.groupby("rung").size().tolist() == list(found.num_trained[:2])
    assert history.groupby("rung")["share"].unique().str[0].tolist() == [0.15, 0.4]
    sizes = found.repeats.groupby("rung").size()
    assert sizes.tolist() == [(n + 4) * 3 * len(READOUTS) for n in found.num_trained[:2]]


def test_nothing_is_trained_when_all_have_to_be_kept() -> None:
    asked: Asked = []
    found = screened_run(_names(3), NULLS, RUNGS, train_and_read=_world({}, asked=asked), keep=6)
    assert (found.survivors, found.num_trained) == (_names(3), (0, 0, 3))
    assert asked == []
    assert len(found.history) == len(found.repeats) == 0


def test_variants_that_diverge_are_dropped_and_others_ignored() -> None:
    world = _world({("feature_00", "g_fcd"): 100.0, ("stale", "g_fcd"): 500.0})

    def train_and_read(variants: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        table = world((*variants, "stale"), rung)
        table.loc[table["variant"] == "feature_02", "value"] = np.nan
        return table[table["variant"] != "feature_01"]

    found = screened_run(
        _names(5), NULLS, (SHORT,), train_and_read=train_and_read, keep=5, keep_at_least=1
    )
    history = found.history.set_index("variant")
    assert sorted(history.index) == list(_names(5))
    assert history.index[0] == "feature_00"
    lost = history.loc[["feature_01", "feature_02"]]
    assert lost["reason"].tolist() == ["dropped: nothing was read out"] * 2
    assert not lost["kept"].any()


def test_nothing_survives_when_everything_diverges() -> None:
    world = _world({})

    def train_and_read(variants: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        table = world(variants, rung)
        return table.assign(value=table["value"].where(table["is_null"]))

    found = screened_run(
        _names(5), NULLS, RUNGS, train_and_read=train_and_read, keep=4, keep_at_least=0
    )
    assert (found.survivors, found.num_trained) == ((), (5, 0, 0))
    assert found.history["kept"].tolist() == [False] * 5


@pytest.mark.parametrize("count", [3, 8])
def test_columns_have_their_types_with_and_without_rows(count: int) -> None:
    history = screened_run(_names(count), NULLS, RUNGS, train_and_read=_world({}), keep=6).history
    assert (len(history) > 0) == (count > 3)
    kinds = "".join(history[name].dtype.kind for name in history if name not in TEXT)
    assert kinds == "ififfb"


TEXT = ("variant", "reason")


def test_only_the_end_of_a_short_training_counts() -> None:
    world = _world({("feature_03", "g_fcd"): 100.0})

    def train_and_read(variants: tuple[str, ...], rung: Rung) -> pd.DataFrame:
        early = world(variants, Rung(rung.share / 2, rung.num_seeds))
        early.loc[early["variant"] == "feature_00", "value"] += 1000
        return pd.concat([early, world(variants, rung)])

    found = screened_run(
        _names(5), NULLS, (SHORT,), train_and_read=train_and_read, keep=1, keep_at_least=1
    )
    assert found.survivors == ("feature_03",)


TRUE = {
    ("feature_01", "g_fcd"): 12.0,
    ("feature_05", "g_frd"): -12.0,
    ("feature_10", "d_separation"): 12.0,
}


def _simulated(effects: dict[tuple[str, str], float], num_runs: int) -> list[set[str]]:
    return [
        set(
            screened_run(
                _names(12), NULLS, RUNGS, train_and_read=_world(effects, seed), keep=5
            ).survivors
        )
        for seed in range(num_runs)
    ]


def test_true_effects_survive() -> None:
    """12 variants, 3 of them with an effect of 12 null sd on one of 3 readouts, 4 nulls."""
    num_runs = 30
    runs = _simulated(TRUE, num_runs)
    true = {variant for variant, _ in TRUE}
    assert sum(true <= left for left in runs) >= 0.95 * num_runs
    assert max(map(len, runs)) <= 5


def test_few_survive_where_there_is_no_effect() -> None:
    """And which is left to chance: 5 of 12 at most, each as often as any other."""
    num_runs = 30
    runs = _simulated({}, num_runs)
    left = sum(map(len, runs)) / num_runs
    assert 3 <= left <= 5
    times = np.array([sum(name in run for run in runs) for name in _names(12)])
    expected = num_runs * left / 12
    spread = (expected * (1 - left / 12)) ** 0.5
    assert np.abs(times - expected).max() < 3.5 * spread


@pytest.mark.parametrize("readouts", [READOUTS[:1], READOUTS])
def test_how_many_pass_without_effect_is_as_documented(readouts: tuple[str, ...]) -> None:
    """1 - (1 - alpha)**R; 15 tables of 30, which nulls in common make unlike each other."""
    passed = [
        len(
            screened_run(
                _names(30),
                NULLS,
                (Rung(0.2, 6),),
                train_and_read=_world({}, seed, None, readouts),
                keep=30,
                alpha=0.2,
                keep_at_least=0,
            ).survivors
        )
        for seed in range(15)
    ]
    expected = 1 - 0.8 ** len(readouts)
    assert np.mean(passed) / 30 == pytest.approx(expected, abs=0.08)


@pytest.mark.parametrize(
    ("rungs", "nulls", "options", "message"),
    [
        ((), NULLS, {}, "no rungs"),
        ((Rung(0.4, 2), Rung(0.2, 2)), NULLS, {}, "shares 0.4, 0.2"),
        ((Rung(0.0, 2),), NULLS, {}, "shares 0 "),
        ((Rung(1.5, 2),), NULLS, {}, "shares 1.5"),
        ((Rung(0.2, 0),), NULLS, {}, "without seeds"),
        (RUNGS, NULLS[:1], {}, "nulls: 1"),
        (RUNGS, NULLS, {"keep": 2, "keep_at_least": 3}, "2 variants may be kept, 3 have to be"),
        (RUNGS, NULLS, {"keep": 0, "keep_at_least": 0}, "0 variants may be kept"),
    ],
)
def test_refused(
    rungs: tuple[Rung, ...], nulls: tuple[str, ...], options: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        screened_run(_names(5), nulls, rungs, train_and_read=_world({}), **({"keep": 4} | options))
    if "keep_at_least" not in options:
        with pytest.raises(InputError, match=message):
            cost_at_most(5, len(nulls), rungs, final_seeds=8, keep=4)
