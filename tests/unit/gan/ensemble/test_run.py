"""Many trainings: isolation, resuming, falling back."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ganatomy.gan.ensemble import View, run
from ganatomy.gan.ensemble.feed import Feed
from ganatomy.gan.ensemble.pack import Pack
from ganatomy.gan.ensemble.steps import Steps
from ganatomy.gan.ensemble.train_pack import train_pack
from ganatomy.gan.settings import Method, TrainingSettings
from ganatomy.gan.state import begin
from ganatomy.gan.training import train
from tests.unit.gan.ensemble.packs import Run, Weights, all_weights, architecture, equal, views
from tests.unit.gan.small import CPU, small_settings

SETTINGS = small_settings(r1=0.3, penalty_every=2, beta1=0.0, schedule="linear")
OF_DEFAULT_D = replace(
    SETTINGS, method=replace(SETTINGS.method, discriminator=Method().discriminator)
)
either_d = pytest.mark.parametrize(
    "settings", [SETTINGS, OF_DEFAULT_D], ids=["BatchNorm", "the default"]
)


def _far(one: Weights | None, two: Weights | None) -> float:
    """Largest difference of any weight."""
    assert one is not None
    assert two is not None
    return max(
        float((one[name][key] - value).abs().max())
        for name, own in two.items()
        for key, value in own.items()
    )


def test_a_loop_is_the_plain_training_to_the_bit(tmp_path: Path) -> None:
    given = views(2)
    found = Run(tmp_path, SETTINGS, "loop", 4)(given, total=3)
    for index, view in enumerate(given):
        state = begin(architecture(view, SETTINGS), SETTINGS, view.seed, device=CPU)
        train(
            state,
            view.images,
            None,
            settings=SETTINGS,
            seed=view.seed,
            on_step=lambda *_: None,
            measure_every=0,
            total=3,
        )
        weights = found[f"job-{index}"]
        assert weights is not None
        assert equal(weights, all_weights(state.gan))


@either_d
@pytest.mark.parametrize("backend", ["grouped", "bmm"])
def test_who_else_is_in_the_pack_does_not_matter(
    tmp_path: Path, backend: str, settings: TrainingSettings
) -> None:
    given = views(5)
    alone = Run(tmp_path / "1", settings, "loop", 1)(given)
    together = Run(tmp_path / "2", settings, backend, 5)(given)
    by_two = Run(tmp_path / "3", settings, backend, 2)(given[::-1])
    for index in range(5):
        name, mirrored = f"job-{index}", f"job-{4 - index}"
        assert _far(together[name], alone[name]) < 2e-3  # Adam's first steps are 1e-3 each
        assert _far(by_two[mirrored], alone[name]) < 2e-3
    assert _far(alone["job-0"], alone["job-2"]) > 2e-3  # of one seed, but other images


@either_d
def test_one_that_diverges_leaves_the_others_as_they_are_to_the_bit(
    settings: TrainingSettings,
) -> None:
    given = views(3)
    built = architecture(given[0], settings)
    results = []
    for poisoned in (False, True):
        states = [begin(built, settings, view.seed, device=CPU) for view in given]
        if poisoned:
            with torch.no_grad():
                next(states[1].gan.generator.parameters())[0] = float("nan")
        pack, feed = Pack(states, settings), Feed(given, built, settings, CPU)
        batch, z = feed.batch(0)
        steps = Steps(pack, z, batch, settings.method, "grouped")
        train_pack(pack, feed, settings, steps=steps, total=3, on_step=lambda _step: None)
        results.append([all_weights(state.gan) for state in pack.unpack()])
    clean, beside = results
    assert not all(torch.isfinite(v).all() for v in beside[1]["discriminator"].values())
    assert equal(clean[0], beside[0])
    assert equal(clean[2], beside[2])


def test_one_that_diverges_is_handed_over_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_well = run.begin

    def begin_badly(*given: object, **named: object) -> object:
        state = begin_well(*given, **named)  # type: ignore[arg-type]
        if given[2] == 1:
            with torch.no_grad():
                next(state.gan.discriminator.parameters()).fill_(float("inf"))
        return state

    monkeypatch.setattr(run, "begin", begin_badly)
    found = Run(tmp_path, SETTINGS, "grouped", 4)(views(3), total=2)
    assert [weights is None for weights in found.values()] == [False, True, False]


@either_d
@pytest.mark.parametrize(("backend", "size"), [("grouped", 2), ("loop", 1)])
@pytest.mark.parametrize("stop_at", [2, 6])
def test_broken_off_and_gone_on_is_as_if_it_had_run_through(
    tmp_path: Path, backend: str, size: int, stop_at: int, settings: TrainingSettings
) -> None:
    given = views(4)
    whole = Run(tmp_path / "whole", settings, backend, size)(given)
    broken = Run(tmp_path / "broken", settings, backend, size)
    broken.stop_at = stop_at
    with pytest.raises(KeyboardInterrupt):
        broken(given)
    done = tuple(name for name, _ in broken.trained)
    after = Run(tmp_path / "broken", settings, backend, size)
    found = {**after(given, done=done)}
    assert not set(done) & set(found)
    assert after.progress[0][0] > 0  # it did not begin anew
    found |= {name: weights for (name, _), weights in broken.trained.items()}
    for name, weights in whole.items():
        assert weights is not None
        assert equal(weights, found[name])
    assert not list((tmp_path / "broken").glob("pack-*/step-*"))


def test_a_checkpoint_that_is_due_is_written(tmp_path: Path) -> None:
    trying = Run(tmp_path, SETTINGS, "grouped", 2)
    seen = []
    trying.is_time = lambda: bool(seen.append(sorted(tmp_path.glob("pack-*/step-*"))) or True)
    trying(views(2), total=3)
    assert [len(paths) for paths in seen] == [0, 1, 1]
    assert [path.name for path in seen[2]] == ["step-000000002"]


def test_networks_at_a_share_are_those_of_that_step(tmp_path: Path) -> None:
    given = views(2)
    trying = Run(tmp_path, SETTINGS, "grouped", 2)
    trying(given, total=4, shares=(0.5,))
    assert sorted(trying.trained) == [
        (name, share) for name in ("job-0", "job-1") for share in (0.5, 1.0)
    ]
    pack_states = [begin(architecture(v, SETTINGS), SETTINGS, v.seed, device=CPU) for v in given]
    pack = Pack(pack_states, SETTINGS)
    feed = Feed(given, pack_states[0].gan.architecture, SETTINGS, CPU)
    batch, z = feed.batch(0)
    steps = Steps(pack, z, batch, SETTINGS.method, "grouped")
    seen: list[Weights] = []

    def look(step: int) -> None:
        if step == 2:
            seen.extend(all_weights(state.gan) for state in pack.unpack())

    train_pack(pack, feed, SETTINGS, steps=steps, total=4, on_step=look)
    for index in range(2):
        halfway = trying.trained[f"job-{index}", 0.5]
        assert halfway is not None
        assert equal(halfway, seen[index])


def test_what_cannot_be_stacked_is_trained_one_by_one_and_said(tmp_path: Path) -> None:
    settings = small_settings(augment=("translation",))
    given = views(2)
    trying = Run(tmp_path / "1", settings, "grouped", 2)
    found = trying(given, total=2)
    expected = Run(tmp_path / "2", settings, "loop", 2)(given, total=2)
    assert len(trying.warnings) == 1
    assert "one by one" in trying.warnings[0]
    for name, weights in expected.items():
        assert weights is not None
        assert equal(weights, found[name])


def test_a_pack_is_made_smaller_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Run(tmp_path / "1", SETTINGS, "grouped", 4)(views(4), total=2)
    monkeypatch.setattr(run, "_free_bytes", lambda _device: 2**21)
    trying = Run(tmp_path / "2", SETTINGS, "grouped", 4)
    found = trying(views(4), total=2)
    assert "packs of" in trying.warnings[0]
    assert max(_far(found[name], whole[name]) for name in whole) < 2e-3


def test_members_of_a_seed_see_the_same_places_and_latents() -> None:
    given = views(4)
    same_size = [View(view.images[:10], None, view.seed) for view in given]
    feed = Feed(same_size, architecture(given[0], SETTINGS), SETTINGS, CPU)
    for turn in (0, 3):
        batch, z = feed.batch(turn)
        assert torch.equal(z[0], z[2])
        assert torch.equal(z[1], z[3])
        assert not torch.equal(z[0], z[1])
        places = []
        for index, view in enumerate(same_size):
            shown = (batch.real_images[index] + 1).mul(127.5).round().to(torch.uint8)
            equal_to = (view.images[None] == shown[:, None]).flatten(2).all(2)
            assert equal_to.sum(1).tolist() == [1] * len(shown)
            places.append(equal_to.int().argmax(1).tolist())
        assert places[0] == places[2] != places[1] == places[3]


@pytest.mark.parametrize(("backend", "size"), [("loop", 1), ("grouped", 4), ("bmm", 4)])
def test_what_is_drawn_in_training_can_have_a_seed_of_its_own(
    tmp_path: Path, backend: str, size: int
) -> None:
    """Initial weights of one seed and draws of another, against the plain training begun so."""
    images = views(1)[0].images
    given = [View(images, None, seed, order) for seed in (0, 1) for order in (0, 1)]
    penalised = small_settings(gradient_penalty=1.0)  # its mixes are drawn too
    found = Run(tmp_path, penalised, backend, size)(given, total=3)
    for index, view in enumerate(given):
        state = begin(architecture(view, penalised), penalised, view.seed, device=CPU)
        train(
            state,
            view.images,
            None,
            settings=penalised,
            seed=view.drawing_seed,
            on_step=lambda *_: None,
            measure_every=0,
            total=3,
        )
        assert _far(found[f"job-{index}"], all_weights(state.gan)) < 2e-4
    assert _far(found["job-0"], found["job-1"]) > 1e-3
    assert _far(found["job-0"], found["job-2"]) > 1e-3


@pytest.mark.parametrize(("backend", "size"), [("loop", 1), ("grouped", 2)])
def test_equal_seeds_of_both_kinds_are_one_seed_to_the_bit(
    tmp_path: Path, backend: str, size: int
) -> None:
    plain = views(2)
    named = [View(view.images, None, view.seed, view.seed) for view in plain]
    one = Run(tmp_path / "1", SETTINGS, backend, size)(plain)
    two = Run(tmp_path / "2", SETTINGS, backend, size)(named)
    for name, weights in one.items():
        assert weights is not None
        assert equal(weights, two[name])


def test_progress_counts_the_steps_of_all_members(tmp_path: Path) -> None:
    trying = Run(tmp_path, SETTINGS, "grouped", 2)
    trying(views(3), total=2)
    assert trying.progress[-1] == (6, 6)
    done = [done for done, _ in trying.progress]
    assert done == sorted(done)


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["grouped", "bmm"])
def test_a_pack_on_a_gpu_is_one_on_the_cpu(backend: str) -> None:
    given = views(3)
    built = architecture(given[0], SETTINGS)
    results = []
    for device in (CPU, torch.device("cuda")):
        states = [begin(built, SETTINGS, view.seed, device=device) for view in given]
        pack, feed = Pack(states, SETTINGS), Feed(given, built, SETTINGS, device)
        batch, z = feed.batch(0)
        steps = Steps(pack, z, batch, SETTINGS.method, backend)
        train_pack(pack, feed, SETTINGS, steps=steps, total=2, on_step=lambda _step: None)
        results.append([all_weights(state.gan) for state in pack.unpack()])
    for on_cpu, on_gpu in zip(*results):
        moved = {n: {k: v.cpu() for k, v in own.items()} for n, own in on_gpu.items()}
        assert _far(on_cpu, moved) < 5e-3
