"""What begins first, and how much runs side by side: pure functions of graph, costs and slots."""

import itertools
import random
from pathlib import Path

import pytest

from flows import adapter, params, schedule, settings
from flows.stages import Stage
from ganatomy.errors import InputError
from tests.harness import ROOT


def _stage(name: str, *upstream: str, threads: int = 1, cost_s: int = 1) -> Stage:
    return Stage(name, upstream, (), threads, 60, 0, cost_s)


def _longest_way(name: str, stages: list[Stage], costs: dict[str, float]) -> float:
    """By trying every way to the end."""
    below = [stage.name for stage in stages if name in stage.upstream]
    ways = [_longest_way(each, stages, costs) for each in below]
    return costs[name] + max(ways, default=0.0)


def _random_graph(seed: int) -> tuple[list[Stage], dict[str, float]]:
    draw = random.Random(seed)
    stages = [
        _stage(
            f"s{index}",
            *[f"s{up}" for up in range(index) if draw.random() < 0.3],
            threads=draw.choice((1, 1, 2, 5)),
        )
        for index in range(8)
    ]
    return stages, {stage.name: float(draw.randint(1, 9)) for stage in stages}


@pytest.mark.parametrize("seed", range(10))
def test_what_remains_is_the_longest_way_to_the_end(seed: int) -> None:
    stages, costs = _random_graph(seed)
    expected = {stage.name: _longest_way(stage.name, stages, costs) for stage in stages}
    assert schedule.remaining(stages, costs) == expected


def test_what_was_measured_goes_before_what_the_file_says() -> None:
    stages = [_stage("a", cost_s=7), _stage("b", "a", cost_s=2)]
    assert schedule.remaining(stages, {}) == {"a": 9, "b": 2}
    assert schedule.remaining(stages, {"b": 10.0}) == {"a": 17, "b": 10}


def test_the_longest_way_begins_first() -> None:
    stages = [
        _stage("data"),
        _stage("short", "data"),
        _stage("train", "data", cost_s=80),
        _stage("sets", "data", cost_s=2),
        _stage("retrain", "sets", cost_s=110),
        _stage("page", "short", "train", "retrain"),
    ]
    times = schedule.simulated(stages, {}, 2)
    assert list(times) == ["data", "sets", "train", "retrain", "short", "page"]
    assert times["retrain"] == (3, 113)  # beside train, which it does not need
    assert times["short"] == (81, 82)
    assert times["page"] == (113, 114)
    assert list(schedule.simulated(stages, {"train": 500.0}, 1))[1] == "train"


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_threads_side_by_side_are_never_more_than_there_are(seed: int, slots: int) -> None:
    stages, costs = _random_graph(seed)
    times = schedule.simulated(stages, costs, slots)
    assert set(times) == {stage.name for stage in stages}
    for now in {begin for begin, _ in times.values()}:
        at_work = [s for s in stages if times[s.name][0] <= now < times[s.name][1]]
        assert sum(min(stage.threads, slots) for stage in at_work) <= slots
    for stage, name in ((s, up) for s in stages for up in s.upstream):
        assert times[name][1] <= times[stage.name][0]
    if slots == 1:
        ends = sorted(times.values())
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(ends))
        assert ends[-1][1] == sum(costs.values())


def test_each_stage_says_what_it_takes_and_no_more_threads_than_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    settings.prepare(ROOT)
    stages = adapter.graph(ROOT)
    assert {stage.threads for stage in stages} == {1}  # base.num_threads of params.yaml
    assert all(stage.cost_s >= 1 for stage in stages)
    dearest = max(stages, key=lambda stage: stage.cost_s).name
    assert dearest.partition("@")[0] in ("train", "retrain")


@pytest.mark.parametrize("enabled", [False, True])
def test_retraining_waits_for_screening_only_where_it_is_on(enabled: bool, tmp_path: Path) -> None:
    settings.prepare(ROOT)
    told = tmp_path / "params.yaml"
    document = params.defaults()
    document["screen"]["enabled"] = enabled
    told.write_text(params.dump(document))
    with params.told(told):
        stages = {stage.name: stage for stage in adapter.graph(ROOT)}
    shards = [stage for name, stage in stages.items() if name.startswith("retrain@")]
    assert len(shards) == len(document["retrain"]["shards"])
    for shard in shards:
        assert ("screen" in shard.upstream) == enabled
        assert {"variants", "autotune", "prepare"} < set(shard.upstream)
        assert "train" not in shard.upstream
    assert "train" in stages["screen"].upstream  # so those that wait for it wait for that


def test_only_what_waits_for_nothing_new_is_unchanged() -> None:
    stages = [_stage("a"), _stage("b", "a"), _stage("c", "b"), _stage("d", "a")]
    assert schedule.unchanged(stages, []) == ["a", "b", "c", "d"]
    assert schedule.unchanged(stages, ["b"]) == ["a", "d"]  # c waits for b
    assert schedule.unchanged(stages, ["a"]) == []


def test_a_schedule_goes_on_from_what_is_at_work() -> None:
    stages = [_stage("b", "done", cost_s=9), _stage("c", "b", cost_s=4), _stage("d", cost_s=5)]
    times = schedule.simulated(stages, {}, 1, at_work={"b": 2.0})
    assert times == {"b": (0, 2), "d": (2, 7), "c": (7, 11)}


def test_what_stages_took_is_kept(tmp_path: Path) -> None:
    assert schedule.measured(tmp_path) == {}
    schedule.keep_measured(tmp_path, {"train": 80.5, "lime": 3.0})
    schedule.keep_measured(tmp_path, {"lime": 4.0})
    schedule.keep_measured(tmp_path, {})
    assert schedule.measured(tmp_path) == {"train": 80.5, "lime": 4.0}
    (tmp_path / ".ganatomy" / "costs.json").write_text('{"train": "long"}')
    assert schedule.measured(tmp_path) == {}


def test_the_number_side_by_side_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule.os, "sched_getaffinity", lambda _: {0, 3, 5})
    monkeypatch.delenv("GANATOMY_SLOTS", raising=False)
    assert schedule.num_slots() == 3
    monkeypatch.setenv("GANATOMY_SLOTS", "1")
    assert schedule.num_slots() == 1
    for wrong in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("GANATOMY_SLOTS", wrong)
        with pytest.raises(InputError, match="GANATOMY_SLOTS"):
            schedule.num_slots()
